/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumps to an address that nothing answers, with traps disabled: error mode. */
	.global start
start:
	set	0x70000000, %g1
	jmp	%g1
	 nop
