/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel of a few lines for guests that test what a monitor lets them see.
 *
 * Everything seen is mixed into %g7, which is the exit status in the end, so a
 * run that saw anything else ends otherwise.  A trap mixes in its number, pc,
 * PSR and the MMU's fault status and address, and skips the instruction, or returns
 * from the code that could not be fetched (at %o7 + 8); window
 * traps save and restore; `ta 1` comes back in supervisor mode.  %g4 to %g7 are
 * the kernel's.
 */
#define PSR_S 0x80
#define PSR_PS 0x40
#define PSR_ET 0x20
#define BASE 0xfe0		/* PIL 15, S, PS, ET */
#define ASI_USER_DATA 0x0a
#define ASI_SUPERVISOR_DATA 0x0b
#define ASI_FLUSH 0x18
#define ASI_MMU 0x19
#define ASI_BYPASS 0x1c
#define FLUSH_ALL 0x400
#define DELAY nop; nop; nop

	.register %g2, #scratch
	.register %g3, #scratch

	.macro	mix what
	sll	%g7, 1, %g6
	srl	%g7, 31, %g5
	or	%g6, %g5, %g7
	xor	%g7, \what, %g7
	.endm

	.macro	finish
	wr	%g0, BASE & ~PSR_ET, %psr
	DELAY
	mov	1, %g1
	mov	%g7, %g2
	ta	0
	.endm

	/* Go on in user mode at \where, from window 7 to window 0. */
	.macro	to_user where
	wr	%g0, (BASE & ~(PSR_ET | PSR_PS)) | 7, %psr
	DELAY
	set	\where, %l1
	jmp	%l1
	rett	%l1 + 4
	.endm

	.global	start
start:
	wr	%g0, BASE & ~PSR_ET, %psr
	DELAY
	wr	%g0, 2, %wim
	set	vectors, %g1
	wr	%g1, %tbr
	set	0x40100000, %sp
	clr	%fp
	clr	%g7
	DELAY
	wr	%g0, BASE, %psr
	DELAY
	ba	main
	nop

	.balign	4096
vectors:
	.set	vector, 0
	.rept	256
	.if	vector == 1
	ba	return
	.elseif	vector == 5
	ba	overflow
	.elseif	vector == 6
	ba	underflow
	.elseif	vector == 0x81
	ba	to_supervisor
	.else
	ba	skip
	.endif
	rd	%psr, %l0
	nop
	nop
	.set	vector, vector + 1
	.endr

overflow:
	rd	%wim, %l3
	srl	%l3, 1, %l4
	sll	%l3, 7, %l5
	or	%l4, %l5, %l4
	wr	%g0, %wim
	DELAY
	save
	std	%l0, [%sp + 0]
	std	%l2, [%sp + 8]
	std	%l4, [%sp + 16]
	std	%l6, [%sp + 24]
	std	%i0, [%sp + 32]
	std	%i2, [%sp + 40]
	std	%i4, [%sp + 48]
	std	%i6, [%sp + 56]
	restore
	wr	%l4, %wim
	DELAY
	jmp	%l1
	rett	%l2

underflow:
	rd	%wim, %l3
	sll	%l3, 1, %l4
	srl	%l3, 7, %l5
	or	%l4, %l5, %l4
	and	%l4, 0xff, %l4
	wr	%g0, %wim
	DELAY
	restore
	restore
	ldd	[%sp + 0], %l0
	ldd	[%sp + 8], %l2
	ldd	[%sp + 16], %l4
	ldd	[%sp + 24], %l6
	ldd	[%sp + 32], %i0
	ldd	[%sp + 40], %i2
	ldd	[%sp + 48], %i4
	ldd	[%sp + 56], %i6
	save
	save
	wr	%l4, %wim
	DELAY
	jmp	%l1
	rett	%l2

to_supervisor:
	or	%l0, PSR_PS, %l0
	wr	%l0, %psr
	DELAY
	jmp	%l2
	rett	%l2 + 4

	.macro	note_trap
	rd	%tbr, %l3
	mix	%l3
	mix	%l1
	mix	%l0
	mov	0x300, %l4
	lda	[%l4] ASI_MMU, %l5
	mix	%l5
	mov	0x400, %l4
	lda	[%l4] ASI_MMU, %l5
	mix	%l5
	.endm

return:
	note_trap
	mix	%l2
	wr	%l0, %psr
	DELAY
	jmp	%i7 + 8
	rett	%i7 + 12

skip:
	note_trap
	wr	%l0, %psr
	DELAY
	jmp	%l2
	rett	%l2 + 4
