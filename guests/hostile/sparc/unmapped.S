/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads from an address that nothing answers, with traps disabled: error mode. */
	.global start
start:
	set	0x70000000, %g1
	ld	[%g1], %g2
	ta	0
