/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LEON3 board's PROM: what runs from reset when a kernel lies in RAM.
 *
 * Brings the processor and the GRLIB devices to the state in which kernels are
 * used to be started: traps disabled, supervisor, window 0 with window 1
 * invalid, all registers zero, caches and MMU off, interrupts masked, UART
 * on, a microsecond prescaler with timer 1 free running (as QEMU's
 * leon3_generic starts it), and a stack.  Then it jumps to the kernel.
 *
 * The loader patches the words at boot_entry, boot_stack and boot_ram_size.
 * Any trap before the kernel has a trap table of its own is an error: a second
 * trap while traps are disabled, and the processor stops in error mode.
 */

#define NWINDOWS 8
#define ASI_MMU 0x19
#define PSR_START 0xc0		/* S, PS; PIL 0, ET 0, EF 0, CWP 0 */
#define PSR_EF 0x1000

#define MCTRL 0x80000000
#define MCFG1 0x00
#define MCFG2 0x04
#define MCFG3 0x08
/* PROM: 32 bits wide, 15 wait states; the I/O area on, 15 wait states. */
#define MCFG1_VALUE 0x10f802ff
/* SDRAM on, SRAM off, tRP 3, tRFC 10, CAS 3, 1024 columns; bank size added. */
#define MCFG2_VALUE 0xfc406000
#define MCFG2_BANK_SHIFT 23
/* A refresh every 7.8 microseconds of a 40 MHz clock. */
#define MCFG3_VALUE (311 << 12)

#define APBUART 0x80000100
#define UART_CONTROL 0x08
#define UART_SCALER 0x0c

#define IRQMP 0x80000200
#define IRQMP_LEVEL 0x00
#define IRQMP_CLEAR 0x0c
#define IRQMP_MASK 0x40
#define IRQMP_PFORCE 0x80

#define GPTIMER 0x80000300
#define GPTIMER_SCALER 0x00
#define GPTIMER_SRELOAD 0x04
#define TIMER1_RELOAD 0x14
#define TIMER1_CONTROL 0x18
#define TIMER2_CONTROL 0x28

#define DELAY nop; nop; nop

	.register %g2, #scratch
	.register %g3, #scratch
	.register %g6, #scratch
	.register %g7, #scratch

	.section .text, "ax"
	.global _start
_start:
	ba	reset
	nop
	nop
	nop
	.rept	255
	unimp	0		/* ET is 0 here: error mode */
	nop
	nop
	nop
	.endr

reset:
	wr	%g0, PSR_START, %psr
	DELAY
	wr	%g0, %wim
	wr	%g0, %tbr
	wr	%g0, %y
	DELAY
	sta	%g0, [%g0] ASI_MMU

	/* Every register of every window: memories power up with anything. */
	mov	NWINDOWS, %g1
1:	clr	%l0
	clr	%l1
	clr	%l2
	clr	%l3
	clr	%l4
	clr	%l5
	clr	%l6
	clr	%l7
	clr	%i0
	clr	%i1
	clr	%i2
	clr	%i3
	clr	%i4
	clr	%i5
	clr	%i6
	clr	%i7
	subcc	%g1, 1, %g1
	bne	1b
	save
	/* Eight saves on: window 0 again. */
	wr	%g0, 2, %wim
	DELAY

	/* The floating-point registers, where there are any: EF stays 0 else. */
	set	PSR_START | PSR_EF, %g1
	wr	%g1, %psr
	DELAY
	rd	%psr, %g2
	set	PSR_EF, %g1
	btst	%g1, %g2
	be	2f
	nop
	set	zeros, %g1
	ld	[%g1], %fsr
	.irp	pair, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	ldd	[%g1], %f\pair
	.endr
2:	wr	%g0, PSR_START, %psr
	DELAY

	/* Two banks of SDRAM hold all of RAM: 4 MiB << size each. */
	set	boot_ram_size, %g1
	ld	[%g1], %g2
	set	8 << 20, %g3
	clr	%g4
3:	cmp	%g3, %g2
	bgeu	4f
	cmp	%g4, 7
	be	4f
	nop
	add	%g4, 1, %g4
	ba	3b
	sll	%g3, 1, %g3
4:	sll	%g4, MCFG2_BANK_SHIFT, %g4
	set	MCFG2_VALUE, %g2
	or	%g2, %g4, %g2
	set	MCTRL, %g1
	st	%g2, [%g1 + MCFG2]
	set	MCFG1_VALUE, %g2
	st	%g2, [%g1 + MCFG1]
	set	MCFG3_VALUE, %g2
	st	%g2, [%g1 + MCFG3]

	set	IRQMP, %g1
	st	%g0, [%g1 + IRQMP_MASK]
	st	%g0, [%g1 + IRQMP_LEVEL]
	set	0xfffe0000, %g2
	st	%g2, [%g1 + IRQMP_PFORCE]
	srl	%g2, 16, %g2
	st	%g2, [%g1 + IRQMP_CLEAR]

	set	APBUART, %g1
	mov	129, %g2	/* 38400 baud from 40 MHz */
	st	%g2, [%g1 + UART_SCALER]
	mov	3, %g2		/* transmitter and receiver */
	st	%g2, [%g1 + UART_CONTROL]

	set	GPTIMER, %g1
	mov	39, %g2		/* a tick each microsecond */
	st	%g2, [%g1 + GPTIMER_SCALER]
	st	%g2, [%g1 + GPTIMER_SRELOAD]
	st	%g0, [%g1 + TIMER2_CONTROL]
	mov	-2, %g2
	st	%g2, [%g1 + TIMER1_RELOAD]
	mov	3, %g2		/* enabled, restarting */
	st	%g2, [%g1 + TIMER1_CONTROL]

	set	boot_entry, %g1
	ld	[%g1], %g1
	tst	%g1
	be	nothing_to_boot
	nop
	set	boot_stack, %g2
	ld	[%g2], %sp
	clr	%fp
	clr	%g2
	clr	%g3
	clr	%g4
	jmp	%g1
	nop

nothing_to_boot:
	unimp	0

	.section .boot, "a"
	.balign	8
zeros:	.word	0, 0
	.global	boot_entry, boot_stack, boot_ram_size
	.type	boot_entry, #object
	.size	boot_entry, 4
	.type	boot_stack, #object
	.size	boot_stack, 4
	.type	boot_ram_size, #object
	.size	boot_ram_size, 4
boot_entry:
	.word	0x40000000	/* where the kernel starts; 0: none */
boot_stack:
	.word	0x47ffffa0	/* initial %sp: the top of RAM less one frame */
boot_ram_size:
	.word	0x08000000	/* bytes */
