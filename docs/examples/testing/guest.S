/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest under test: counts the calls to its own supervisor, and says how many there were. */
// arm-none-eabi-gcc -g -nostdlib -Wl,-Ttext=0x40200000 -Wl,-e,start -o guest.elf guest.S
	.arch armv7-a
	.syntax unified
	.global start, count, call
	.equ	UART, 0x09000000
	.equ	CALLS, 3

start:	ldr	sp, =stack_top
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0		// VBAR
	ldr	r0, =ready
	bl	print
	mov	r4, #CALLS
1:	svc	#1
	subs	r4, r4, #1
	bne	1b
	ldr	r0, =calls
	bl	print
	ldr	r1, =count
	ldr	r0, [r1]
	add	r0, r0, #'0'
	ldr	r1, =UART
	str	r0, [r1]
	ldr	r0, =end
	bl	print
	mov	r0, #0x20			// SYS_EXIT_EXTENDED
	ldr	r1, =exit_block
	svc	#0x123456

print:	ldr	r1, =UART
2:	ldrb	r2, [r0], #1
	cmp	r2, #0
	strne	r2, [r1]
	bne	2b
	bx	lr

call:	push	{r0, r1}
	ldr	r1, =count
	ldr	r0, [r1]
	add	r0, r0, #1
	str	r0, [r1]
	pop	{r0, r1}
	movs	pc, lr

	.balign 32
vectors: b	.
	b	.
	b	call
	.rept	5
	b	.
	.endr

	.data
count:	.word	0
exit_block: .word 0x20026, 0
ready:	.asciz	"ready\n"
calls:	.asciz	"calls: "
end:	.asciz	"\n"
	.bss
	.balign	8
	.skip	256
stack_top:
