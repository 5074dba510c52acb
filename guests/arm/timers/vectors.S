/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only IRQs are expected: irq() gets each of them on the IRQ stack. */
    .syntax unified
    .arm
    .text
    .balign 32
    .global timer_vectors
timer_vectors:
    b       runtime_vectors
    b       runtime_vectors + 0x04
    b       runtime_vectors + 0x08
    b       runtime_vectors + 0x0c
    b       runtime_vectors + 0x10
    b       .
    b       take_irq
    b       runtime_vectors + 0x1c
take_irq:
    sub     lr, lr, #4
    push    {r0-r3, r12, lr}
    bl      irq
    ldm     sp!, {r0-r3, r12, pc}^
