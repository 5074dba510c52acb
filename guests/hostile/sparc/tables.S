/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps its page tables twice, changes them by either name and past the MMU, has tables
 * point to themselves, gives pages of its kernel to user mode and takes them away. */
#include "kernel.h"
#define CONTEXTS 0x40200000	/* 1 KiB of pointers */
#define LEVEL1 0x40201000
#define LEVEL2 0x40202000
#define LEVEL3 0x40203000	/* of 0x50000000 */
#define OTHER1 0x40205000
#define PAGE 0x40210000
#define WINDOW 0x50000000
#define FIRST (WINDOW + 0x0000)	/* the tables, by one name */
#define SECOND (WINDOW + 0x4000)	/* and by another */
#define PTE(physical, access) ((physical) >> 4 | (access) << 2 | 2)
#define PTD(physical) ((physical) >> 4 | 1)

	.macro	put value, address
	set	\value, %o0
	set	\address, %o1
	st	%o0, [%o1]
	.endm

	.macro	see address
	set	\address, %o1
	ld	[%o1], %o0
	mix	%o0
	.endm

	.macro	forget
	set	FLUSH_ALL, %o1
	sta	%g0, [%o1] ASI_FLUSH
	DELAY
	.endm

main:
	put	PTD(LEVEL1), CONTEXTS
	put	PTD(OTHER1), CONTEXTS + 4
	put	PTD(LEVEL1), CONTEXTS + 8
	put	PTE(0x40000000, 3), LEVEL1 + 4 * 0x40
	put	PTE(0x80000000, 7), LEVEL1 + 4 * 0x80
	put	PTD(LEVEL2), LEVEL1 + 4 * 0x50
	put	PTE(0x40000000, 3), OTHER1 + 4 * 0x40
	put	PTE(0x40000000, 0), OTHER1 + 4 * 0x50
	put	PTD(LEVEL3), LEVEL2
	put	PTE(LEVEL1, 7), LEVEL3 + 4 * 0
	put	PTE(LEVEL2, 7), LEVEL3 + 4 * 1
	put	PTE(LEVEL3, 7), LEVEL3 + 4 * 2
	put	PTE(LEVEL1, 5), LEVEL3 + 4 * 4
	put	PTE(LEVEL2, 7), LEVEL3 + 4 * 5
	put	PTE(LEVEL3, 7), LEVEL3 + 4 * 6
	put	0x11111111, PAGE
	put	0x22222222, PAGE + 0x1000
	set	CONTEXTS >> 4, %o0
	mov	0x100, %o1
	sta	%o0, [%o1] ASI_MMU
	mov	0x200, %o1
	sta	%g0, [%o1] ASI_MMU
	mov	1, %o0
	sta	%o0, [%g0] ASI_MMU
	DELAY

	/* By either name it is the same table, R and M bits included. */
	put	PTE(PAGE, 7), FIRST + 0x2000 + 4 * 8
	forget
	see	WINDOW + 0x8000
	see	FIRST + 0x2000 + 4 * 8
	put	0x33333333, WINDOW + 0x8000
	see	SECOND + 0x2000 + 4 * 8
	put	PTE(PAGE + 0x1000, 7), SECOND + 0x2000 + 4 * 8
	forget
	see	WINDOW + 0x8000
	see	FIRST + 0x2000 + 4 * 8
	see	LEVEL3 + 4 * 8

	/* Past the MMU. */
	set	PTE(PAGE, 0), %o0
	set	LEVEL3 + 4 * 8, %o1
	sta	%o0, [%o1] ASI_BYPASS
	forget
	see	WINDOW + 0x8000
	put	0x44444444, WINDOW + 0x8000	/* refused */
	lda	[%o1] ASI_BYPASS, %o0
	mix	%o0
	set	LEVEL3 + 4 * 8, %o1
	lda	[%o1] ASI_BYPASS, %o0
	mix	%o0

	/* In halves and bytes, and by swap. */
	set	LEVEL3 + 4 * 8, %o1
	mov	7 << 2 | 2, %o0
	stb	%o0, [%o1 + 3]
	forget
	put	0x55555555, WINDOW + 0x8000
	set	LEVEL3 + 4 * 8, %o1
	set	PTE(PAGE + 0x1000, 3), %o0
	swap	[%o1], %o0
	mix	%o0
	forget
	see	WINDOW + 0x8000
	set	LEVEL3 + 4 * 9, %o1
	set	PTE(PAGE, 3), %o2
	set	PTE(PAGE + 0x1000, 1), %o3
	std	%o2, [%o1 + 4]			/* pages 10 and 11 */
	forget
	see	WINDOW + 0xa000
	see	WINDOW + 0xb000

	/* A table that is its own next level. */
	put	PTD(LEVEL2), LEVEL2 + 4 * 1
	forget
	see	WINDOW + 0x40000
	see	WINDOW + 0x41000
	put	PTD(LEVEL1), LEVEL1 + 4 * 0x60
	forget
	see	0x60000000
	see	0x61000000

	/* Another address space has other rights to the same place; and back. */
	mov	0x200, %o1
	mov	1, %o0
	sta	%o0, [%o1] ASI_MMU
	DELAY
	see	WINDOW + 0x210000
	put	0x66666666, WINDOW + 0x210000	/* refused */
	see	0x80000210			/* not there */
	mov	0x200, %o1
	mov	2, %o0
	sta	%o0, [%o1] ASI_MMU
	DELAY
	see	WINDOW + 0x8000
	mov	0x200, %o1
	mov	3, %o0
	lda	[%o1] ASI_MMU, %o2
	mix	%o2
	mov	0, %o0
	sta	%o0, [%o1] ASI_MMU
	DELAY

	/* Kernel pages for user mode, and not any more. */
	to_user	1f
1:	see	WINDOW + 0x8000
	see	WINDOW + 0x0000			/* ACC 7: refused */
	put	0x77777777, WINDOW + 0x8000
	put	0, WINDOW + 0x4000		/* ACC 5: refused */
	rd	%psr, %o0
	ta	1
	nop
	put	PTE(PAGE + 0x1000, 6), LEVEL3 + 4 * 8
	forget
	to_user	2f
2:	see	WINDOW + 0x8000			/* ACC 6: refused */
	ta	1
	nop
	see	WINDOW + 0x8000

	/* What user mode may, in supervisor mode. */
	set	WINDOW + 0x8000, %o1
	lda	[%o1] ASI_USER_DATA, %o0
	mix	%o0
	set	WINDOW + 0x4000, %o1
	casa	[%o1] ASI_USER_DATA, %g0, %o0
	mix	%o0
	lda	[%o1] ASI_SUPERVISOR_DATA, %o0
	mix	%o0

	/* Everything that the tables hold now. */
	set	LEVEL1, %l6
	set	LEVEL3 + 0x100, %l7
3:	ld	[%l6], %l0
	mix	%l0
	add	%l6, 4, %l6
	cmp	%l6, %l7
	bne	3b
	nop
	sta	%g0, [%g0] ASI_MMU
	finish
