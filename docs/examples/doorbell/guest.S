# SPDX-License-Identifier: GPL-2.0-or-later
# Halts until the bell has rung three times, and prints a line each time.
# i686-linux-gnu-gcc -m32 -fno-pic -nostdlib -static -Wl,-N,--no-warn-rwx-segments,--build-id=none,-Ttext=0x100000,-e,start -o guest.elf guest.S
	.equ	BELL, 0x280
	.equ	COM, 0x3f8

	.global	start
start:	# flat protected mode, interrupts off; descriptor tables are ours to make
	mov	$stack, %esp
	lgdt	gdt_register
	mov	$handler, %eax
	mov	%ax, gate
	shr	$16, %eax
	mov	%ax, gate + 6
	lidt	idt_register
	mov	$0x11, %al		# 8259: vectors from 0x20, only the bell unmasked
	out	%al, $0x20
	mov	$0x20, %al
	out	%al, $0x21
	mov	$0x04, %al
	out	%al, $0x21
	mov	$0x01, %al
	out	%al, $0x21
	mov	$0xdf, %al
	out	%al, $0x21
	mov	$3, %ecx
wait:	sti
	hlt
	cli
	test	%ebx, %ebx
	jz	wait
	dec	%ebx
	mov	$text, %esi
	mov	$COM, %edx
1:	lodsb
	out	%al, %dx
	cmp	$'\n', %al
	jne	1b
	loop	wait
	mov	$0, %al			# status (0 << 1) | 1
	out	%al, $0xf4
2:	jmp	2b

handler:
	push	%eax
	push	%edx
	inc	%ebx
	mov	$BELL, %edx
	out	%al, %dx
	mov	$0x20, %al		# end of interrupt
	out	%al, $0x20
	pop	%edx
	pop	%eax
	iret

text:	.ascii	"the bell has rung\n"
	.balign	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_register:
	.word	. - gdt - 1
	.long	gdt
	.balign	8
idt:	.skip	0x25 * 8
gate:	.word	0, 8, 0x8e00, 0
idt_register:
	.word	idt_register - idt - 1
	.long	idt
	.data
	.skip	4096
stack:
