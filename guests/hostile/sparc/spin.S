/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops for ever with every interrupt masked. */
	.global start
start:
	wr	%g0, 0xfc0, %psr
	nop
	nop
	nop
1:	ba	1b
	 nop
