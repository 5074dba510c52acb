/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints for ever, and does not ask whether the APBUART is ready. */
	.global start
start:
	set	0x80000100, %g1
	mov	2, %g2
	st	%g2, [%g1 + 8]
	mov	'x', %g2
1:	ba	1b
	 st	%g2, [%g1]
