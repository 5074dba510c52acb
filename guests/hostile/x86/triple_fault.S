/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An illegal instruction with an empty interrupt descriptor table: shutdown. */
#include "header.h"
start:
	lidt	nothing
	ud2
nothing:
	.word	0
	.long	0
