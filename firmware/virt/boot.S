/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the `virt` board runs at reset when it is given a kernel and no firmware: the
 * register contract of the ARM Linux boot protocol, in the mode the processor reset to
 * (supervisor, secure supervisor or HYP).  The loader patches the words at the end.
 * Only ARMv5 instructions: the board also takes an ARM926EJ-S.
 */
    .syntax unified
    .arch   armv5te
    .arm

    .section .text.vectors, "ax"
    .global vectors
vectors:
    b       reset
    .rept   7
    b       park                            /* a trap before the kernel has vectors */
    .endr

reset:
    /* MPIDR; before ARMv7's multiprocessing extensions bit 31 is clear (it reads as MIDR). */
    mrc     p15, 0, r3, c0, c0, 5
    tst     r3, #0x80000000
    beq     first
    movs    r3, r3, lsl #16                 /* affinity levels 0 and 1 */
    bne     park
first:
    ldr     r0, boot_arg0
    mvn     r1, #0                          /* machine type: the device tree says it */
    ldr     r2, boot_dtb
    ldr     r3, boot_entry
    bx      r3                              /* bit 0: a Thumb kernel */

/* Other processors wait to be started through PSCI, which sets their pc. */
park:
    .inst   0xe320f003                      /* wfi; a no-operation before ARMv6K */
    b       park

    .balign 64
    .global boot_entry, boot_dtb, boot_arg0
boot_entry:
    .word   0x40010000
boot_dtb:
    .word   0x40000000
boot_arg0:
    .word   0
