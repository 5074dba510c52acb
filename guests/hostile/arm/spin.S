/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops for ever with every interrupt masked. */
	.arm
	.global start
start:
	cpsid	aif
1:	b	1b
