/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interrupt that is pending while code of each kind begins to run. */
#include "situation.h"

    /* Pends SGI 1 and returns to \spsr, where the IRQ is taken at once. */
    .macro  interrupted spsr
    ldr     r1, =0x08000f00
    ldr     r2, =0x02000001
    str     r2, [r1]
    dsb
    ldr     r1, =\spsr
    msr     spsr_cxsf, r1
    adr     lr, 1f
    movs    pc, lr
    .endm

    group   interrupted
    situation "IRQ in user mode"
    interrupted 0x50
1:  mov     r0, #1
    svc     #SVC_END
    situation "IRQ in user mode, Thumb"
    interrupted 0x70
    .thumb
    .balign 4
1:  movs    r0, #2
    finish
    .arm
    situation "IRQ in system mode"
    interrupted 0x5f
1:  mov     r0, #3
    finish
    situation "IRQ in FIQ mode"
    interrupted 0x51
1:  mov     r0, #4
    finish
    situation "IRQ in undefined mode"
    interrupted 0x5b
1:  mov     r0, #5
    finish
    situation "IRQ between svc and its handler's end", SVC | RESUME
    ldr     r1, =0x08000f00
    ldr     r2, =0x02000001
    str     r2, [r1]
    dsb
    svc     #0x44
    cpsie   i
    nop
    cpsid   i
    mov     r0, #6
    endgroup
