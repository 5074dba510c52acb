/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into the monitor and back to its guest, with all windows saved in between.
 *
 * The guest runs with S=0 and ET=1.  A trap writes its window's %l1 and %l2; the
 * guest leaves that window alone (kernel_entry.S), so the others are all there is to
 * keep.  The monitor itself runs with traps disabled and all windows valid, and
 * never as deep as there are windows.
 */
#include "entry.h"
#include "nested.h"

	.text
	.balign	4096
monitor_table:
	.set	vector, 0
	.rept	256
	rd	%psr, %l0
	ba	monitor_entry
	mov	vector, %l3
	nop
	.set	vector, vector + 1
	.endr

monitor_entry:
	set	guest, %l4
	st	%g1, [%l4 + GUEST_GLOBAL + 4]
	st	%g2, [%l4 + GUEST_GLOBAL + 8]
	st	%g3, [%l4 + GUEST_GLOBAL + 12]
	st	%g4, [%l4 + GUEST_GLOBAL + 16]
	st	%g5, [%l4 + GUEST_GLOBAL + 20]
	st	%g6, [%l4 + GUEST_GLOBAL + 24]
	st	%g7, [%l4 + GUEST_GLOBAL + 28]
	rd	%y, %l5
	st	%l5, [%l4 + GUEST_Y]
	st	%l0, [%l4 + GUEST_PSR]
	st	%l1, [%l4 + GUEST_PC]
	st	%l2, [%l4 + GUEST_NPC]
	st	%l3, [%l4 + GUEST_TT]
	mov	%l4, %g1
	andn	%l0, PSR_CWP, %g2
	wr	%g0, %wim
	DELAY
	add	%g1, GUEST_WINDOW, %g3
	clr	%g4
1:	wr	%g2, %g4, %psr
	DELAY
	st	%l0, [%g3 + 0]
	st	%l1, [%g3 + 4]
	st	%l2, [%g3 + 8]
	st	%l3, [%g3 + 12]
	st	%l4, [%g3 + 16]
	st	%l5, [%g3 + 20]
	st	%l6, [%g3 + 24]
	st	%l7, [%g3 + 28]
	st	%i0, [%g3 + 32]
	st	%i1, [%g3 + 36]
	st	%i2, [%g3 + 40]
	st	%i3, [%g3 + 44]
	st	%i4, [%g3 + 48]
	st	%i5, [%g3 + 52]
	st	%i6, [%g3 + 56]
	st	%i7, [%g3 + 60]
	add	%g4, 1, %g4
	cmp	%g4, NWINDOWS
	bne	1b
	add	%g3, 64, %g3
	set	monitor_stack_top - 96, %sp
	clr	%fp
	call	monitor_exit
	mov	%g1, %o0

	/* On with the guest. */
monitor_resume:
	set	guest, %g1
	ld	[%g1 + GUEST_PSR], %g2
	andn	%g2, PSR_CWP, %g5
	wr	%g0, %wim
	DELAY
	add	%g1, GUEST_WINDOW, %g3
	clr	%g4
2:	wr	%g5, %g4, %psr
	DELAY
	ld	[%g3 + 0], %l0
	ld	[%g3 + 4], %l1
	ld	[%g3 + 8], %l2
	ld	[%g3 + 12], %l3
	ld	[%g3 + 16], %l4
	ld	[%g3 + 20], %l5
	ld	[%g3 + 24], %l6
	ld	[%g3 + 28], %l7
	ld	[%g3 + 32], %i0
	ld	[%g3 + 36], %i1
	ld	[%g3 + 40], %i2
	ld	[%g3 + 44], %i3
	ld	[%g3 + 48], %i4
	ld	[%g3 + 52], %i5
	ld	[%g3 + 56], %i6
	ld	[%g3 + 60], %i7
	add	%g4, 1, %g4
	cmp	%g4, NWINDOWS
	bne	2b
	add	%g3, 64, %g3
	ld	[%g1 + GUEST_Y], %g3
	wr	%g3, %y
	ld	[%g1 + GUEST_WIM], %g3
	wr	%g3, %wim
	sub	%g2, 1, %g4
	and	%g4, NWINDOWS - 1, %g4
	wr	%g5, %g4, %psr		/* rett's window, and the guest's condition codes */
	DELAY
	mov	%g1, %l4
	ld	[%l4 + GUEST_PC], %l1
	ld	[%l4 + GUEST_NPC], %l2
	ld	[%l4 + GUEST_GLOBAL + 4], %g1
	ld	[%l4 + GUEST_GLOBAL + 8], %g2
	ld	[%l4 + GUEST_GLOBAL + 12], %g3
	ld	[%l4 + GUEST_GLOBAL + 16], %g4
	ld	[%l4 + GUEST_GLOBAL + 20], %g5
	ld	[%l4 + GUEST_GLOBAL + 24], %g6
	ld	[%l4 + GUEST_GLOBAL + 28], %g7
	jmp	%l1
	rett	%l2

	/* Leave main()'s world for a while: all its frames to memory, then either way in. */
	.macro leave_home
	save	%sp, -96, %sp
	.rept	NWINDOWS - 2
	save	%sp, -96, %sp
	.endr
	.rept	NWINDOWS - 2
	restore
	.endr
	set	home, %l0
	rd	%psr, %l1
	st	%l1, [%l0]
	rd	%wim, %l2
	st	%l2, [%l0 + 4]
	rd	%tbr, %l3
	st	%l3, [%l0 + 8]
	st	%sp, [%l0 + 12]
	st	%fp, [%l0 + 16]
	st	%i7, [%l0 + 20]
	wr	%g0, PSR_S | PSR_PIL, %psr
	DELAY
	.endm

	.global	run_at_home, run_monitored, home_return
run_at_home:
	leave_home
	ba	kernel_start
	nop

run_monitored:
	leave_home
	set	monitor_table, %g1
	wr	%g1, %tbr
	DELAY
	ba	monitor_resume
	nop

home_return:
	set	home, %g1
	ld	[%g1], %g2
	wr	%g0, %wim
	DELAY
	wr	%g2, PSR_ET, %psr	/* exclusive or: traps stay disabled */
	DELAY
	ld	[%g1 + 12], %sp
	ld	[%g1 + 16], %fp
	ld	[%g1 + 20], %i7
	ld	[%g1 + 4], %g3
	wr	%g3, %wim
	ld	[%g1 + 8], %g3
	wr	%g3, %tbr
	DELAY
	wr	%g2, %psr
	DELAY
	ret
	restore

	.section .bss
	.balign	8
home:	.skip	24
	.skip	8192
monitor_stack_top:
	.skip	8
