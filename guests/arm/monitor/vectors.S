/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor mode's vectors, and those of both worlds' supervisors. */
    .syntax unified
    .arch_extension sec
    .arm
    .text

    .macro  entry number
    push    {r0-r12, lr}
    mov     r0, #\number
    b       save_frame
    .endm

    .macro  table name, kind
    .balign 32
    .global \name
\name:
    b       .
    b       71f
    b       72f
    b       73f
    b       74f
    b       .
    b       76f
    b       77f
71: entry   1 | \kind
72: entry   2 | \kind
73: entry   3 | \kind
74: entry   4 | \kind
76: entry   6 | \kind
77: entry   7 | \kind
    .endm

    table   monitor_vectors, 0x100
    table   secure_vectors, 0x200
    table   normal_vectors, 0x300

save_frame:
    mrs     r1, spsr
    mrs     r2, cpsr
    push    {r0-r3}
    mov     r0, sp
    bl      trap
    pop     {r0-r3}
    msr     spsr_cxsf, r1
    pop     {r0-r12, lr}
    movs    pc, lr

/* void prepare_monitor(void): its stack; only the secure world may enter it like this. */
    .global prepare_monitor
prepare_monitor:
    cps     #0x16
    ldr     sp, =monitor_stack
    cps     #0x13
    bx      lr

    .section .stack, "aw", %nobits
    .space  4096
    .global monitor_stack
monitor_stack:
