/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What trap handlers of all SPARC guests are made of, for assembly (SPARC V8, chapter 7 and appendix D).
 *
 * A trap's window has PSR in %l0, pc in %l1, npc in %l2 and the vector in %l3; %l4 to %l7 are a
 * handler's own.  One window is invalid in WIM, or two.  Traps are disabled where windows move.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "leon3.h"

#define DELAY nop; nop; nop /* a write to PSR or WIM takes up to three instructions */

	.register %g2, #scratch
	.register %g3, #scratch

	/* In the window to write or read: its locals and ins, at its %sp or another base. */
	.macro store_window base=%sp
	std	%l0, [\base + 0]
	std	%l2, [\base + 8]
	std	%l4, [\base + 16]
	std	%l6, [\base + 24]
	std	%i0, [\base + 32]
	std	%i2, [\base + 40]
	std	%i4, [\base + 48]
	std	%i6, [\base + 56]
	.endm

	.macro load_window
	ldd	[%sp + 0], %l0
	ldd	[%sp + 8], %l2
	ldd	[%sp + 16], %l4
	ldd	[%sp + 24], %l6
	ldd	[%sp + 32], %i0
	ldd	[%sp + 40], %i2
	ldd	[%sp + 48], %i4
	ldd	[%sp + 56], %i6
	.endm

	/* %l4 is WIM: what is invalid moves one down or up; %l5 is lost.  Who only writes it to WIM,
	 * which has no more bits, needs no mask. */
	.macro wim_down mask=1
	srl	%l4, 1, %l5
	sll	%l4, NWINDOWS - 1, %l4
	or	%l4, %l5, %l4
	.if \mask
	and	%l4, (1 << NWINDOWS) - 1, %l4
	.endif
	.endm

	.macro wim_up
	sll	%l4, 1, %l5
	srl	%l4, NWINDOWS - 1, %l4
	or	%l4, %l5, %l4
	and	%l4, (1 << NWINDOWS) - 1, %l4
	.endm

	/* Back to where the trap came from, with the condition codes of %l0. */
	.macro go_back
	wr	%l0, %psr
	DELAY
	jmp	%l1
	rett	%l2
	.endm

	/* RESTORE has met an invalid window: it is two up from the trap's. */
	.macro underflow
	rd	%wim, %l4
	wim_up
	wr	%g0, %wim
	DELAY
	restore
	restore
	load_window
	save
	save
	wr	%l4, %wim
	DELAY
	jmp	%l1
	rett	%l2
	.endm

	/* The window that RETT goes to, one up, is filled if it is invalid. */
	.macro fill_for_rett
	rd	%wim, %l4
	add	%l0, 1, %l5
	and	%l5, NWINDOWS - 1, %l5
	srl	%l4, %l5, %l5
	btst	1, %l5
	be	.Lvalid\@
	nop
	wim_up
	wr	%g0, %wim
	DELAY
	restore
	load_window
	save
	wr	%l4, %wim
	DELAY
.Lvalid\@:
	.endm

	/* The interrupted registers to the frame above %sp, less %g0 and what leon3.h has behind
	 * FRAME_VECTOR; %l5 is lost. */
	.macro store_frame
	st	%g1, [%sp + FRAME_GLOBAL + 4]
	std	%g2, [%sp + FRAME_GLOBAL + 8]
	std	%g4, [%sp + FRAME_GLOBAL + 16]
	std	%g6, [%sp + FRAME_GLOBAL + 24]
	std	%i0, [%sp + FRAME_OUT + 0]
	std	%i2, [%sp + FRAME_OUT + 8]
	std	%i4, [%sp + FRAME_OUT + 16]
	std	%i6, [%sp + FRAME_OUT + 24]
	rd	%y, %l5
	st	%l0, [%sp + FRAME_PSR]
	st	%l1, [%sp + FRAME_PC]
	st	%l2, [%sp + FRAME_NPC]
	st	%l5, [%sp + FRAME_Y]
	st	%l3, [%sp + FRAME_VECTOR]
	.endm

	/* And back, but for PSR. */
	.macro load_frame
	ld	[%sp + FRAME_Y], %l5
	wr	%l5, %y
	ld	[%sp + FRAME_GLOBAL + 4], %g1
	ldd	[%sp + FRAME_GLOBAL + 8], %g2
	ldd	[%sp + FRAME_GLOBAL + 16], %g4
	ldd	[%sp + FRAME_GLOBAL + 24], %g6
	ldd	[%sp + FRAME_OUT + 0], %i0
	ldd	[%sp + FRAME_OUT + 8], %i2
	ldd	[%sp + FRAME_OUT + 16], %i4
	ldd	[%sp + FRAME_OUT + 24], %i6
	ld	[%sp + FRAME_PC], %l1
	ld	[%sp + FRAME_NPC], %l2
	.endm

	/* handler(the frame) with traps enabled.  PIL first: an interrupt may see the old PIL with the
	 * new ET. */
	.macro handle handler
	or	%l0, PSR_PIL, %l5
	wr	%l5, %psr
	DELAY
	wr	%l5, PSR_ET, %psr
	DELAY
	call	\handler
	add	%sp, FRAME, %o0
	.endm

#endif
