/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inner kernel's beginning, trap table and register windows.
 *
 * A trap writes to the window below the current one, also one that a monitor
 * takes for the kernel.  So this kernel keeps two windows invalid, and what lies
 * below its trap handlers is never in use.  On the bare machine that costs it a
 * window and changes nothing else.
 */
#include "nested.h"

	.register %g2, #scratch
	.register %g3, #scratch

#define DELAY nop; nop; nop
#define TWO_INVALID 6 /* windows 1 and 2, with the first frame in window 0 */

	.macro store_window
	std	%l0, [%sp + 0]
	std	%l2, [%sp + 8]
	std	%l4, [%sp + 16]
	std	%l6, [%sp + 24]
	std	%i0, [%sp + 32]
	std	%i2, [%sp + 40]
	std	%i4, [%sp + 48]
	std	%i6, [%sp + 56]
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

	/* The pair of invalid windows one down or up; %l4 is WIM. */
	.macro wim_down
	srl	%l4, 1, %l5
	sll	%l4, NWINDOWS - 1, %l4
	or	%l4, %l5, %l4
	and	%l4, (1 << NWINDOWS) - 1, %l4
	.endm

	.macro wim_up
	sll	%l4, 1, %l5
	srl	%l4, NWINDOWS - 1, %l4
	or	%l4, %l5, %l4
	and	%l4, (1 << NWINDOWS) - 1, %l4
	.endm

	/* In an invalid window: the oldest frame is behind both of them. */
	.macro spill
	rd	%wim, %l4
	wim_down
	wr	%g0, %wim
	DELAY
	save
	save
	store_window
	restore
	restore
	wr	%l4, %wim
	DELAY
	.endm

	.text
	.balign	4096
kernel_table:
	.set	vector, 0
	.rept	256
	rd	%psr, %l0
	.if	vector == 5
	ba	kernel_overflow
	.elseif	vector == 6
	ba	kernel_underflow
	.elseif	vector == TT_KERNEL_ENDS
	ba	home_return
	.else
	ba	kernel_entry
	.endif
	mov	vector, %l3
	nop
	.set	vector, vector + 1
	.endr

	.global	kernel_start
kernel_start:
	wr	%g0, PSR_S | PSR_PIL, %psr
	DELAY
	wr	%g0, TWO_INVALID, %wim
	set	kernel_table, %g1
	wr	%g1, %tbr
	DELAY
	set	kernel_stack_top - 96, %sp
	clr	%fp
	wr	%g0, PSR_S | PSR_EF | PSR_ET, %psr
	DELAY
	call	kernel_main
	nop
	ta	KERNEL_ENDS
	nop

kernel_overflow:
	spill
	jmp	%l1
	rett	%l2

kernel_underflow:
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

	/* %l0 PSR, %l1 pc, %l2 npc, %l3 the vector. */
kernel_entry:
	rd	%tbr, %l7
	rd	%wim, %l4
	srl	%l4, %l0, %l5
	btst	1, %l5
	be	1f
	nop
	spill
1:	btst	PSR_PS, %l0
	bne	2f
	sub	%fp, FRAME_SIZE, %sp
	sethi	%hi(kernel_stack), %l6
	ld	[%l6 + %lo(kernel_stack)], %l6
	sub	%l6, FRAME_SIZE, %sp
2:	st	%g0, [%sp + FRAME_GLOBAL + 0]
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
	st	%l7, [%sp + FRAME_TBR]
	or	%l0, PSR_PIL, %l5
	wr	%l5, %psr
	DELAY
	wr	%l5, PSR_ET, %psr
	DELAY
	call	kernel_trap
	add	%sp, FRAME, %o0

	ld	[%sp + FRAME_PSR], %l0
	wr	%l0, %psr
	DELAY
	rd	%wim, %l4
	add	%l0, 1, %l5
	and	%l5, NWINDOWS - 1, %l5
	srl	%l4, %l5, %l5
	btst	1, %l5
	be	3f			/* rett's window is valid */
	nop
	wim_up
	wr	%g0, %wim
	DELAY
	restore
	load_window
	save
	wr	%l4, %wim
	DELAY
3:	ld	[%sp + FRAME_Y], %l5
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
	wr	%l0, %psr
	DELAY
	jmp	%l1
	rett	%l2

	/* u32 kernel_user_call(u32 (*function)(u32), u32 argument) */
	.global kernel_user_call
kernel_user_call:
	save	%sp, -96, %sp
	sethi	%hi(kernel_stack), %l0
	ld	[%l0 + %lo(kernel_stack)], %l2
	st	%sp, [%l0 + %lo(kernel_stack)]
	mov	%sp, %l1
	set	process_stack_top - 96, %sp
	mov	%i1, %o0
	rd	%psr, %l3
	wr	%l3, PSR_S, %psr	/* exclusive or: S was 1 */
	DELAY
	call	%i0
	nop
	ta	SOFTWARE_LEAVE_USER
	nop
	mov	%l1, %sp
	st	%l2, [%l0 + %lo(kernel_stack)]
	ret
	restore	%g0, %o0, %o0

	.section .bss
	.balign	8
kernel_stack:
	.skip	8
	.skip	8192
	.global kernel_stack_top
kernel_stack_top:
	.skip	8192
process_stack_top:
	.skip	8
