/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Self-modifying code: V8 wants FLUSH and up to five instructions before the
 * new ones are sure to be seen; a branch besides, for emulators that look at
 * code a block at a time. */
#include "traps.h"

	.macro	flushed
	flush	%o1
	.rept	4
	nop
	.endr
	ba	.Lflushed\@
	nop
	nop			/* a branch to the next instruction would end no block */
.Lflushed\@:
	.endm

	.section .rodata.situations, "a"
	.balign	4
	.global code_table, code_table_end
code_table:
	group	"self-modifying code"

situation patch_ahead, BOTH, 0x90102002		/* becomes mov 2, %o0 */
	set	patched, %o1
	ld	[%o1], %o2
	st	%o0, [%o1]
	flushed
patched: mov	1, %o0
	st	%o2, [%o1]
	flush	%o1
	done
situation patch_to_trap, BOTH, 0		/* becomes unimp 0 */
	set	trapping, %o1
	ld	[%o1], %o2
	st	%o0, [%o1]
	flushed
trapping: mov	1, %o0
	st	%o2, [%o1]
	flush	%o1
	done
situation patch_every_round, BOTH, 10		/* the loop's addend counts up */
	set	addend, %o1
	ld	[%o1], %o2
	clr	%o3
1:	ld	[%o1], %o4
	inc	%o4
	st	%o4, [%o1]
	flushed
addend:	add	%o3, 0, %o3
	subcc	%o0, 1, %o0
	bnz	1b
	nop
	st	%o2, [%o1]
	flush	%o1
	retl
	mov	%o3, %o0
situation patch_delay_slot, BOTH, 0x90102003
	set	slot, %o1
	ld	[%o1], %o2
	st	%o0, [%o1]
	flushed
	ba	1f
slot:	mov	1, %o0
	nop
1:	st	%o2, [%o1]
	flush	%o1
	done
situation flush_is_unprivileged, USER, scratch
	flush	%o0
	retl
	mov	0x44, %o0

	.section .rodata.situations, "a"
code_table_end:
