/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads its own code, privileged instructions included; rewrites them, ahead of it and
 * from their own block; enters pairs of instructions at either one. */
#include "kernel.h"

main:
	set	code, %l6
	set	code_end, %l7
1:	ld	[%l6], %l0		/* what is executed reads as it was written */
	mix	%l0
	add	%l6, 4, %l6
	cmp	%l6, %l7
	bne	1b
	nop

	mov	40, %l7
2:	call	code
	nop
	mix	%o0
	set	code, %o1
	ld	[%o1], %o2		/* rd %psr, rd %wim, rd %tbr by turns */
	set	0x00080000, %o3
	add	%o2, %o3, %o2
	srl	%o2, 19, %o3
	and	%o3, 3, %o3
	cmp	%o3, 0
	bne	3f
	nop
	set	0x91480000, %o2		/* rd %psr, %o0 again */
3:	st	%o2, [%o1]
	flush	%o1
	DELAY
	DELAY
	ld	[%o1], %o2
	mix	%o2
	subcc	%l7, 1, %l7
	bne	2b
	nop

	/* A store to the instruction after the next, in one block. */
	mov	20, %l7
4:	set	0x81800000 | BASE, %o2	/* not what is there */
	set	5f, %o1
	ld	[%o1], %o3
	xor	%o3, 1, %o3
	st	%o3, [%o1]
	flush	%o1
	DELAY
	DELAY
5:	wr	%g0, 0, %y
	rd	%y, %o4
	mix	%o4
	subcc	%l7, 1, %l7
	bne	4b
	nop

	/* Stores that a monitor does, over the instruction behind them. */
	mov	4, %l7
9:	set	0x9010205a, %o2		/* mov 0x5a, %o0 */
	andcc	%l7, 1, %g0
	be	1f
	set	0x91480000, %o3		/* rd %psr, %o0 */
	mov	%o3, %o2
1:	set	2f, %o1
	sta	%o2, [%o1] ASI_SUPERVISOR_DATA
2:	mov	1, %o0
	mix	%o0
	set	3f, %o1
	sta	%o2, [%o1] ASI_BYPASS
3:	mov	2, %o0
	mix	%o0
	set	4f, %o1
	mov	%o2, %o0
	swapa	[%o1] ASI_SUPERVISOR_DATA, %o0
4:	mov	3, %o0
	mix	%o0
	set	5f, %o1
	ld	[%o1], %o3
	mov	%o2, %o4
	casa	[%o1] ASI_SUPERVISOR_DATA, %o3, %o4
5:	mov	4, %o0
	mix	%o0
	subcc	%l7, 1, %l7
	bne	9b
	nop

	/* The delay slot of a branch, also entered as a target of its own. */
	mov	6, %l7
6:	ba	8f
7:	rd	%psr, %o0
	mix	%o0
8:	mix	%o0
	subcc	%l7, 1, %l7
	bg	7b
	rd	%wim, %o0
	/* In the middle of an instruction: not aligned. */
	set	7b + 2, %o1
	jmpl	%o1, %o7
	nop
	finish

code:	rd	%psr, %o0
	rd	%tbr, %o1
	add	%o0, %o1, %o0
	retl
	wr	%g0, BASE, %psr
code_end:
