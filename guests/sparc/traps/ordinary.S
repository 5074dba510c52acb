/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Situations of ordinary instructions: alignment, tagged arithmetic, division,
 * trap on condition, atomic operations. */
#include "traps.h"

	.text
	.section .rodata.situations, "a"
	.balign	4
	.global ordinary_situations, ordinary_situations_end
ordinary_situations:

	group	"alignment"
situation load_word_1, BOTH, scratch
	ld	[%o0 + 1], %o0
	done
situation load_word_2, BOTH, scratch
	ld	[%o0 + 2], %o0
	done
situation load_half, BOTH, scratch
	lduh	[%o0 + 1], %o0
	done
situation load_signed_half, SUPERVISOR, scratch
	ldsh	[%o0 + 3], %o0
	done
situation load_double_4, BOTH, scratch
	ldd	[%o0 + 4], %o2
	done
situation store_word, BOTH, scratch
	st	%o0, [%o0 + 2]
	done
situation store_half, SUPERVISOR, scratch
	sth	%o0, [%o0 + 1]
	done
situation store_double_4, BOTH, scratch
	std	%o2, [%o0 + 4]
	done
situation swap_2, SUPERVISOR, scratch
	swap	[%o0 + 2], %o1
	done
situation load_alternate_2, SUPERVISOR, scratch
	add	%o0, 2, %o0
	lda	[%o0] ASI_SUPERVISOR_DATA, %o0
	done
situation load_float_2, BOTH, scratch
	ld	[%o0 + 2], %f2
	done
situation store_float_2, SUPERVISOR, scratch
	st	%f2, [%o0 + 2]
	done
situation jump_2, BOTH
	jmp	%o7 + 10
	nop
	done
situation jump_1_in_delay, SUPERVISOR
	ba	1f
	jmp	%o7 + 9
	nop
1:	done
situation load_word_taken_delay, BOTH, scratch
	ba	1f
	ld	[%o0 + 1], %o0
	nop
1:	done
situation load_word_call_delay, SUPERVISOR, scratch
	mov	%o7, %o1
	call	1f
	ld	[%o0 + 1], %o0
	nop
1:	jmp	%o1 + 8
	nop
situation store_word_return_delay, BOTH, scratch
	retl
	st	%o0, [%o0 + 1]
situation load_byte_is_aligned, SUPERVISOR, scratch	/* no trap */
	ldub	[%o0 + 3], %o0
	done

	group	"tagged arithmetic and division"
situation tagged_add_overflow, BOTH
	set	0x7ffffffc, %o1
	mov	0x21, %o0
	taddcctv %o1, %o1, %o0		/* the result is not written */
	done
situation tagged_add_tag, BOTH
	mov	1, %o1
	mov	0x22, %o0
	taddcctv %o1, %o1, %o0
	done
situation tagged_subtract_overflow, SUPERVISOR
	set	0x80000000, %o1
	mov	0x23, %o0
	tsubcctv %o1, 4, %o0
	done
situation tagged_subtract_tag, SUPERVISOR
	mov	0x24, %o0
	tsubcctv %g0, 2, %o0
	done
situation tagged_add_taken_delay, SUPERVISOR
	mov	2, %o1
	ba	1f
	taddcctv %o1, %o1, %o0
	nop
1:	done
situation tagged_add_fits, SUPERVISOR		/* no trap */
	mov	8, %o1
	taddcctv %o1, %o1, %o0
	done
situation udiv_zero, BOTH
	wr	%g0, %y
	nop
	nop
	nop
	mov	0x31, %o0
	udiv	%o0, %g0, %o0
	done
situation sdiv_zero, SUPERVISOR
	wr	%g0, %y
	nop
	nop
	nop
	mov	0x32, %o0
	sdiv	%o0, %g0, %o0
	done
situation udivcc_zero, SUPERVISOR
	mov	0x33, %o0
	udivcc	%o0, %g0, %o0
	done
situation sdivcc_zero, USER
	mov	0x34, %o0
	sdivcc	%o0, %g0, %o0
	done
