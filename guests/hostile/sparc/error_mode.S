/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An illegal instruction with traps disabled: error mode. */
	.global start
start:
	wr	%g0, 0xc0, %psr
	nop
	nop
	nop
	unimp	0
