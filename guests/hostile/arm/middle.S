/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumps into the middle of sensitive instructions, whose second halfwords are others. */
#include "hash.h"
    begin
    ldr     r4, =0x40300000
    mov     r8, #3
again:
    /* First as they are, then from the second halfword: both stay translated. */
    adr     r9, thumb + 1
    adr     r5, 1f
    bx      r9
1:  adr     r9, inside_cps + 1
    adr     r5, 2f
    bx      r9
2:  adr     r9, inside_mrs + 1
    adr     r5, 3f
    bx      r9
3:  subs    r8, r8, #1
    bne     again
    ldr     r0, [r4, #0x30]
    mix     r0
    show
    finish

    .thumb
    .balign 4
thumb:
    mov     r0, r4
    .inst.n 0xf3af                          /* cpsid.w i ... */
inside_cps:
    .inst.n 0x8620                          /* ... or strh r0, [r4, #0x30] */
    mix     r0
    .inst.n 0xf3ef                          /* mrs r3, cpsr ... */
inside_mrs:
    .inst.n 0x8300                          /* ... or strh r0, [r0, #0x18] */
    mix     r3
    cmp     r0, r0
    ite     ne
    mrsne   r3, cpsr
    mrseq   r2, cpsr
    mix     r2
    mix     r3
    bx      r5
    .balign 4
