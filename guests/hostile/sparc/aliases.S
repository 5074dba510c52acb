/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executes a frame by one address and writes it by another, with other rights; as user and as kernel
 * code; in a page, a segment and a region; has an address mean another frame; has a delay slot in a
 * page that is gone, another, or never executed; and teaches a store to go to page tables before
 * it goes elsewhere. */
#include "kernel.h"
#define CONTEXTS 0x40200000
#define LEVEL1 0x40201000
#define LEVEL2 0x40202000
#define LEVEL3 0x40203000	/* of 0x50000000 */
#define FRAME_A 0x40210000
#define FRAME_B 0x40250000	/* as far into its 256 KiB */
#define NEXT_A 0x40220000
#define NEXT_B 0x40221000
#define EXECUTE 0x50000000	/* the kernel's, read-only */
#define NEXT 0x50001000
#define WRITE 0x50002000	/* never executed */
#define PROGRAM 0x50003000	/* everybody's, read-only */
#define TABLES 0x50004000	/* LEVEL3 */
#define CHANGING 0x50008000
#define SEGMENT 0x50050000	/* FRAME_A in a page of 256 KiB */
#define REGION 0x60210000	/* and in one of 16 MiB */
#define PTE(physical, access) ((physical) >> 4 | (access) << 2 | 2)
#define PTD(physical) ((physical) >> 4 | 1)
#define SLOT(address) (LEVEL3 + ((address) >> 12 & 63) * 4)

	.macro	put value, address
	set	\value, %o0
	set	\address, %o1
	st	%o0, [%o1]
	.endm

	.macro	forget address
	set	\address, %o1
	sta	%g0, [%o1] ASI_FLUSH	/* a page, of whatever size */
	DELAY
	.endm

	.macro	execute address
	set	\address, %o1
	jmpl	%o1, %o7
	mov	0x5a, %o0
	mix	%o0
	wr	%g0, BASE, %psr
	DELAY
	.endm

	/* The same in user mode. */
	.macro	execute_as_user address
	to_user	8f
8:	set	\address, %o1
	jmpl	%o1, %o7
	mov	0x5a, %o0
	mix	%o0
	ta	1
	nop
	wr	%g0, BASE, %psr
	DELAY
	.endm

	/* The store of %o2 at \address, by the code at EXECUTE. */
	.macro	store value, address
	set	\value, %o2
	set	\address, %o3
	execute	EXECUTE
	.endm

main:
	put	PTD(LEVEL1), CONTEXTS
	put	PTE(0x40000000, 3), LEVEL1 + 4 * 0x40
	put	PTE(0x40000000, 3), LEVEL1 + 4 * 0x60
	put	PTE(0x80000000, 7), LEVEL1 + 4 * 0x80
	put	PTD(LEVEL2), LEVEL1 + 4 * 0x50
	put	PTD(LEVEL3), LEVEL2
	put	PTE(0x40200000, 3), LEVEL2 + 4
	put	PTE(FRAME_A, 6), SLOT(EXECUTE)
	put	PTE(FRAME_A, 5), SLOT(WRITE)
	put	PTE(FRAME_A, 2), SLOT(PROGRAM)
	put	PTE(LEVEL3, 5), SLOT(TABLES)
	set	CONTEXTS >> 4, %o0
	mov	0x100, %o1
	sta	%o0, [%o1] ASI_MMU
	mov	0x200, %o1
	sta	%g0, [%o1] ASI_MMU
	mov	1, %o0
	sta	%o0, [%g0] ASI_MMU
	DELAY

	/* Behind the instruction that changes: the way back; in both frames. */
	.irp	frame, FRAME_A, FRAME_B
	set	\frame, %o1
	set	0x01000000, %o0
	st	%o0, [%o1 + 4]
	st	%o0, [%o1 + 8]
	st	%o0, [%o1 + 12]
	st	%o0, [%o1 + 20]
	set	0x81c3e008, %o0		/* retl */
	st	%o0, [%o1 + 16]
	.endr
	put	0x91500000, FRAME_B	/* rd %wim, %o0 */

	set	choices, %l6
again:	ld	[%l6], %o0
	cmp	%o0, 0
	be	remap
	add	%l6, 4, %l6
	set	WRITE, %o1
	st	%o0, [%o1]
	flush	%o1
	DELAY
	execute	EXECUTE
	execute_as_user PROGRAM
	execute	SEGMENT
	execute	REGION
	execute	EXECUTE
	execute	WRITE			/* refused */
	put	0x01000000, EXECUTE	/* refused */
	ba	again
	nop

	/* No store to code: the addresses mean the other frame, and the first again. */
