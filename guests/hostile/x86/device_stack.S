/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps in ring 0 with its stack where nothing answers.  The handler's IRET finds all ones:
 * a return to virtual-8086 mode, from where the next trap finds no TSS: a triple fault.
 * Should a third handler be reached, it ends the machine with status 2 * 9 + 1. */
#include "header.h"
start:
	cli
	lgdt	gdt_register
	ljmp	$0x08, $1f
1:	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movl	$handler, %eax
	movl	$idt, %edi
	movl	$32, %ecx
2:	movw	%ax, (%edi)
	movw	$0x08, 2(%edi)
	movw	$0x8e00, 4(%edi)
	movl	%eax, %edx
	shrl	$16, %edx
	movw	%dx, 6(%edi)
	addl	$8, %edi
	loop	2b
	lidt	idt_register
	xorl	%ebx, %ebx
	movl	$0x70000800, %esp
	pushf
	popl	%eax
	sgdt	(%esp)
	lret				/* to FFFF:FFFFFFFF: #GP */
handler:
	incl	%ebx
	cmpl	$3, %ebx
	jb	3f
	movb	$9, %al
	movw	$0xf4, %dx
	outb	%al, %dx
3:	pushf
	iret

	.balign	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_register:
	.word	23
	.long	gdt
idt_register:
	.word	255
	.long	idt
	.balign	8
idt:	.skip	256
