/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one process's kernel stack to another's. */
#include "entry.h"
#ifdef PARA
#include <hypercall.h>
#define TRAP_RETURN para_return
#else
#define TRAP_RETURN trap_return
#endif

	.text
	.global process_begin, windows_flush, stack_switch

	/* Where a new process's kernel stack returns to. */
process_begin:
	restore
	ba	TRAP_RETURN
	nop

#ifdef PARA
	.macro flush_windows
	mov	%o0, %o4
	mov	HYPER_WINDOWS, %g1
	ta	HYPER_TRAP_SPARC
	mov	%o4, %o0
	.endm
#else
	/* As many saves as there are other windows that can be in use. */
	.macro flush_windows
	.rept	NWINDOWS - 2
	save	%sp, -96, %sp
	.endr
	.rept	NWINDOWS - 2
	restore
	.endr
	.endm
#endif

windows_flush:
	flush_windows
	retl
	nop

/* void stack_switch(u32 *save, u32 sp) */
stack_switch:
	flush_windows
	store_window
	st	%o7, [%sp + 68]		/* where a called function may keep its argument */
	st	%sp, [%o0]
	mov	%o1, %sp
	load_window
	ld	[%sp + 68], %o7
	retl
	nop
