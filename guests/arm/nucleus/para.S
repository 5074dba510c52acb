/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way in and the way out above a hypervisor, which leaves vector, sp, lr, pc and CPSR on the
 * kernel's stack; and the vectors of a machine that has none, where a hypercall is undefined. */
#include <hypercall.h>

    .syntax unified
    .arch_extension virt
    .arm
    .text

    .balign 32
    .global vectors
vectors:
    b       runtime_vectors
    b       no_hypervisor
    b       runtime_vectors + 0x08
    b       runtime_vectors + 0x0c
    b       runtime_vectors + 0x10
    b       runtime_vectors + 0x14
    b       runtime_vectors + 0x18
    b       runtime_vectors + 0x1c
no_hypervisor:
    mov     r0, #0
    movs    pc, lr

    .global para_entry
para_entry:
    push    {r0-r12}
    mov     r0, sp
    mov     r4, sp
    bic     sp, sp, #7                      /* as the procedure call standard wants it */
    bl      trap
    mov     sp, r4

    .global trap_return
trap_return:
    pop     {r0-r12}
    str     r12, [sp]                       /* in the vector's place */
    mov     r12, #HYPER_RETURN
    hvc     #HYPER_HVC_ARM
