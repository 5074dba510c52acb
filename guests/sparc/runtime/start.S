/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trap table, reset, register windows and the way in and out of trap().
 *
 * Follows the SPARC Architecture Manual V8: chapter 7 (traps) and appendix D
 * (windows).  One window is kept invalid in WIM.  Overflow writes the oldest
 * window to its own stack, underflow reads one back, both with traps disabled.
 */
#include "entry.h"

	.section .text.start, "ax"
	.global _start, trap_table
	.balign 4096
_start:
trap_table:
	ba	reset
	nop
	nop
	nop
	.set	vector, 1
	.rept	255
	rd	%psr, %l0
	.if	vector == 5
	ba	window_overflow
	.elseif	vector == 6
	ba	window_underflow
	.else
	ba	trap_entry
	.endif
	mov	vector, %l3
	nop
	.set	vector, vector + 1
	.endr

reset:
	/* Nothing is taken over from whatever ran before. */
	wr	%g0, PSR_S | PSR_PS | PSR_PIL, %psr
	DELAY
	wr	%g0, 2, %wim
	set	trap_table, %g1
	wr	%g1, %tbr
	wr	%g0, %y
	DELAY
	sta	%g0, [%g0] ASI_MMU
	set	0x0081000f, %g1		/* flush and enable both caches, snoop */
	sta	%g1, [%g0] ASI_CACHE

	set	IRQMP, %g1
	st	%g0, [%g1 + IRQMP_MASK]
	st	%g0, [%g1 + IRQMP_LEVEL]
	set	GPTIMER, %g2
	st	%g0, [%g2 + GPTIMER_TIMER(1) + TIMER_CONTROL]
	st	%g0, [%g2 + GPTIMER_TIMER(2) + TIMER_CONTROL]
	set	0xfffe0000, %g2
	st	%g2, [%g1 + IRQMP_PFORCE]
	set	0x0000fffe, %g2
	st	%g2, [%g1 + IRQMP_CLEAR]

	set	APBUART, %g1
	mov	129, %g2		/* 38400 baud from 40 MHz */
	st	%g2, [%g1 + UART_SCALER]
	mov	UART_CONTROL_TE | UART_CONTROL_RE, %g2
	st	%g2, [%g1 + UART_CONTROL]

	set	__bss_start, %g1
	set	__bss_end, %g2
1:	st	%g0, [%g1]
	add	%g1, 4, %g1
	cmp	%g1, %g2
	blu	1b
	nop

	set	stack_top - 96, %sp
	clr	%fp
	rd	%psr, %g1
	set	PSR_EF, %g2
	or	%g1, %g2, %g1
	wr	%g1, %psr
	DELAY
	set	zero, %g2
	ld	[%g2], %fsr
	wr	%g1, PSR_ET, %psr	/* wr takes the exclusive or: ET was 0 */
	DELAY
	call	main
	nop
	call	exit_guest
	nop

zero:	.word	0

	/* Trap window = the invalid one; the oldest valid window is next. */
	.global window_overflow, window_underflow
window_overflow:
	rd	%wim, %l4
	wim_down mask=0
	wr	%g0, %wim
	DELAY
	save
	store_window
	restore
	wr	%l4, %wim
	DELAY
	jmp	%l1
	rett	%l2

window_underflow:
	underflow

	/* %l0 PSR, %l1 pc, %l2 npc, %l3 the vector. */
	.global trap_entry
trap_entry:
	rd	%tbr, %l7
	rd	%wim, %l4
	srl	%l4, %l0, %l5		/* shifts by the low five bits: by CWP */
	btst	1, %l5
	be	1f			/* this window may be used */
	nop
	wim_down mask=0
	wr	%g0, %wim
	DELAY
	save
	store_window
	restore
	wr	%l4, %wim
	DELAY
1:	btst	PSR_PS, %l0
	bne	2f
	sub	%fp, FRAME_SIZE, %sp
	sethi	%hi(supervisor_stack), %l6
	ld	[%l6 + %lo(supervisor_stack)], %l6
	sub	%l6, FRAME_SIZE, %sp
2:	st	%g0, [%sp + FRAME_GLOBAL + 0]
	store_frame
	st	%l7, [%sp + FRAME_TBR]
	handle	trap
	ld	[%sp + FRAME_PSR], %l0
	wr	%l0, %psr		/* ET is clear in a trap's PSR */
	DELAY
	fill_for_rett
	load_frame
	go_back

	/* u32 user_call(u32 (*function)(u32), u32 argument) */
	.global user_call
user_call:
	save	%sp, -96, %sp
	sethi	%hi(supervisor_stack), %l0
	ld	[%l0 + %lo(supervisor_stack)], %l2
	st	%sp, [%l0 + %lo(supervisor_stack)]
	mov	%sp, %l1
	set	user_stack_top - 96, %sp
	mov	%i1, %o0
	rd	%psr, %l3
	wr	%l3, PSR_S, %psr	/* exclusive or: S was 1 */
	DELAY
	call	%i0
	nop
	ta	SOFTWARE_LEAVE_USER
	nop
	mov	%l1, %sp
	st	%l2, [%l0 + %lo(supervisor_stack)]
	ret
	restore	%g0, %o0, %o0

	.section .bss
	.balign	8
	.global supervisor_stack
supervisor_stack:
	.skip	8
