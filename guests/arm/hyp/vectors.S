/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HYP mode's vectors, and the supervisor's for what HYP mode makes virtual. */
    .syntax unified
    .arch_extension virt
    .arm
    .text

    .macro  hyp_entry number
    push    {r0-r12, lr}
    mov     r0, #\number
    b       save_frame
    .endm

    .balign 32
    .global hyp_vectors
hyp_vectors:
    b       .
    b       1f
    b       2f
    b       3f
    b       4f
    b       5f
    b       6f
    b       7f
1:  hyp_entry 1
2:  hyp_entry 2
3:  hyp_entry 3
4:  hyp_entry 4
5:  hyp_entry 5
6:  hyp_entry 6
7:  hyp_entry 7

save_frame:
    mrs     r1, elr_hyp
    mrs     r2, spsr
    push    {r0-r3}
    mov     r0, sp
    bl      hyp_trap
    pop     {r0-r3}
    msr     elr_hyp, r1
    msr     spsr_cxsf, r2
    pop     {r0-r12, lr}
    eret

    .macro  supervisor_entry number
    push    {r0-r3, r12, lr}
    mov     r0, #\number
    mrs     r1, spsr
    bl      supervisor_trap
    ldm     sp!, {r0-r3, r12, pc}^
    .endm

    .balign 32
    .global supervisor_vectors
supervisor_vectors:
    b       .
    b       11f
    b       12f
    b       13f
    b       14f
    b       .
    b       16f
    b       17f
11: supervisor_entry 1
12: supervisor_entry 2
13: sub     lr, lr, #4
    supervisor_entry 3
14: sub     lr, lr, #4
    supervisor_entry 4
16: sub     lr, lr, #4
    supervisor_entry 6
17: sub     lr, lr, #4
    supervisor_entry 7
