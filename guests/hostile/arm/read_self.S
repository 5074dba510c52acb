/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads its own code, sensitive instructions and all, before and after it has run. */
#include "hash.h"
    begin
    mov     r8, #4
again:
    adr     r9, first
    ldr     r4, =last
1:  ldr     r0, [r9], #4
    mix     r0
    cmp     r9, r4
    blo     1b
    /* Byte by byte, and with user mode's rights. */
    adr     r9, first
2:  ldrb    r0, [r9]
    mix     r0
    ldrbt   r0, [r9], #1
    mix     r0
    cmp     r9, r4
    blo     2b
first:
    cpsid   if
    mrs     r0, cpsr
    mix     r0
    msr     cpsr_c, #0xdf
    mrs     r0, cpsr
    mix     r0
    cps     #SVC
    mrc     p15, 0, r0, c1, c0, 0
    mix     r0
    ldrex   r0, [r9]
    mcr     p15, 0, r0, c13, c0, 4
    svc     #1
last:
    subs    r8, r8, #1
    bne     again
    show
    finish
