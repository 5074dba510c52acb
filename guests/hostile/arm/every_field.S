/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uses every register that a monitor has to keep for it: banks, status and system registers. */
#include "hash.h"
    .macro  fill mode, value
    cps     #\mode
    ldr     r0, =\value
    mov     sp, r0
    mvn     lr, r0
    .if     \mode - SYS
    bic     r1, r0, #0xf
    msr     spsr_cxsf, r1
    .endif
    .endm
    .macro  see mode
    cps     #\mode
    mix     sp
    mix     lr
    .if     \mode - SYS
    mrs     r0, spsr
    mix     r0
    .endif
    .endm
    .macro  system crn, crm, opc2, value
    ldr     r0, =\value
    mcr     p15, 0, r0, \crn, \crm, \opc2
    mrc     p15, 0, r0, \crn, \crm, \opc2
    mix     r0
    .endm

    begin
    mov     r8, #0x80
    mov     r9, #0x90
    mov     r10, #0xa0
    mov     r11, #0xb0
    mov     r12, #0xc0
    fill    FIQ, 0x91a2b3c4
    mvn     r8, r0
    add     r9, r8, #1
    add     r10, r9, #1
    add     r11, r10, #1
    add     r12, r11, #1
    fill    IRQ, 0x22334455
    fill    ABT, 0x33445566
    fill    UND, 0x44556677
    fill    SYS, 0x55667788
    fill    SVC, 0x66778899
    see     SYS
    see     UND
    see     ABT
    see     IRQ
    see     FIQ
    mix     r8
    mix     r9
    mix     r10
    mix     r11
    mix     r12
    see     SVC
    mix     r8
    mix     r9
    mix     r10
    mix     r11
    mix     r12
    /* The user bank by the block transfers, from FIQ mode, where it is five more registers. */
    cps     #FIQ
    ldr     r0, =0x40300000
    stm     r0, {r0-r14}^
    ldr     r1, [r0, #52]
    mix     r1
    ldr     r1, [r0, #48]
    mix     r1
    ldr     r1, =0x1234
    str     r1, [r0, #32]
    ldm     r0, {r8, r9, r14}^
    mix     r8
    cps     #SVC
    mix     r8
    mix     r9
    ldr     sp, =0x40400000

    system  c1, c0, 2, 0x00f00000           /* CPACR */
    system  c2, c0, 0, 0x12344000           /* TTBR0 */
    system  c2, c0, 1, 0x22344000
    system  c2, c0, 2, 0x00000001           /* TTBCR */
    system  c3, c0, 0, 0x55555555           /* DACR */
    system  c5, c0, 0, 0xffffffff           /* DFSR */
    system  c5, c0, 1, 0xffffffff
    system  c6, c0, 0, 0x87654321           /* DFAR */
    system  c6, c0, 2, 0x12345678
    system  c7, c4, 0, 0xfffff001           /* PAR */
    system  c10, c2, 0, 0x000a81a8          /* PRRR */
    system  c10, c2, 1, 0x44e048e0          /* NMRR */
    system  c13, c0, 1, 0x00012345          /* CONTEXTIDR */
    system  c13, c0, 2, 0x11111111          /* TPIDRURW, URO, PRW */
    system  c13, c0, 3, 0x22222222
    system  c13, c0, 4, 0x33333333
    system  c14, c1, 0, 0x00000303          /* CNTKCTL */
    system  c9, c14, 0, 1                   /* PMUSERENR */
    system  c0, c0, 0, 0xffffffff           /* MIDR: read-only */
    ldr     r0, =0x40000000
    vmsr    fpexc, r0
    vmrs    r0, fpexc
    mix     r0
    vmrs    r0, mvfr0
    mix     r0
    vmov    s0, r7
    vadd.f32 s0, s0, s0
    vmov    r0, s0
    mix     r0
    show
    finish
