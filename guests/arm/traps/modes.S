/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Banked registers, mode changes that are and are not allowed, and exception returns. */
#include "situation.h"

    /* Leaves \mode's sp, lr and SPSR as they were; mixes what it read back into r0. */
    .macro  bank mode, value
    cps     #\mode
    mov     r2, sp
    mov     r3, lr
    ldr     r1, =\value
    mov     sp, r1
    mov     lr, r1
    .if     \mode - SYS
    mrs     r12, spsr
    ldr     r1, =0x600001d3
    msr     spsr_cxsf, r1
    .endif
    cps     #SVC
    add     r0, r0, r0, ror #31
    cps     #\mode
    eor     r0, r0, sp
    eor     r0, r0, lr, lsl #3
    .if     \mode - SYS
    mrs     r1, spsr
    eor     r0, r0, r1
    msr     spsr_cxsf, r12
    .endif
    mov     sp, r2
    mov     lr, r3
    cps     #SVC
    .endm

    /* Runs the returning code in \spsr, with sp and lr of supervisor mode kept. */
    .macro  returning spsr
    mov     r2, lr
    ldr     r1, =\spsr
    msr     spsr_cxsf, r1
    .endm

    group   modes
    situation "sp, lr and SPSR of every mode"
    mov     r0, #0
    bank    FIQ, 0x11111100
    bank    IRQ, 0x22222200
    bank    ABT, 0x44444400
    bank    UND, 0x55555500
    bank    SYS, 0x66666600
    situation "r8 to r12 of FIQ mode"
    mov     r8, #8
    mov     r12, #12
    cps     #FIQ
    mov     r8, #0x80
    mov     r12, #0xc0
    cps     #SVC
    add     r0, r8, r12, lsl #8
    cps     #FIQ
    add     r0, r0, r8, lsl #16
    add     r0, r0, r12, lsl #24
    cps     #SVC
    situation "cps to a mode, user: ignored", USR
    cps     #SVC
    mrs     r0, cpsr
    and     r0, r0, #0x1f
    situation "cpsid, user: ignored", USR
    mrs     r1, cpsr
    cpsid   if
    cpsie   if
    mrs     r0, cpsr
    eor     r0, r0, r1
    situation "msr cpsr_c, user: ignored", USR
    mrs     r1, cpsr
    msr     cpsr_c, #0x13
    mrs     r0, cpsr
    eor     r0, r0, r1
    situation "msr cpsr_f, user", USR
    msr     cpsr_f, #0xf0000000
    mrs     r0, cpsr
    and     r0, r0, #0xf8000000
    situation "msr cpsr_s, user, GE bits", USR
    msr     cpsr_s, #0x000a0000
    mrs     r0, cpsr
    and     r0, r0, #0x000f0000
    situation "msr cpsr_c to system mode"
    mrs     r1, cpsr
    msr     cpsr_c, #0xdf
    mrs     r0, cpsr
    msr     cpsr_c, r1
    situation "movs pc, lr to user mode"
    returning 0x600001d0
    adr     lr, 1f
    movs    pc, lr
1:  mrs     r0, cpsr
    svc     #0x11
    situation "subs pc, lr, #4 to Thumb user mode"
    returning 0x900001f0
    adr     lr, 1f + 4
    subs    pc, lr, #4
    .thumb
    .balign 4
1:  mrs     r0, cpsr
    svc     #0x12
    .arm
    .balign 4
    situation "ldm with pc and ^ to system mode"
    returning 0x200001df
    adr     r1, 1f
    push    {r0, r1}
    ldm     sp!, {r0, pc}^
1:  mrs     r0, cpsr
    svc     #0x13
    situation "rfe to user mode"
    adr     r1, 1f
    ldr     r2, =0x300001d0
    push    {r1, r2}
    rfeia   sp!
1:  mrs     r0, cpsr
    svc     #0x14
    situation "rfe into an IT block"
    /* ITSTATE 0x04: one more instruction, EQ, and Z is clear, so it is skipped. */
    mov     r0, #0
    adr     r1, 1f
    ldr     r2, =0x000005f0
    push    {r1, r2}
    rfeia   sp!
    .thumb
    .balign 4
1:  .inst.n 0x3001                          /* adds r0, #1 */
    .inst.n 0x3002                          /* adds r0, #2 */
    svc     #0x15
    .arm
    .balign 4
    situation "srs to another mode's stack"
    ldr     r2, =0x900001d1
    msr     spsr_cxsf, r2
    ldr     lr, =0x4321
    cps     #IRQ
    mov     r2, sp
    cps     #SVC
    srsdb   sp!, #IRQ
    cps     #IRQ
    sub     r0, r2, sp
    pop     {r1, r3}
    cps     #SVC
    eor     r0, r0, r1
    eor     r0, r0, r3
    situation "stm of the user bank"
    cps     #SYS
    mov     r2, sp
    mov     r3, lr
    ldr     r1, =0x5555aaaa
    mov     sp, r1
    ldr     lr, =0x0000ffff
    cps     #SVC
    sub     sp, sp, #8
    stm     sp, {sp, lr}^
    nop
    cps     #SYS
    mov     sp, r2
    mov     lr, r3
    cps     #SVC
    pop     {r1, r2}
    eor     r0, r1, r2
    situation "ldm of the user bank"
    ldr     r1, =0x01230000
    ldr     r2, =0x00004567
    push    {r1, r2}
    cps     #SYS
    mov     r2, sp
    mov     r3, lr
    cps     #SVC
    ldm     sp, {sp, lr}^
    nop
    add     sp, sp, #8
    cps     #SYS
    orr     r0, sp, lr
    mov     sp, r2
    mov     lr, r3
    cps     #SVC
    situation "ldm of the user bank, abort"
    ldr     r1, =MAP_FAULT + 0x30
    ldm     r1, {r2, lr}^
    situation "rfe, abort"
    ldr     r1, =MAP_FAULT + 0x50
    rfeia   r1
    situation "srs, abort"
    cps     #IRQ
    mov     r2, sp
    ldr     sp, =MAP_READ_ONLY + 0x100
    cps     #SVC
    srsdb   sp!, #IRQ
    situation "restore the IRQ stack"
    cps     #IRQ
    ldr     sp, =irq_stack
    cps     #SVC
    endgroup
