/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Multiboot 1 header (Multiboot Specification 0.6.96, section 3.1). */
	.code32
	.section .text
	.balign	4
	.long	0x1badb002, 0, -0x1badb002
	.global start
