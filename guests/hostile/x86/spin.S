/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops for ever with interrupts masked. */
#include "header.h"
start:
	cli
1:	jmp	1b
