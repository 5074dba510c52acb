/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual kernel that has its windows spilled to devices, to the PROM and to nothing, to a
 * page table, over the end of a page, and without alignment; and that makes devices and nothing
 * its spill area. */
#include "kernel.h"
#include "../../runtime/hypercall.h"

#define SHARED 0x40010000
#define PATTERN 0x40020000	/* of the same place in a TLB as NOTHING */
#define NOTHING 0x70020000

	.macro	hyper number, a, b
	set	\a, %o0
	set	\b, %o1
	mov	\number, %g1
	ta	HYPER_TRAP_SPARC
	mix	%o0
	.endm

	/* Two windows whose %sp is \where, put into memory, and back. */
	.macro	spill where
	set	PATTERN, %l6
	st	%l6, [%l6 + 0x100]
	ld	[%l6 + 0x100], %l0
	mov	%sp, %g3
	set	\where, %sp
	save	%sp, 0, %sp
	save	%sp, 0, %sp
	hyper	HYPER_WINDOWS, 0, 0
	restore
	restore
	mov	%g3, %sp
	mix	%l6
	set	PATTERN, %l6
	ld	[%l6 + 0x100], %l0
	mix	%l0
	.endm

main:
	hyper	HYPER_QUERY, 0, 0
	hyper	HYPER_SHARED, SHARED, 0
	hyper	HYPER_TRAPS, 0x40000002, 0
	hyper	HYPER_TRAPS, entry, 0
	spill	0x40100000
	spill	0x40100fd0		/* over the end of a page */
	spill	0x40100004
	spill	0x40100001
	spill	NOTHING + 0x100
	spill	0x80000300		/* GPTIMER */
	spill	0x80000500		/* no device on the bus's page */
	spill	0x00000100		/* the PROM */
	set	0x80000300, %l6
	ld	[%l6], %l0
	mix	%l0
	hyper	HYPER_SPACE, 0, 3
	hyper	HYPER_FLUSH, NOTHING, 3
	hyper	HYPER_FLUSH_SPACE, 0, 3
	hyper	HYPER_RELEASE, 0, 3
	hyper	HYPER_UPDATE, NOTHING, 2
	hyper	HYPER_UPDATE, 0x80000300, 1
	hyper	HYPER_UPDATE, 0x40020100, 5000
	hyper	HYPER_UPDATE, 0x40020100, 1	/* of what is there: its own first word */
	hyper	HYPER_FPU, 1, 0
	hyper	HYPER_OPENED, 0, 0
	hyper	99, 0, 0
	/* To user mode, whose windows go to an area that is a device, or nowhere, and traps there. */
	set	SHARED, %l6
	set	0x80000200, %l0
	st	%l0, [%l6 + HYPER_SPILL]
	set	user, %l1
	add	%l1, 4, %l2
	mov	PSR_S, %l0
	clr	%l3
	set	NOTHING, %l4
	set	0x40100000, %fp
	mov	HYPER_RETURN, %g1
	ta	HYPER_TRAP_SPARC

user:
	.rept	9
	save	%sp, -96, %sp
	.endr
	.rept	9
	restore
	.endr
	ta	2

	/* %l0 PSR, %l1 pc, %l2 npc, %l3 the trap type: on behind it, with another spill area each time;
	 * the fifth ends. */
entry:
	mix	%l0
	mix	%l1
	mix	%l3
	set	0x40100000, %sp
	set	SHARED, %l6
	ld	[%l6 + HYPER_FAULT_ADDRESS], %l5
	mix	%l5
	ld	[%l6 + HYPER_SPILL], %l4
	mix	%l4
	set	NOTHING, %l5
	cmp	%l4, %l5
	be	2f
	cmp	%l3, 0x82
	be	2f
	set	0x40030000, %l7
	cmp	%l4, %l7
	be,a	1f
	st	%l5, [%l6 + HYPER_SPILL]
	st	%l7, [%l6 + HYPER_SPILL]
	set	0x40031000, %l5
	st	%l5, [%l7 + 8]
1:	mov	%l2, %l1
	add	%l2, 4, %l2
	clr	%l3
	set	0x40100000, %l4
	mov	HYPER_RETURN, %g1
	ta	HYPER_TRAP_SPARC
2:	finish
