/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks for the real mode, and tries to leave it, from every mode by everything that might. */
#include "hash.h"
    .macro  attempts
    mrs     r0, cpsr
    mix     r0
    mrs     r0, spsr                        /* UNPREDICTABLE in System mode, whose bank is ours */
    mix     r0
    msr     cpsr_c, #0xdf
    mrs     r0, cpsr
    mix     r0
    mrsne   r0, cpsr
    mrseq   r1, cpsr
    mix     r0
    mix     r1
    mrc     p15, 0, r0, c1, c0, 0
    mix     r0
    mrc     p15, 4, r0, c1, c1, 0           /* HCR */
    mrc     p15, 0, r0, c1, c1, 0           /* SCR */
    mix     r0
    smc     #0
    hvc     #1
    eret_to_next
    setend  be
    ldr     r0, [pc, #-8]
    setend  le
    mix     r0
    .endm
    .macro  eret_to_next
    adr     lr, 9f
    mrs     r0, cpsr
    msr     spsr_cxsf, r0
    eret
9:
    .endm

    begin
    mov     r8, #0
all_modes:                                  /* also those that there are not */
    ldr     r1, =0x1c0
    orr     r1, r1, r8
    cmp     r8, #USR
    beq     next
    msr     cpsr_c, r1
    mrs     r0, cpsr
    mix     r0
    msr     cpsr_c, #0xd3
next:
    add     r8, r8, #1
    cmp     r8, #32
    blo     all_modes
    show
    cps     #SVC
    attempts
    show
    cps     #SVC
    msr     cpsr_c, #0xc0 | IRQ
    attempts
    show

    /* And from user mode, which it cannot leave but by a trap. */
    cps     #USR
    cps     #SVC
    cpsie   aif
    cpsid   i
    msr     cpsr_cxsf, #0xd3
    mrs     r0, cpsr
    mix     r0
    ldr     r1, =0x40300000
    .inst   0xe8d10001                      /* ldm r1, {r0}^ */
    .inst   0xe8c10001                      /* stm r1, {r0}^ */
    .inst   0xf84d0513                      /* srsia sp, #0x13 */
    .inst   0xf8910a00                      /* rfeia r1 */
    movs    pc, lr
    mrs     r0, spsr
    msr     spsr_cxsf, r0
    mrc     p15, 0, r0, c2, c0, 0
    mcr     p15, 0, r0, c1, c0, 0
    mcr     p15, 0, r0, c8, c7, 0
    mrc     p15, 0, r0, c13, c0, 3
    mix     r0
    mrc     p14, 0, r0, c0, c1, 0
    vmrs    r0, fpexc
    show
    finish
