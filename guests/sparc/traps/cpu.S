/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Situations that need nothing but the processor: one leaf routine each.
 *
 * pc and npc are printed relative to the routine's label.  Delay slots come in
 * their kinds: of a taken branch, an untaken one, an annulled one, call, jmpl. */
#include "traps.h"

	.register %g2, #scratch
	.register %g3, #scratch
	.text
	.section .rodata.situations, "a"
	.balign	4
	.global cpu_situations, cpu_situations_end
cpu_situations:

	group	"illegal and unimplemented instructions"
situation unimp, BOTH
	unimp	0
	done
situation unimp_constant, SUPERVISOR
	unimp	0x1fffff
	done
situation unimp_taken_delay, BOTH
	ba	1f
	unimp	0
	nop
	nop
1:	done
situation unimp_untaken_delay, SUPERVISOR
	bn	1f
	unimp	0
	nop
	nop
1:	done
situation unimp_untaken_annulled, BOTH		/* no trap */
	bn,a	1f
	unimp	0
	mov	1, %o0
1:	done
situation unimp_always_annulled, SUPERVISOR	/* no trap */
	ba,a	1f
	unimp	0
	nop
1:	done
situation unimp_conditional_delay, SUPERVISOR
	cmp	%g0, 1
	bne	1f
	unimp	0
	nop
1:	done
situation unimp_conditional_annul, SUPERVISOR	/* taken: not annulled */
	cmp	%g0, 1
	bne,a	1f
	unimp	0
	nop
1:	done
situation unimp_call_delay, BOTH
	mov	%o7, %o1
	call	1f
	unimp	0
	nop
1:	jmp	%o1 + 8
	nop
situation unimp_return_delay, BOTH
	retl
	unimp	0
situation unimp_second_branch, SUPERVISOR	/* branch in a delay slot */
	ba	1f
	ba	2f
	nop
1:	unimp	0
	nop
2:	done
situation illegal_arithmetic, BOTH
	.word	0x81600000		/* op 2, op3 0x2c: not in V8 */
	done
situation illegal_memory, BOTH
	.word	0xd0580000		/* op 3, op3 0x0b: not in V8 */
	done
situation illegal_branch, SUPERVISOR
	.word	0x00400000		/* op 0, op2 1: not in V8 */
	done
situation illegal_in_delay, USER
	ba	1f
	.word	0x81600000
	nop
1:	done

	group	"privileged instructions"
situation read_psr, USER
	rd	%psr, %o0
	done
situation read_wim, USER
	rd	%wim, %o0
	done
situation read_tbr, USER
	rd	%tbr, %o0
	done
situation write_psr, USER
	wr	%g0, %psr
	done
situation write_wim, USER
	wr	%g0, %wim
	done
situation write_tbr, USER
	wr	%g0, %tbr
	done
situation return_from_trap, USER
	rett	%o7 + 8
	done
situation load_alternate, USER, scratch
	lda	[%o0] ASI_SUPERVISOR_DATA, %o0
	done
situation load_byte_alternate, USER, scratch
	lduba	[%o0] ASI_SUPERVISOR_DATA, %o0
	done
situation load_double_alternate, USER, scratch
	ldda	[%o0] ASI_SUPERVISOR_DATA, %o2
	done
situation store_alternate, USER, scratch
	sta	%o0, [%o0] ASI_SUPERVISOR_DATA
	done
situation store_half_alternate, USER, scratch
	stha	%o0, [%o0] ASI_BYPASS
	done
situation store_double_alternate, USER, scratch
	stda	%o2, [%o0] ASI_SUPERVISOR_DATA
	done
situation swap_alternate, USER, scratch
	swapa	[%o0] ASI_SUPERVISOR_DATA, %o1
	done
situation ldstub_alternate, USER, scratch
	ldstuba	[%o0] ASI_SUPERVISOR_DATA, %o1
	done
situation casa_supervisor_space, USER, scratch
	casa	[%o0] ASI_SUPERVISOR_DATA, %o2, %o1
	done
situation mmu_register, USER
	lda	[%o0] ASI_MMU, %o0
	done
situation read_psr_taken_delay, USER
	ba	1f
	rd	%psr, %o0
	nop
1:	done
situation write_psr_call_delay, USER
	mov	%o7, %o1
	call	1f
	wr	%g0, %psr
	nop
1:	jmp	%o1 + 8
	nop
situation read_tbr_return_delay, USER
	retl
	rd	%tbr, %o0
situation read_psr_annulled, USER		/* no trap */
	bn,a	1f
	rd	%psr, %o0
	nop
1:	done
situation unprivileged_y, USER			/* no trap */
	wr	%g0, 0x55, %y
	nop
	nop
	nop
	rd	%y, %o0
	done

	group	"the processor's own registers"
situation write_psr_bad_window, SUPERVISOR
	rd	%psr, %o1
	or	%o1, 0x1f, %o1
	wr	%o1, %psr
	nop
	nop
	nop
	done
situation rett_with_traps_enabled, SUPERVISOR
	rett	%o7 + 8
	done
situation rett_in_delay_slot, SUPERVISOR
	ba	1f
	rett	%o7 + 8
	nop
1:	done
situation wim_keeps_windows, SUPERVISOR		/* no trap: bits 8 to 31 do not exist */
	rd	%psr, %o2
	wr	%o2, PSR_ET, %psr
	nop
	nop
	nop
	rd	%wim, %o1
	mov	-1, %o3
	wr	%o3, %wim
	nop
	nop
	nop
	rd	%wim, %o0
	wr	%o1, %wim
	nop
	nop
	nop
	wr	%o2, %psr
	nop
	nop
	nop
	done
situation tbr_keeps_base, SUPERVISOR		/* no trap */
	rd	%psr, %o2
	wr	%o2, PSR_ET, %psr
	nop
	nop
	nop
	rd	%tbr, %o1
	set	0x12345000, %o3
	wr	%o3, %tbr
	nop
	nop
	nop
	rd	%tbr, %o0
	wr	%o1, %tbr
	nop
	nop
	nop
	wr	%o2, %psr
	nop
	nop
	nop
	set	0xfffff000, %o3
	and	%o0, %o3, %o0
	done
situation asr17_windows, SUPERVISOR		/* no trap: number of windows less one */
	rd	%asr17, %o0
	and	%o0, 0x1f, %o0
	done

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
cpu_situations_end:
