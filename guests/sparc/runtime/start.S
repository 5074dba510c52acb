/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trap table, reset, register windows and the way in and out of trap().
 *
 * Follows the SPARC Architecture Manual V8: chapter 7 (traps) and appendix D
 * (windows).  One window is kept invalid in WIM.  Overflow writes the oldest
 * window to its own stack, underflow reads one back, both with traps disabled.
 */
#include "leon3.h"

	.register %g2, #scratch
	.register %g3, #scratch

#define DELAY nop; nop; nop /* a write to PSR or WIM takes up to three instructions */

	/* In the window to write or read: its locals and ins, at its own %sp. */
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

	/* Moves the invalid window one up or down; %l4 is the present WIM. */
	.macro next_wim_down
	srl	%l4, 1, %l5
	sll	%l4, NWINDOWS - 1, %l4
	or	%l4, %l5, %l4
	.endm

	.macro next_wim_up
	sll	%l4, 1, %l5
	srl	%l4, NWINDOWS - 1, %l4
	or	%l4, %l5, %l4
	and	%l4, (1 << NWINDOWS) - 1, %l4
	.endm

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
	next_wim_down
	wr	%g0, %wim
	DELAY
	save
	store_window
	restore
	wr	%l4, %wim
	DELAY
	jmp	%l1
	rett	%l2

	/* Two windows up from the trap window is the one to read back. */
window_underflow:
	rd	%wim, %l4
	next_wim_up
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
	.global trap_entry
trap_entry:
	rd	%tbr, %l7
	rd	%wim, %l4
	srl	%l4, %l0, %l5		/* shifts by the low five bits: by CWP */
	btst	1, %l5
	be	1f			/* this window may be used */
	nop
	next_wim_down
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
	/* PIL first: an interrupt may see the old PIL with the new ET. */
	or	%l0, PSR_PIL, %l5
	wr	%l5, %psr
	DELAY
	wr	%l5, PSR_ET, %psr
	DELAY
	call	trap
	add	%sp, FRAME, %o0

	ld	[%sp + FRAME_PSR], %l0
	wr	%l0, %psr		/* ET is clear in a trap's PSR */
	DELAY
	rd	%wim, %l4
	add	%l0, 1, %l5
	and	%l5, NWINDOWS - 1, %l5
	srl	%l4, %l5, %l5
	btst	1, %l5
	be	3f			/* rett's window is valid */
	nop
	next_wim_up
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
	wr	%l0, %psr		/* the condition codes again */
	DELAY
	jmp	%l1
	rett	%l2

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
