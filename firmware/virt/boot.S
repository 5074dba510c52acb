/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the `virt` board runs at reset when it is given a kernel and no firmware: the
 * register contract of the ARM Linux boot protocol, in the mode the processor reset to
 * (supervisor, secure supervisor or HYP).  The loader patches the words at the end.
 */
    .syntax unified
    .arm

    .section .text.vectors, "ax"
    .global vectors
vectors:
    b       reset
    .rept   7
    b       park                            /* a trap before the kernel has vectors */
    .endr

reset:
    mrc     p15, 0, r3, c0, c0, 5           /* MPIDR */
    movw    r2, #0xffff
    tst     r3, r2                          /* affinity levels 0 and 1 */
    bne     park
    ldr     r0, boot_arg0
    mvn     r1, #0                          /* machine type: the device tree says it */
    ldr     r2, boot_dtb
    ldr     r3, boot_entry
    bx      r3                              /* bit 0: a Thumb kernel */

/* Other processors wait to be started through PSCI, which sets their pc. */
park:
    wfi
    b       park

    .balign 64
    .global boot_entry, boot_dtb, boot_arg0
boot_entry:
    .word   0x40010000
boot_dtb:
    .word   0x40000000
boot_arg0:
    .word   0
