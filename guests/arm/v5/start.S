/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-up, vectors and mode changes of the ARMv5TE guest.  There is no VBAR: the page
 * with the vectors is mapped at 0 (or 0xffff0000), so it runs wherever RAM is linked.
 */
    .syntax unified
    .arm

    .section .text.start, "ax"
    .global _start
_start:
    msr     cpsr_c, #0xd3
    mrc     p15, 0, r0, c1, c0, 0
    ldr     r1, =0x3187                     /* V I R S B C A M */
    bic     r0, r0, r1
    mcr     p15, 0, r0, c1, c0, 0
    mov     r0, #0
    mcr     p15, 0, r0, c8, c7, 0
    mcr     p15, 0, r0, c7, c7, 0
    msr     cpsr_c, #0xd7
    ldr     sp, =abort_stack
    msr     cpsr_c, #0xdb
    ldr     sp, =undefined_stack
    msr     cpsr_c, #0xdf
    ldr     sp, =system_stack
    msr     cpsr_c, #0xd3
    ldr     sp, =supervisor_stack
    ldr     r0, =bss_start
    ldr     r1, =bss_end
    mov     r3, #0
1:  cmp     r0, r1
    strlo   r3, [r0], #4
    blo     1b
    bl      main
    bl      exit_guest

    .text
/* u32 semihost(u32 operation, const void *argument) */
    .global semihost
semihost:
    push    {lr}
    svc     #0x123456
    pop     {pc}

    .macro  entry number, table
    push    {r0-r12, lr}
    mov     r0, #\number
    orr     r0, r0, #\table << 8
    ldr     pc, 70f
    .endm

    .macro  table name, id
    .balign 4096
    .global \name
\name:
    b       .
    b       71f
    b       72f
    b       73f
    b       74f
    b       .
    b       .
    b       .
71: entry   1, \id
72: entry   2, \id
73: entry   3, \id
74: entry   4, \id
70: .word   save_frame
    .endm

    table   low_vectors, 0
    table   high_vectors, 1
    .balign 4096

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

/* u32 run_user(u32 function): in user mode, until it returns or traps for good. */
    .global run_user
run_user:
    push    {r4-r11, lr}
    ldr     r1, =saved_stack
    str     sp, [r1]
    msr     cpsr_c, #0xdf
    ldr     sp, =system_stack
    ldr     lr, =user_end
    msr     cpsr_c, #0xd0
    bx      r0
user_end:
    svc     #0xe0d0
    .global unwind
unwind:
    msr     cpsr_c, #0xd3
    ldr     r1, =saved_stack
    ldr     sp, [r1]
    pop     {r4-r11, pc}
    .ltorg

    .bss
saved_stack:
    .space  4

    .section .stack, "aw", %nobits
    .balign 16
    .macro  stack name, size
    .space  \size
    .global \name
\name:
    .endm
    stack   abort_stack, 8192
    stack   undefined_stack, 8192
    stack   system_stack, 4096
    stack   supervisor_stack, 16384
