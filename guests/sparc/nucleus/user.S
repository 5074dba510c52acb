/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: the first instruction, system calls, signals, and instructions that fault. */
#include "../../nucleus/calls.h"

	.text
	.global	user_start, call, signal_entry, recover
	.global	try_load, try_store, try_illegal, try_divide, try_privileged, try_stack, kernel_address
user_start:				/* %o0, %o1: the arguments */
	call	user_main
	nop
	mov	CALL_EXIT, %g1
	ta	0x10

/* u32 call(u32 number, u32 a, u32 b, u32 c) */
call:
	mov	%o0, %g1
	mov	%o1, %o0
	mov	%o2, %o1
	mov	%o3, %o2
	ta	0x10
	retl
	nop

signal_entry:				/* %o0: the signal, %o1: the address */
	call	on_signal
	nop
	mov	CALL_SIGRETURN, %g1
	ta	0x10

try_load:
	retl
	ld	[%o0], %o0
try_store:
	st	%o0, [%o0]
	retl
	nop
try_illegal:
	unimp	0
try_divide:
	wr	%g0, %y
	nop
	nop
	nop
	retl
	udiv	%o0, %o1, %o0
try_privileged:
	rd	%psr, %o0
	retl
	nop
	/* Enough windows for the one with the bad %sp to be spilled. */
try_stack:
	mov	%o0, %sp
	.rept	8
	save	%sp, -96, %sp
	.endr
recover:				/* as if the leaf routine returned */
	set	0x5afe5afe, %o0
	retl
	nop

	.section .rodata
	.balign	4
kernel_address:
	.word	0x40000000
