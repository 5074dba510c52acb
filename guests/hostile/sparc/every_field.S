/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads every privileged register in every bit, in both modes, and looks for
 * the real processor's mode behind the virtual one. */
#include "kernel.h"
#define IRQMP 0x80000200

main:
	/* PSR: every bit that can be written, with traps disabled; CWP goes round. */
	wr	%g0, BASE & ~PSR_ET, %psr
	DELAY
	set	0xffffffd8, %l6		/* not ET, CWP 0 */
	mov	32, %l7
1:	and	%l6, 0x18, %l0
	andn	%l6, 0x18, %l0
	or	%l0, PSR_S, %l0
	wr	%l0, %psr
	DELAY
	rd	%psr, %g2
	mix	%g2
	wr	%g0, BASE & ~PSR_ET, %psr
	DELAY
	sll	%l6, 1, %l6
	subcc	%l7, 1, %l7
	bne	1b
	nop
	wr	%g0, BASE, %psr
	DELAY
	set	BASE | 0x1f, %l0	/* no such window */
	wr	%l0, %psr
	DELAY

	/* WIM and TBR. */
	wr	%g0, BASE & ~PSR_ET, %psr
	DELAY
	rd	%wim, %l6
	rd	%tbr, %l7
	mov	-1, %l0
2:	wr	%l0, %wim
	wr	%l0, 0x555, %tbr
	DELAY
	rd	%wim, %l1
	rd	%tbr, %l2
	mix	%l1
	mix	%l2
	srl	%l0, 3, %l0
	tst	%l0
	bne	2b
	nop
	wr	%l6, %wim
	wr	%l7, %tbr
	DELAY
	wr	%g0, BASE, %psr
	DELAY

	/* The MMU's registers, 32 numbers of them; the context table is none. */
	clr	%l6
3:	sll	%l6, 8, %l7
	set	0x89abcdef, %l0
	xor	%l0, %l7, %l0
	tst	%l6
	be	4f			/* but do not switch it on */
	nop
	sta	%l0, [%l7] ASI_MMU
4:	lda	[%l7] ASI_MMU, %l1
	mix	%l1
	lduba	[%l7] ASI_MMU, %l1
	mix	%l1
	add	%l6, 1, %l6
	cmp	%l6, 32
	bne	3b
	nop
	set	0x0081000f, %l0
	sta	%l0, [%g0] 2
	lda	[%g0] 2, %l1
	mix	%l1
	mov	8, %l0
	lda	[%l0] 2, %l1
	mix	%l1

	/* FPU off and on; a queue that no LEON3 has. */
	fmovs	%f0, %f1
	set	BASE | 0x1000, %l0
	wr	%l0, %psr
	DELAY
	fmovs	%f0, %f1
	std	%fq, [%sp]
	st	%fsr, [%sp]
	ld	[%sp], %l1
	mix	%l1
	wr	%g0, BASE, %psr
	DELAY
	std	%fq, [%sp]

	/* Interrupts wait for PIL and ET, highest first. */
	set	IRQMP, %l6
	set	0xfffe, %l0
	st	%l0, [%l6 + 0x40]
	set	0x2468, %l0
	st	%l0, [%l6 + 0x08]
	mov	14, %l7
5:	sll	%l7, 8, %l0
	or	%l0, PSR_S | PSR_PS | PSR_ET, %l0
	wr	%l0, %psr
	DELAY
	ld	[%l6 + 0x08], %l1
	mix	%l1
	subcc	%l7, 1, %l7
	bge	5b
	nop
	wr	%g0, BASE, %psr
	DELAY

	/* In user mode none of it is there, and the mode cannot be told from PSR. */
	to_user	6f
6:	rd	%psr, %o0
	rd	%wim, %o0
	rd	%tbr, %o0
	wr	%g0, BASE, %psr
	wr	%g0, 0, %wim
	wr	%g0, 0, %tbr
	lda	[%g0] ASI_MMU, %o0
	sta	%g0, [%g0] ASI_MMU
	lda	[%sp] ASI_SUPERVISOR_DATA, %o0
	casa	[%sp] ASI_USER_DATA, %g0, %o1
	casa	[%sp] ASI_SUPERVISOR_DATA, %g0, %o1
	lda	[%sp] ASI_BYPASS, %o0
	std	%fq, [%sp]
	rett	%sp
	rd	%asr17, %o0
	mix	%o0
	ta	0x70			/* a monitor's own call, perhaps */
	ta	1
	nop
	rd	%psr, %l0
	mix	%l0
	ta	0x70
	rett	%sp			/* with traps enabled */
	finish
