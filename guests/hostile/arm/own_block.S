/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive instructions that store over those behind them: SRS, STM of user registers, STRT, each
 * in A32 and T32; the next instruction is the one that was stored. */
#include "hash.h"
    /* Two words behind the store are overwritten; then the way back at r5. */
    .macro  over_a32 name, store
    .balign 32
\name:
    \store
1:  mov     r0, #1
    mov     r0, #2
    mix     r0
    bx      r5
    .endm

    .macro  attack name, state
    ldr     r4, =\name
    adr     r5, 8f
    ldr     r8, =\name + 4
    mov     r0, #0
    mov     sp, r8
    orr     r4, r4, #(\state >> 4 & 1)
    bx      r4
    .balign 4
8:  mix     r0
    mrs     r0, cpsr
    mix     r0
    cpsid   aif, #SVC
    ldr     sp, =0x40400000
    .endm

    begin
    ldr     r9, =words
    mov     r10, #4
again:
    ldr     r1, [r9], #4                    /* what is stored first */
    ldr     r2, =0xe1a00000                 /* and then: mov r0, r0 */
    mov     lr, r1
    ldr     r6, =0x600001d3                 /* SPSR, as code: andvs */
    msr     spsr_cxsf, r6
    attack  a32_srs, 0
    mov     lr, r1
    attack  a32_stm, 0
    attack  a32_strt, 0
    subs    r10, r10, #1
    bne     again
    show
    ldr     r1, =0x2055b672                 /* T32: cpsid i; movs r0, #0x55 */
    ldr     r2, =0xbf00bf00
    mov     r10, #3
2:  mov     lr, r1
    ldr     r6, =0x1c00bf00                 /* SPSR: nop; adds r0, r0, #0 */
    msr     spsr_cxsf, r6
    attack  t32_srs, 16
    attack  t32_strt, 16
    add     r1, r1, #0x10000
    subs    r10, r10, #1
    bne     2b
    show
    finish

words:
    mov     r0, #0x77
    mrs     r0, cpsr
    cpsid   aif
    mov     r0, #0x99

    over_a32 a32_srs, ".inst 0xf8cd0513"    /* srsia sp, #SVC */
    over_a32 a32_stm, ".inst 0xe8c80006"    /* stm r8, {r1, r2}^ */
    over_a32 a32_strt, "strt r1, [r8]"
    .thumb
    .balign 32
t32_srs:
    .inst.w 0xe98dc013                      /* srsia sp, #SVC */
    movs    r0, #1
    movs    r0, #2
    movs    r0, #3
    movs    r0, #4
    mix     r0
    bx      r5
    .balign 32
t32_strt:
    strt    r1, [r8]
    movs    r0, #1
    movs    r0, #2
    mix     r0
    bx      r5
    .balign 4
