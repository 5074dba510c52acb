/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trap table, reset, register windows, the way in and the way out.
 *
 * After SPARC V8, chapter 7 and appendix D.  One window is invalid in WIM.  A trap enters the window
 * below the present one, T here; if that is the invalid one the oldest is spilled to make room.
 * Where windows move, traps are disabled and no fault can be taken: see struct windows in arch.h.
 */
#include "entry.h"
#include <hypercall.h>

#define AREA_LOW 0
#define AREA_ROOM 4
#define AREA_NEXT 8
#define AREA_WINDOW 72
#define AREA_SP 64

	/* Goes to `yes` if a user's window may be stored to or loaded from `sp`, else falls through
	 * with the area in %g1.  %g2 and the condition codes are lost. */
	.macro reachable sp, yes
	sethi	%hi(spill_area), %g1
	ld	[%g1 + %lo(spill_area)], %g1
	ld	[%g1 + AREA_LOW], %g2
	sub	\sp, %g2, %g2
	ld	[%g1 + AREA_ROOM], %g1
	cmp	%g2, %g1
	bgu	.Lno\@
	andcc	\sp, 7, %g0
	be	\yes
	nop
.Lno\@:	sethi	%hi(spill_area), %g1
	ld	[%g1 + %lo(spill_area)], %g1
	.endm

	/* The oldest window goes to memory.  %l4 is WIM; %l7 says whether it went to the area.
	 *
	 * Whose it is no address tells, for a user's %sp is what the user likes.  In user mode all
	 * are the user's.  In the kernel the user's go first, the last of them that of user_window. */
	.macro spill
	wim_down
	mov	%g1, %l5
	mov	%g2, %l6
	btst	PSR_PS, %l0
	be	.Luser\@
	sethi	%hi(user_window), %l7
	ld	[%l7 + %lo(user_window)], %g1
	tst	%g1
	be	.Lmove\@		/* the kernel's */
	cmp	%g1, %l4
	bne	.Luser\@
	nop
	st	%g0, [%l7 + %lo(user_window)]
.Luser\@:
	mov	1, %g1
.Lmove\@:
	wr	%g0, %wim
	DELAY
	save
	tst	%g1
	be	.Lstack\@
	nop
	reachable %sp, .Lstack\@
	ld	[%g1 + AREA_NEXT], %g2
	store_window %g2
	st	%sp, [%g2 + AREA_SP]
	add	%g2, AREA_WINDOW, %g2
	st	%g2, [%g1 + AREA_NEXT]
	ba	.Lspilled\@
	mov	1, %g1
.Lstack\@:
	store_window %sp
	mov	0, %g1
.Lspilled\@:
	restore
	mov	%g1, %l7
	mov	%l5, %g1
	mov	%l6, %g2
	wr	%l4, %wim
	DELAY
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
#ifdef PARA
	.elseif	vector == 0x80 + HYPER_TRAP_SPARC
	ba	no_hypervisor
#endif
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

	set	boot_stack - 96, %sp
	clr	%fp
	rd	%psr, %g1
	wr	%g1, PSR_ET, %psr	/* wr takes the exclusive or: ET was 0 */
	DELAY
	call	main
	nop

#ifdef PARA
no_hypervisor:
	clr	%i0			/* the caller's %o0 */
	jmp	%l2
	rett	%l2 + 4
#endif

window_overflow:
	rd	%wim, %l4
	spill
	btst	PSR_PS, %l0
	bne	1f
	tst	%l7
	bne	trap_entry		/* the kernel sees to the user's stack */
	nop
1:	go_back

	/* The window to fill is two up from T; its %sp is %fp in the one between. */
window_underflow:
	rd	%wim, %l4
	wim_up
	mov	%g1, %l5
	mov	%g2, %l6
	btst	PSR_PS, %l0
	wr	%g0, %wim
	DELAY
	restore
	bne	2f			/* the kernel's */
	nop
	reachable %fp, 2f
	sethi	%hi(window_address), %g1
	st	%fp, [%g1 + %lo(window_address)]
	save
	mov	%l5, %g1
	mov	%l6, %g2
	wim_down
	wr	%l4, %wim
	DELAY
	ba	trap_entry
	nop
2:	restore
	load_window
	save
	save
	mov	%l5, %g1
	mov	%l6, %g2
	wr	%l4, %wim
	wr	%l0, %psr
	DELAY
	jmp	%l1
	rett	%l2

	/* %l0 PSR, %l1 pc, %l2 npc, %l3 the trap type. */
trap_entry:
	rd	%wim, %l4
	srl	%l4, %l0, %l5		/* shifts by the low five bits: by CWP */
	btst	1, %l5
	be	1f			/* T may be used */
	nop
	spill
1:	btst	PSR_PS, %l0
	bne	2f
	sub	%fp, FRAME_SIZE, %sp
	add	%l0, 1, %l5
	and	%l5, NWINDOWS - 1, %l5
	mov	1, %l6
	sll	%l6, %l5, %l6
	sethi	%hi(user_window), %l5
	st	%l6, [%l5 + %lo(user_window)]
	sethi	%hi(kernel_stack), %l6
	ld	[%l6 + %lo(kernel_stack)], %l6
	sub	%l6, FRAME_SIZE, %sp
2:	store_frame
	handle	trap

	/* %sp is the trap's window on the kernel stack, in any window of the processor. */
	.global	trap_return
trap_return:
	rd	%psr, %l5
	and	%l5, PSR_CWP, %l5
	ld	[%sp + FRAME_PSR], %l0
	andn	%l0, PSR_CWP, %l0
	or	%l0, %l5, %l0
	wr	%l0, %psr		/* ET is clear in a trap's PSR */
	DELAY
	fill_for_rett
	load_frame
	go_back

	.section .bss
	.balign	8
	.global spill_area, window_address, kernel_stack
spill_area:
	.skip	4
user_window:				/* as in WIM; 0: no window is a user's */
	.skip	4
window_address:
	.skip	4
kernel_stack:
	.skip	4
	.skip	8192
boot_stack:
