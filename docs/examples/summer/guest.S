@ SPDX-License-Identifier: GPL-2.0-or-later
@ Has the numbers 1 to 10 added up, waits for the interrupt, prints and returns the sum.
@ arm-none-eabi-gcc -mcpu=cortex-a7 -fno-pic -nostdlib -static -Wl,-N,--no-warn-rwx-segments,--build-id=none,-Ttext=0x20000000,-e,start -o guest.elf guest.S
	.syntax	unified
	.equ	UART, 0x10000000
	.equ	DISTRIBUTOR, 0x10010000
	.equ	INTERFACE, 0x10020000
	.equ	SUMMER, 0x10030000
	.equ	INTERRUPT, 32 + 8

	.global	start
start:
	ldr	r4, =UART
	ldr	r5, =DISTRIBUTOR
	ldr	r6, =INTERFACE
	ldr	r7, =SUMMER
	mov	r0, #1
	str	r0, [r5]			@ distributor and interface on
	str	r0, [r6]
	mov	r0, #0xff
	str	r0, [r6, #4]			@ every priority
	mov	r0, #1 << (INTERRUPT - 32)
	str	r0, [r5, #0x104]		@ our interrupt enabled
	mov	r0, #1
	strb	r0, [r5, #0x800 + INTERRUPT]	@ and for this processor
	ldr	r0, =numbers
	str	r0, [r7]
	mov	r0, #10
	str	r0, [r7, #4]
wait:	wfi					@ IRQ stays masked: it only wakes
	ldr	r0, [r6, #12]			@ acknowledge
	cmp	r0, #INTERRUPT
	bne	wait
	ldr	r8, [r7, #8]			@ the sum; lowers the line
	str	r0, [r6, #16]			@ end of interrupt
	ldr	r0, =text
1:	ldrb	r1, [r0], #1
	cmp	r1, #0
	strne	r1, [r4]
	bne	1b
	str	r8, [r7, #16]
2:	b	2b

text:	.asciz	"the sum has come\n"
	.balign	4
numbers:
	.word	1, 2, 3, 4, 5, 6, 7, 8, 9, 10
