/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register windows: a second trap table that logs every window trap before the
 * runtime handles it, and the routines that cause them. */
#include "traps.h"

	.register %g2, #scratch
	.register %g3, #scratch

	.text
	.balign	4096
	.global logging_table
logging_table:
	.set	vector, 0
	.rept	256
	rd	%psr, %l0
	.if	vector == 5
	ba	log_overflow
	.elseif	vector == 6
	ba	log_underflow
	.else
	ba	trap_entry
	.endif
	mov	vector, %l3
	nop
	.set	vector, vector + 1
	.endr

	/* window_log: a count, then 32 entries of tt, pc, npc, psr, wim, 3 spare. */
	.macro	log_window handler
	set	window_log, %l4
	ld	[%l4], %l5
	cmp	%l5, 32
	bgeu	1f
	sll	%l5, 5, %l6
	add	%l5, 1, %l5
	st	%l5, [%l4]
	add	%l4, %l6, %l4
	rd	%tbr, %l6
	st	%l6, [%l4 + 32]
	st	%l1, [%l4 + 36]
	st	%l2, [%l4 + 40]
	st	%l0, [%l4 + 44]
	rd	%wim, %l6
	st	%l6, [%l4 + 48]
1:	wr	%l0, %psr		/* the condition codes */
	nop
	nop
	ba	\handler
	nop
	.endm

log_overflow:
	log_window window_overflow
log_underflow:
	log_window window_underflow

	.section .rodata.situations, "a"
	.balign	4
	.global window_table, window_table_end
window_table:

situation storm, BOTH
	.rept	9
	save	%sp, -96, %sp
	.endr
	.rept	9
	restore
	.endr
	done
situation save_writes_new_window, SUPERVISOR, 5
	.rept	7
	save	%sp, -96, %sp
	.endr
	mov	7, %l1
	save	%l1, 4, %l2		/* may overflow: the sum is of the old window */
	mov	%l2, %g1
	.rept	8
	restore
	.endr
	retl
	mov	%g1, %o0
situation call_delay_save, BOTH, 9	/* save in call's delay slot, restore in ret's */
	save	%sp, -96, %sp
	cmp	%i0, 0
	be	1f
	mov	0, %l0
	call	call_delay_save
	sub	%i0, 1, %o0
	add	%o0, %i0, %l0
1:	ret
	restore	%l0, %g0, %o0
situation branch_delay_save, BOTH, 9
	ba	1f
	save	%sp, -96, %sp
	nop
1:	tst	%i0
	bz,a	2f
	mov	0, %o0
	call	branch_delay_save
	sub	%i0, 1, %o0
	add	%o0, 3, %o0
2:	mov	%o0, %i0
	ba	3f
	restore
	nop
3:	done
situation annulled_save, SUPERVISOR, 9
	mov	20, %o1
1:	cmp	%g0, %g0
	bne,a	2f
	save	%sp, -96, %sp
2:	subcc	%o1, 1, %o1
	bnz	1b
	nop
	done
	.section .rodata.situations, "a"
window_table_end:

	/* These do not use the logging table. */
	.global deep_table, deep_table_end
deep_table:
situation trap_at_every_depth, BOTH, 9	/* the trap window is now and then the invalid one */
	save	%sp, -96, %sp
	ta	0x31
	cmp	%i0, 0
	be	1f
	mov	0, %l0
	call	trap_at_every_depth
	sub	%i0, 1, %o0
	add	%o0, %i0, %l0
1:	ret
	restore	%l0, %g0, %o0
situation handler_recursion, BOTH, 20	/* the handler drives every window out */
	save	%sp, -96, %sp
	mov	%i0, %l0
	mov	2, %l7
	ta	0x6c
	add	%l0, %l7, %i0
	ret
	restore
	.section .rodata.situations, "a"
deep_table_end:

	.text
	.global nested_software, nested_unimp, nested_unaligned
nested_software:			/* ta 0x60 + %o0 */
	ta	%o0 + 0x60
	done
nested_unimp:
	unimp	0
	done
nested_unaligned:
	retl
	ld	[%sp + 2], %o0
	.globl	nested_load
nested_load:
	retl
	ld	[%o0], %o0

	.global nested_table, nested_table_end
	.section .rodata.situations, "a"
	.balign	4
nested_table:
situation nested_once, BOTH
	ta	0x61
	done
situation nested_five_deep, BOTH
	ta	0x65
	done
situation nested_unimp_instruction, BOTH
	ta	0x68
	done
situation nested_alignment_in_delay, BOTH
	ta	0x69
	done
situation nested_from_delay_slot, SUPERVISOR
	ba	1f
	ta	0x62
	nop
1:	done
	.section .rodata.situations, "a"
nested_table_end:

	.section .bss
	.balign	32
	.global window_log
window_log:
	.skip	33 * 32
