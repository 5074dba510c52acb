/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways in, and the way out. */
    .syntax unified
    .arm
    .text

#define FRAME_VECTOR 52
#define FRAME_SP     56
#define FRAME_CPSR   68
#define MODE_SVC     0x13

    .balign 32
    .global vectors
vectors:
    b       .
    b       enter_1
    b       enter_2
    b       enter_3
    b       enter_4
    b       .
    b       enter_6
    b       .

    /* lr is `distance` past the address to return to. */
    .macro  enter number, distance
enter_\number:
    .if \distance
    sub     lr, lr, #\distance
    .endif
    srsdb   sp!, #MODE_SVC
    cps     #MODE_SVC
    sub     sp, sp, #12
    push    {r0-r12}
    mov     r0, #\number
    b       enter
    .endm
    enter   1, 4
    enter   2, 0
    enter   3, 4
    enter   4, 8
    enter   6, 4

enter:
    str     r0, [sp, #FRAME_VECTOR]
    ldr     r1, [sp, #FRAME_CPSR]
    tst     r1, #0xf                        /* user mode is 0x10 */
    add     r2, sp, #FRAME_SP
    stmeq   r2, {sp, lr}^
    strne   lr, [r2, #4]
    mov     r0, sp
    mov     r4, sp
    bic     sp, sp, #7                      /* as the procedure call standard wants it */
    bl      trap
    mov     sp, r4

    .global trap_return
trap_return:
    ldr     r1, [sp, #FRAME_CPSR]
    tst     r1, #0xf
    add     r2, sp, #FRAME_SP
    ldmeq   r2, {sp, lr}^
    ldrne   lr, [r2, #4]
    pop     {r0-r12}
    add     sp, sp, #12
    rfeia   sp!
