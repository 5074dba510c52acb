/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point and coprocessor situations.
 *
 * V8 lets an implementation report floating-point exceptions late; here, as on
 * QEMU, the trap is precise.  FSR's version field is masked by the report. */
#include "traps.h"

#define TEM_NV 0x08000000
#define TEM_OF 0x04000000
#define TEM_UF 0x02000000
#define TEM_DZ 0x01000000
#define TEM_NX 0x00800000

	.text
	.section .rodata.situations, "a"
	.balign	4
	.global fpu_situations, fpu_situations_end
fpu_situations:

	/* %f0 and %f1 are the operands, %f2 the result, 0x5a5a5a5a before. */
	.macro operands tem, first, second
	set	scratch, %o1
	set	\tem, %o2
	st	%o2, [%o1]
	ld	[%o1], %fsr
	set	\first, %o2
	st	%o2, [%o1]
	ld	[%o1], %f0
	set	\second, %o2
	st	%o2, [%o1]
	ld	[%o1], %f1
	set	0x5a5a5a5a, %o2
	st	%o2, [%o1]
	ld	[%o1], %f2
	.endm

	.macro result
	st	%f2, [%o1]
	retl
	ld	[%o1], %o0
	.endm

#define ONE 0x3f800000
#define THREE 0x40400000
#define LARGE 0x7f000000
#define SMALL 0x00800000
#define MINUS_ONE 0xbf800000
#define NAN 0x7fc00000
#define SIGNALING 0x7fa00000

	group	"floating point disabled"
situation off_add, BOTH | NO_FPU
	fadds	%f0, %f1, %f2
	done
situation off_load, BOTH | NO_FPU, scratch
	ld	[%o0], %f2
	done
situation off_load_double, SUPERVISOR | NO_FPU, scratch
	ldd	[%o0], %f2
	done
situation off_store, SUPERVISOR | NO_FPU, scratch
	st	%f2, [%o0]
	done
situation off_store_double, SUPERVISOR | NO_FPU, scratch
	std	%f2, [%o0]
	done
situation off_load_fsr, SUPERVISOR | NO_FPU, scratch
	ld	[%o0], %fsr
	done
situation off_store_fsr, USER | NO_FPU, scratch
	st	%fsr, [%o0]
	done
situation off_branch, BOTH | NO_FPU
	fbne	1f
	nop
1:	done
situation off_compare, SUPERVISOR | NO_FPU
	fcmps	%f0, %f1
	nop
	done
situation off_taken_delay, BOTH | NO_FPU
	ba	1f
	fmovs	%f0, %f1
	nop
1:	done
situation off_return_delay, SUPERVISOR | NO_FPU
	retl
	fadds	%f0, %f1, %f2
situation off_annulled, SUPERVISOR | NO_FPU	/* no trap */
	bn,a	1f
	fadds	%f0, %f1, %f2
	nop
1:	done

	group	"floating point exceptions"
situation divide_by_zero, BOTH
	operands TEM_DZ, ONE, 0
	fdivs	%f0, %f1, %f2
	result
situation divide_by_zero_masked, SUPERVISOR	/* no trap: infinity */
	operands 0, ONE, 0
	fdivs	%f0, %f1, %f2
	result
situation zero_by_zero, BOTH
	operands TEM_NV, 0, 0
	fdivs	%f0, %f1, %f2
	result
situation root_of_minus_one, SUPERVISOR
	operands TEM_NV, MINUS_ONE, 0
	fsqrts	%f0, %f2
	result
situation signaling_operand, SUPERVISOR
	operands TEM_NV, SIGNALING, ONE
	fadds	%f0, %f1, %f2
	result
situation compare_quiet, SUPERVISOR		/* no trap */
	operands TEM_NV, NAN, ONE
	fcmps	%f0, %f1
	nop
	result
situation compare_and_trap, SUPERVISOR
	operands TEM_NV, NAN, ONE
	fcmpes	%f0, %f1
	nop
	result
situation convert_nan, SUPERVISOR
	operands TEM_NV, NAN, 0
	fstoi	%f0, %f2
	result
situation overflow, BOTH
	operands TEM_OF, LARGE, LARGE
	fmuls	%f0, %f1, %f2
	result
situation underflow, SUPERVISOR
	operands TEM_UF, SMALL, SMALL
	fmuls	%f0, %f1, %f2
	result
situation inexact, BOTH
	operands TEM_NX, ONE, THREE
	fdivs	%f0, %f1, %f2
	result
situation inexact_other_enabled, SUPERVISOR	/* no trap */
	operands TEM_NV | TEM_DZ, ONE, THREE
	fdivs	%f0, %f1, %f2
	result
situation divide_taken_delay, BOTH
	operands TEM_DZ, ONE, 0
	ba	1f
	fdivs	%f0, %f1, %f2
	nop
1:	result
situation quad_add, BOTH
	operands 0, ONE, ONE
	faddq	%f0, %f4, %f8
	result
situation store_queue, SUPERVISOR, scratch	/* the queue is empty: sequence error */
	.word	0xc1320000		/* std %fq, [%o0] */
	done
situation store_queue_privileged, USER, scratch
	.word	0xc1320000
	done

	group	"coprocessor disabled"
situation cpop1, BOTH
	.word	0x81b00000
	done
situation cpop2, SUPERVISOR
	.word	0x81b80000
	done
situation coprocessor_branch, SUPERVISOR
	.word	0x01c00003		/* cbn: never taken, still a coprocessor instruction */
	nop
	nop
	done
situation coprocessor_load, SUPERVISOR, scratch
	.word	0xc1820000		/* ldc [%o0], %c0 */
	done
situation coprocessor_store, USER, scratch
	.word	0xc1a20000		/* stc %c0, [%o0] */
	done
situation cpop1_taken_delay, SUPERVISOR
	ba	1f
	.word	0x81b00000
	nop
1:	done

	.section .rodata.situations, "a"
fpu_situations_end:
