/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trap table entry that answers `ta 1`: the caller's %o0 is %i0 in the trap's window. */
	.section .rodata
	.balign	4
	.global	trap_call_entry
trap_call_entry:
	add	%i0, 1, %i0
	jmp	%l2
	rett	%l2 + 4
	nop
