/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vectors, the way into user mode and out again (by an undefined instruction). */
    .syntax unified
    .arm
    .text

    .balign 32
    .global bench_vectors
bench_vectors:
    b       runtime_vectors
    b       leave_user
    b       trap_call_entry
    b       runtime_vectors + 0x0c
    b       runtime_vectors + 0x10
    b       runtime_vectors + 0x14
    b       irq_entry
    b       runtime_vectors + 0x1c

trap_call_entry:
    add     r0, r0, #1
    movs    pc, lr

irq_entry:
    sub     lr, lr, #4
    srsdb   sp!, #0x12
    push    {r0-r3, r12, lr}
    bl      irq
    pop     {r0-r3, r12, lr}
    rfeia   sp!

/* u32 in_user(u32 (*function)(u32), u32 argument) */
    .global in_user
in_user:
    push    {r4-r11, lr}
    ldr     r4, =supervisor_sp
    str     sp, [r4]
    mov     r2, r0
    mov     r0, r1
    mrs     r3, cpsr
    bic     r3, r3, #0x1f
    orr     r3, r3, #0x10
    msr     spsr_cxsf, r3
    adr     lr, 1f
    movs    pc, lr
1:  blx     r2
    udf     #0
leave_user:
    cps     #0x13
    ldr     r4, =supervisor_sp
    ldr     sp, [r4]
    pop     {r4-r11, pc}

    .bss
    .balign 4
supervisor_sp:
    .space  4
