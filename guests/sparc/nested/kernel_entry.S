/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inner kernel's beginning, trap table and register windows.
 *
 * A trap writes to the window below the current one, also one that a monitor
 * takes for the kernel.  So this kernel keeps two windows invalid, and what lies
 * below its trap handlers is never in use.  On the bare machine that costs it a
 * window and changes nothing else.
 */
#include "entry.h"
#include "nested.h"

#define TWO_INVALID 6 /* windows 1 and 2, with the first frame in window 0 */

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
	underflow

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
	store_frame
	st	%l7, [%sp + FRAME_TBR]
	handle	kernel_trap
	ld	[%sp + FRAME_PSR], %l0
	wr	%l0, %psr
	DELAY
	fill_for_rett
	load_frame
	go_back

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
