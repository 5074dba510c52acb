/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumps to an address that nothing answers: all ones, an illegal instruction, and no gates. */
#include "header.h"
start:
	lidt	nothing
	movl	$0x70000000, %eax
	jmp	*%eax
nothing:
	.word	0
	.long	0