remap:	mov	3, %l7
1:	put	PTE(FRAME_B, 6), SLOT(EXECUTE)
	put	PTE(FRAME_B, 2), SLOT(PROGRAM)
	put	PTE(0x40240000, 3), LEVEL2 + 4
	forget	EXECUTE
	forget	PROGRAM
	forget	0x50040000		/* another page of the segment */
	execute	EXECUTE
	execute_as_user PROGRAM
	execute	SEGMENT
	put	PTE(FRAME_A, 6), SLOT(EXECUTE)
	put	PTE(FRAME_A, 6), SLOT(PROGRAM)	/* the kernel's now */
	put	PTE(0x40200000, 5), LEVEL2 + 4	/* never executed */
	forget	EXECUTE
	forget	PROGRAM
	forget	0x50040000
	execute	EXECUTE
	execute_as_user PROGRAM
	execute	SEGMENT
	put	0, SLOT(EXECUTE)
	forget	EXECUTE
	execute	EXECUTE			/* not there */
	put	PTE(FRAME_A, 6), SLOT(EXECUTE)
	put	PTE(0x40200000, 3), LEVEL2 + 4
	forget	EXECUTE
	forget	0x50040000
	subcc	%l7, 1, %l7
	bne	1b
	nop

	/* RETL at the end of the page: its delay slot is in the next one. */
	put	0x81c3e008, FRAME_A + 0xffc
	put	0x91480000, NEXT_A	/* rd %psr, %o0 */
	put	0x91580000, NEXT_B	/* rd %tbr, %o0 */
	set	FRAME_A + 0xffc, %o1
	flush	%o1
	mov	3, %l7
2:	.irp	entry, PTE(NEXT_A, 6), 0, PTE(NEXT_B, 6), PTE(NEXT_A, 5), PTE(NEXT_A, 6)
	put	\entry, SLOT(NEXT)
	forget	NEXT
	execute	EXECUTE + 0xffc
	.endr
	set	NEXT_A, %o1		/* changed by another address: rd %wim, %psr by turns */
	ld	[%o1], %o0
	set	0x00180000, %o2
	xor	%o0, %o2, %o0
	st	%o0, [%o1]
	flush	%o1
	DELAY
	execute	EXECUTE + 0xffc
	subcc	%l7, 1, %l7
	bne	2b
	nop

	/* A store that goes to page tables, then elsewhere. */
	put	0xd422c000, WRITE	/* st %o2, [%o3] */
	set	WRITE, %o1
	flush	%o1
	put	0x11111111, NEXT_A + 0x100
	put	0x22222222, NEXT_B + 0x100
	mov	30, %l7
3:	store	PTE(NEXT_A, 7), TABLES + (SLOT(CHANGING) & 0xfff)
	forget	CHANGING
	set	CHANGING + 0x100, %o1
	ld	[%o1], %o0
	mix	%o0
	store	PTE(NEXT_B, 7), TABLES + (SLOT(CHANGING) & 0xfff)
	forget	CHANGING
	set	CHANGING + 0x100, %o1
	ld	[%o1], %o0
	mix	%o0
	subcc	%l7, 1, %l7
	bne	3b
	nop
	store	0x33, 0x80000308	/* GPTIMER: reload value of the scaler */
	store	0x34, 0x80000500	/* no device on the bus's page */
	store	0x35, 0x70000000	/* not mapped */
	store	0x36, EXECUTE		/* refused */
	store	0x37, CHANGING + 2	/* not aligned */
	store	0x38, CHANGING + 0x100
	set	0x80000308, %o1
	ld	[%o1], %o0
	mix	%o0
	set	CHANGING + 0x100, %o1
	ld	[%o1], %o0
	mix	%o0
	put	PTE(FRAME_A, 2), SLOT(PROGRAM)
	forget	PROGRAM
	set	0x39, %o2
	set	CHANGING, %o3
	execute_as_user PROGRAM		/* refused */
	/* What comes next, in the same block. */
	mov	2, %l7
4:	.irp	code, 0x91480000, 0x91500000, 0x9010207b, 0x91580000, 0x00000000, 0x01000000
	store	\code, WRITE + 4
	.endr
	subcc	%l7, 1, %l7
	bne	4b
	nop
	sta	%g0, [%g0] ASI_MMU
	finish

choices:
	rd	%psr, %o0
	rd	%wim, %o0
	mov	7, %o0
	rd	%tbr, %o0
	lda	[%g0] ASI_MMU, %o0
	rd	%y, %o0
	wr	%g0, BASE & ~0xf00, %psr
	rd	%asr17, %o0
	sta	%o0, [%g0] 2
	rd	%psr, %o0
	.word	0
