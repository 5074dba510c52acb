/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Illegal and privileged instructions and the processor's own registers: one
 * leaf routine each.
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

	.section .rodata.situations, "a"
cpu_situations_end:
