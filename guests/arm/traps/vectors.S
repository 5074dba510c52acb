/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vector tables and the way into trap(): every trap saves the same frame on the
 * stack of the mode it was taken to, so traps nest to any depth.
 */
#include "situation.h"

    /* One trap's code: number and table, then the shared part by absolute address,
       because a table may run where it was not linked (high vectors). */
    .macro  trap_entry number, table
    push    {r0-r12, lr}
    mov     r0, #\number
    orr     r0, r0, #\table << 8
    ldr     pc, 7800f
    .endm

    .macro  vector_table name, table
    .balign 4096
    .global \name
\name:
    b       .
    b       7701f
    b       7702f
    b       7703f
    b       7704f
    b       .
    b       7706f
    b       7707f
7701:
    trap_entry 1, \table
7702:
    trap_entry 2, \table
7703:
    trap_entry 3, \table
7704:
    trap_entry 4, \table
7706:
    trap_entry 6, \table
7707:
    trap_entry 7, \table
    .balign 4
7800:
    .word   save_frame
    .balign 4096
    .endm

    .arm
    vector_table low_vectors, 0
    vector_table moved_vectors, 1
    vector_table high_vectors, 2

    /* SCTLR.TE: the processor enters these in Thumb state, four bytes apart. */
    .thumb
    .balign 4096
    .global thumb_vectors
thumb_vectors:
    b.w     .
    b.w     7701f
    b.w     7702f
    b.w     7703f
    b.w     7704f
    b.w     .
    b.w     7706f
    b.w     7707f
    .macro  thumb_entry number
    push.w  {r0-r12, lr}
    movw    r0, #\number | 3 << 8
    b       thumb_to_arm
    .endm
7701:
    thumb_entry 1
7702:
    thumb_entry 2
7703:
    thumb_entry 3
7704:
    thumb_entry 4
7706:
    thumb_entry 6
7707:
    thumb_entry 7
thumb_to_arm:
    mrs     r2, cpsr                        /* before T is lost */
    ldr     r3, =save_frame_cpsr
    bx      r3
    .ltorg
    .balign 4

    .arm
save_frame:
    mrs     r2, cpsr
save_frame_cpsr:
    mrs     r1, spsr
    push    {r0-r3}
    mov     r0, sp
    bl      trap
    ldr     r1, [sp, #4]
    msr     spsr_cxsf, r1
    add     sp, sp, #16
    pop     {r0-r12, lr}
    movs    pc, lr

/* u32 run_in_mode(u32 function, u32 mode): the function's r0, or what unwind() gave. */
    .global run_in_mode
run_in_mode:
    push    {r4-r11, lr}
    sub     sp, sp, #4
    ldr     r2, =unwind_stack
    str     sp, [r2]
    mov     r4, r0                          /* not banked in any mode */
    mrs     r2, cpsr
    bic     r2, r2, #0xf8000000
    bic     r2, r2, #0x1f
    orr     r2, r2, r1
    ldr     r3, =situation_end
    msr     cpsr_cf, r2
    mov     lr, r3
    mov     r0, #0
    mov     r1, #0
    mov     r2, #0
    mov     r3, #0
    bx      r4
    .ltorg

/* A situation returned: in user mode the first instruction does nothing. */
    .global situation_end
situation_end:
    cps     #SVC
    svc     #SVC_END

/* void unwind(u32 result, struct frame *frame): give the handler's stack back, leave. */
    .global unwind
unwind:
    add     sp, r1, #FRAME_SIZE
    cpsid   aif, #SVC
    ldr     r2, =unwind_stack
    ldr     sp, [r2]
    add     sp, sp, #4
    pop     {r4-r11, pc}

/* u32 call_with_irq(void (*function)(void)): another IRQ cannot hurt lr_irq meanwhile. */
    .global call_with_irq
call_with_irq:
    push    {r4-r6, lr}
    mrs     r4, cpsr
    and     r6, sp, #7
    cpsie   i, #SYS
    mov     r5, lr                          /* system mode's own lr */
    blx     r0
    mov     lr, r5
    msr     cpsr_c, r4
    pop     {r4-r6, pc}
    .ltorg

    .bss
    .balign 4
unwind_stack:
    .space  4
