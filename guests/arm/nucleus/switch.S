/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one process's kernel stack to another's. */
    .syntax unified
    .arm
    .text

/* void stack_switch(u32 *save, u32 sp) */
    .global stack_switch
stack_switch:
    push    {r4-r11, lr}
    str     sp, [r0]
    mov     sp, r1
    pop     {r4-r11, pc}