situation udiv_zero_taken_delay, BOTH
	cmp	%g0, %g0
	be	1f
	udiv	%o0, %g0, %o0
	nop
1:	done
situation udiv_zero_return_delay, SUPERVISOR
	retl
	udiv	%o0, %g0, %o0
situation udiv_zero_annulled, SUPERVISOR	/* no trap */
	cmp	%g0, %g0
	bne,a	1f
	udiv	%o0, %g0, %o0
	nop
1:	done

	group	"trap on condition"
situation ta_number, BOTH
	ta	0x11
	done
situation ta_zero, BOTH
	ta	0
	done
situation ta_register, BOTH
	mov	0x12, %o1
	ta	%o1
	done
situation ta_sum, SUPERVISOR
	mov	0x13, %o1
	ta	%o1 + 5
	done
situation ta_seven_bits, SUPERVISOR
	mov	0x1fa, %o1
	ta	%o1
	done
situation tn_never, SUPERVISOR
	tn	0x14
	done
situation tne_taken, BOTH
	cmp	%g0, 1
	tne	0x15
	done
situation tne_not_taken, BOTH
	cmp	%g0, %g0
	tne	0x16
	done
situation te_taken, SUPERVISOR
	cmp	%g0, %g0
	te	0x17
	done
situation tcs_taken, SUPERVISOR
	cmp	%g0, 1
	tcs	0x18
	done
situation tcc_not_taken, SUPERVISOR
	cmp	%g0, 1
	tcc	0x19
	done
situation tl_taken, SUPERVISOR
	cmp	%g0, 1
	tl	0x1a
	done
situation tg_not_taken, SUPERVISOR
	cmp	%g0, 1
	tg	0x1b
	done
situation tgu_taken, SUPERVISOR
	mov	-1, %o1
	cmp	%o1, 1
	tgu	0x1c
	done
situation tvs_taken, SUPERVISOR
	set	0x7fffffff, %o1
	addcc	%o1, 1, %g0
	tvs	0x1d
	done
situation tneg_taken, SUPERVISOR
	subcc	%g0, 1, %g0
	tneg	0x1e
	done
situation ta_taken_delay, BOTH
	ba	1f
	ta	0x1f
	nop
1:	done
situation ta_call_delay, SUPERVISOR
	mov	%o7, %o1
	call	1f
	ta	0x21
	nop
1:	jmp	%o1 + 8
	nop
situation ta_return_delay, BOTH
	retl
	ta	0x22
situation ta_annulled, BOTH
	cmp	%g0, %g0
	bne,a	1f
	ta	0x23
	nop
1:	done
situation te_conditional_delay, SUPERVISOR
	cmp	%g0, %g0
	be	1f
	te	0x24
	nop
1:	done

	group	"atomic operations"
situation casa_equal, SUPERVISOR, scratch	/* none of these traps */
	mov	5, %o1
	st	%o1, [%o0]
	mov	9, %o2
	casa	[%o0] ASI_SUPERVISOR_DATA, %o1, %o2
	ld	[%o0], %o0
	sll	%o0, 8, %o0
	or	%o0, %o2, %o0
	done
situation casa_unequal, USER, scratch
	mov	5, %o1
	st	%o1, [%o0]
	mov	4, %o1
	mov	9, %o2
	casa	[%o0] ASI_USER_DATA, %o1, %o2
	ld	[%o0], %o0
	sll	%o0, 8, %o0
	or	%o0, %o2, %o0
	done
situation swap_word, BOTH, scratch
	mov	6, %o1
	st	%o1, [%o0]
	mov	7, %o2
	swap	[%o0], %o2
	ld	[%o0], %o0
	sll	%o0, 8, %o0
	or	%o0, %o2, %o0
	done
situation ldstub_byte, BOTH, scratch
	st	%g0, [%o0]
	ldstub	[%o0 + 1], %o1
	ldstub	[%o0 + 1], %o1
	ld	[%o0], %o0
	or	%o0, %o1, %o0
	done

	.section .rodata.situations, "a"
ordinary_situations_end:
