/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single accesses to the address in %o0, for the MMU situations. */
#include "traps.h"

	.macro	access name
	.global	\name
	.balign	8
\name:
	.endm

	.text
access load_word
	ld	[%o0], %o0
	done
access load_byte
	ldub	[%o0 + 3], %o0
	done
access load_double
	ldd	[%o0], %o2
	done
access load_float
	ld	[%o0], %f2
	done
access store_word
	st	%g0, [%o0 + 4]
	done
access store_byte
	stb	%g0, [%o0 + 7]
	done
access store_double
	clr	%o2
	clr	%o3
	std	%o2, [%o0 + 8]
	done
access store_float
	st	%f2, [%o0 + 4]
	done
access execute
	jmp	%o0 + CODE_OFFSET
	nop
access execute_here
	jmp	%o0
	nop
access load_store_byte
	ldstub	[%o0 + 4], %o1
	done
access swap_words
	swap	[%o0 + 4], %o1
	done
access compare_and_swap
	add	%o0, 4, %o0
	clr	%o1
	casa	[%o0] ASI_SUPERVISOR_DATA, %o1, %o2
	done
access compare_and_swap_user
	add	%o0, 4, %o0
	clr	%o1
	casa	[%o0] ASI_USER_DATA, %o1, %o2
	done
access load_user_space
	lda	[%o0] ASI_USER_DATA, %o0
	done
access store_user_space
	add	%o0, 4, %o0
	sta	%g0, [%o0] ASI_USER_DATA
	done
access load_bypass
	lda	[%o0] ASI_BYPASS, %o0
	done
access load_taken_delay
	ba	1f
	ld	[%o0], %o0
	nop
1:	done
access load_untaken_delay
	bn	1f
	ld	[%o0], %o0
	nop
1:	done
access load_annulled
	bn,a	1f
	ld	[%o0], %o0
	nop
1:	done
access load_conditional_delay
	cmp	%o0, 0
	bne	1f
	ld	[%o0], %o0
	nop
1:	done
access store_call_delay
	mov	%o7, %o1
	call	1f
	st	%g0, [%o0 + 4]
	nop
1:	jmp	%o1 + 8
	nop
access store_return_delay
	retl
	st	%g0, [%o0 + 4]
access load_twice
	ld	[%o0], %o1
	ld	[%o0 + 4], %o1
	done
access call_handler
	ta	0x6a
	done
