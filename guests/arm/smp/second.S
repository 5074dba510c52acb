/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where PSCI starts the second processor: its context, in r0, goes to second() on a stack of
 * its own.  And code that is written while the other processor runs it. */
    .syntax unified
    .arm

    .text
    .global second_start
second_start:
    ldr     sp, =second_stack
    bl      second
1:  wfi
    b       1b

/* A call of PSCI: function and two arguments. */
    .global psci
    .arch_extension virt
psci:
    hvc     #0
    bx      lr

    .section .data
    .balign 4096
    .global changing_code
changing_code:
    mov     r0, #0
    bx      lr
    .balign 4096

    .section .stack, "aw", %nobits
    .space  4096
second_stack:
