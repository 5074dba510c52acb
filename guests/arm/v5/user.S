/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is tried in user mode, and interworking between ARM and Thumb. */
    .syntax unified
    .text

    .macro  function name
    .ltorg
    .balign 4
    .arm
    .global \name
\name:
    .endm

    function user_svc
    svc     #0x11
    bx      lr
    function user_undefined
    .inst   0xe7f000f0
    bx      lr
    function user_cp15
    mrc     p15, 0, r0, c1, c0, 0
    mcr     p15, 0, r0, c8, c7, 0
    bx      lr
    function user_msr
    msr     cpsr_c, #0xd3
    msr     cpsr_f, #0xf8000000
    mrs     r0, cpsr
    msr     cpsr_f, #0
    bx      lr
    function user_thumb_svc
    push    {lr}
    blx     1f
    pop     {pc}
    .thumb
    .balign 4
1:  svc     #0x22
    .inst.n 0xde00                          /* udf */
    bx      lr
    function user_privileged
    ldr     r1, =0x50500000
    ldr     r0, [r1]
    bx      lr
    function user_read_only
    ldr     r1, =0x50600000
    str     r0, [r1]
    ldr     r0, [r1]
    mov     r0, #6
    bx      lr

/* u32 interwork(void): a bit for every way into Thumb state and back. */
    function interwork
    push    {r4, lr}
    mov     r4, #0
    blx     from_blx
    adr     r0, from_register + 1
    blx     r0
    ldr     r0, =from_load + 1
    adr     lr, 1f
    push    {r0}
    ldr     pc, [sp], #4
1:  adr     r0, from_multiple + 1
    adr     lr, 2f
    push    {r0}
    ldm     sp!, {pc}
2:  mov     r0, r4
    pop     {r4, pc}
    .thumb
    .balign 4
from_blx:
    movs    r0, #1
    orrs    r4, r0
    bx      lr
    .balign 4
from_register:
    push    {lr}
    movs    r0, #2
    orrs    r4, r0
    blx     arm_part
    pop     {pc}                            /* to ARM state, by bit 0 */
    .balign 4
from_load:
    movs    r0, #4
    orrs    r4, r0
    bx      lr
    .balign 4
from_multiple:
    movs    r0, #8
    orrs    r4, r0
    bx      lr
    .arm
    .balign 4
arm_part:
    orr     r4, r4, #16
    bx      lr
    .ltorg
