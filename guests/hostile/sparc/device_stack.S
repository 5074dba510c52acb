/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points its stack at devices, at the PROM and at nothing: window traps spill there. */
#include "kernel.h"

	.macro	spill where
	set	\where, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	restore
	restore
	restore
	restore
	restore
	restore
	restore
	mix	%sp
	.endm

main:
	spill	0x80000300		/* GPTIMER */
	set	0x80000300, %l6
	ld	[%l6], %l0
	mix	%l0
	spill	0x80000240		/* IRQMP: masks */
	set	0x80000200, %l6
	ld	[%l6 + 0x40], %l0
	mix	%l0
	spill	0x80000500		/* no device on the bus's page */
	spill	0x40100000
	spill	0x40100004		/* not aligned: a trap in the handler, with traps disabled */
	finish
