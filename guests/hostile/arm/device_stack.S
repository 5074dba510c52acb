/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Its stack is a device, then nothing at all: exception frames go there. */
#include "hash.h"
    begin
    /* To the PL011's data register: frames are printed. */
    ldr     sp, =UART + 8
    ldr     lr, =0x0a6b6f
    ldr     r0, =0x1d3
    msr     spsr_cxsf, r0
    srsdb   sp!, #SVC
    mix     sp
    ldr     sp, =UART + 4
    ldr     r0, =0x21
    push    {r0}
    mix     sp
    ldr     sp, =UART + 0x18                /* flags: read only */
    srsia   sp, #SVC
    ldm     sp, {r0, r1}^
    mix     r0
    /* To the GIC's distributor. */
    ldr     sp, =0x08000100
    srsia   sp!, #SVC
    mix     sp
    ldr     r0, =0x08000100
    ldr     r0, [r0]
    mix     r0
    stm     sp, {r0-r3}^
    /* To nowhere. */
    ldr     sp, =0x30000100
    srsdb   sp!, #SVC
    mix     sp
    push    {r0-r3}
    mix     sp
    ldm     sp, {r0, r1}^
    pop     {r0}
    mix     sp
    .inst   0xf8bd0a00                      /* rfeia sp! */
    mix     sp
    cps     #IRQ
    ldr     sp, =0x30000200
    cps     #SVC
    srsdb   sp!, #IRQ
    cps     #IRQ
    mix     sp
    cps     #SVC
    mov     sp, #1                          /* nor is it aligned */
    srsdb   sp!, #SVC
    mix     sp
    show
    finish
