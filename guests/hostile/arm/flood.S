/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints for ever, and does not ask whether the PL011 is ready. */
	.arm
	.global start
start:
	mov	r0, #0x09000000
	mov	r1, #'x'
1:	str	r1, [r0]
	b	1b
