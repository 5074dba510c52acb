/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way in and the way out above a hypervisor, which looks after PSR, WIM and the windows:
 * %l0 PSR, %l1 pc, %l2 npc, %l3 the trap type. */
#include "entry.h"
#include <hypercall.h>

	.text
	.global para_entry, para_return
para_entry:
	btst	PSR_PS, %l0
	bne	1f
	sub	%fp, FRAME_SIZE, %sp
	sethi	%hi(kernel_stack), %l6
	ld	[%l6 + %lo(kernel_stack)], %l6
	sub	%l6, FRAME_SIZE, %sp
1:	store_frame
	call	trap
	add	%sp, FRAME, %o0

	/* %fp is not replaced by the frame's before HYPER_RETURN has read the window from it: the two
	 * differ behind a signal.  The hypervisor finds the new one in %l4. */
para_return:
	ld	[%sp + FRAME_Y], %l5
	wr	%l5, %y
	ldd	[%sp + FRAME_GLOBAL + 8], %g2
	ldd	[%sp + FRAME_GLOBAL + 16], %g4
	ldd	[%sp + FRAME_GLOBAL + 24], %g6
	ldd	[%sp + FRAME_OUT + 0], %i0
	ldd	[%sp + FRAME_OUT + 8], %i2
	ldd	[%sp + FRAME_OUT + 16], %i4
	ld	[%sp + FRAME_OUT + 28], %i7
	ld	[%sp + FRAME_OUT + 24], %l4
	ld	[%sp + FRAME_PSR], %l0
	ld	[%sp + FRAME_PC], %l1
	ld	[%sp + FRAME_NPC], %l2
	ld	[%sp + FRAME_GLOBAL + 4], %l3
	mov	HYPER_RETURN, %g1
	ta	HYPER_TRAP_SPARC
