/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes its own code: sensitive instructions in place of others and back, ahead and behind. */
#include "hash.h"
    begin
    mov     r8, #12
    adr     r9, slot
    adr     r4, choices
again:
    and     r0, r8, #7
    ldr     r1, [r4, r0, lsl #2]
    str     r1, [r9]
    synchronize r9
    mov     r0, #0x5a
    bl      slot
    mix     r0
    mrs     r1, cpsr
    mix     r1
    msr     cpsr_c, #0xc0 | SVC
    subs    r8, r8, #1
    bne     again
    show

    /* The instruction right ahead, in the same straight run. */
    mov     r8, #3
2:  adr     r9, ahead
    ldr     r1, =0xe10f0000                 /* mrs r0, cpsr */
    tst     r8, #1
    ldreq   r1, =0xe3a000aa                 /* mov r0, #0xaa */
    str     r1, [r9]
    synchronize r9
ahead:
    nop
    mix     r0
    subs    r8, r8, #1
    bne     2b

    /* A sensitive instruction that overwrites itself before it is met again. */
    mov     r8, #2
3:  adr     r9, self
    ldr     r1, =0xe3a00077                 /* mov r0, #0x77 */
self:
    mrs     r0, cpsr
    str     r1, [r9]
    synchronize r9
    mix     r0
    subs    r8, r8, #1
    bne     3b
    show
    finish

    .balign 64
slot:
    nop
    bx      lr
choices:
    mrs     r0, cpsr
    cpsid   if, #SVC
    mov     r0, #7
    msr     cpsr_c, #0xd3
    mrc     p15, 0, r0, c0, c0, 0
    udf     #3
    cpsie   a
    mrs     r0, spsr
