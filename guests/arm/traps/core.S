/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Undefined instructions, supervisor calls and breakpoints, from every mode and set. */
#include "situation.h"

    group   undefined
    situation "udf"
    udf     #0
    situation "udf with the largest immediate"
    udf     #0xffff
    thumb_situation "udf, Thumb"
    udf     #0
    thumb_situation "udf.w, Thumb"
    udf.w   #0xfff
    situation "udf, user", USR
    udf     #1
    thumb_situation "udf, Thumb, user", USR
    udf     #1
    situation "udf, system", SYS
    udf     #2
    situation "udf, IRQ mode", IRQ
    udf     #3
    situation "udf, FIQ mode", FIQ
    udf     #4
    situation "udf, abort mode", ABT
    udf     #5
    situation "udf, undefined mode", UND
    udf     #6
    situation "udf, resumed", SVC | RESUME
    mov     r0, #1
    udf     #7
    add     r0, r0, #1
    thumb_situation "udf in an IT block", SVC
    set_equal
    itt     eq
    moveq   r0, #1
    udfeq   #8
    situation "absent coprocessor, cdp"
    cdp     p7, 0, c0, c0, c0, 0
    situation "absent coprocessor, mcr"
    mcr     p4, 0, r0, c0, c0, 0
    situation "absent coprocessor, mrc, condition passed"
    set_equal
    mrceq   p4, 0, r0, c0, c0, 0
    situation "absent coprocessor, ldc"
    ldr     r0, =MAP_PLAIN
    ldc     p6, c0, [r0]
    thumb_situation "absent coprocessor, mcrr, Thumb"
    mcrr    p5, 0, r0, r1, c0
    situation "HCR from supervisor mode"
    mrc     p15, 4, r0, c1, c1, 0
    situation "SCTLR read, user", USR
    mrc     p15, 0, r0, c1, c0, 0
    situation "SCTLR write, user", USR
    mov     r0, #0
    mcr     p15, 0, r0, c1, c0, 0
    thumb_situation "TTBR0 write, Thumb, user", USR
    mov     r0, #0
    mcr     p15, 0, r0, c2, c0, 0
    situation "MIDR read, user", USR
    mrc     p15, 0, r0, c0, c0, 0
    situation "TLBIALL, user", USR
    mcr     p15, 0, r0, c8, c7, 0
    situation "ICIALLU, user", USR
    mcr     p15, 0, r0, c7, c5, 0
    situation "TPIDRURO write, user", USR
    mcr     p15, 0, r0, c13, c0, 3
    situation "TPIDRPRW read, user", USR
    mrc     p15, 0, r0, c13, c0, 4
    situation "TPIDRURW, user, allowed", USR
    ldr     r1, =0x12345678
    mcr     p15, 0, r1, c13, c0, 2
    mrc     p15, 0, r0, c13, c0, 2
    situation "CP15ISB, user, allowed", USR
    mcr     p15, 0, r0, c7, c5, 4
    situation "CNTVCT, user, CNTKCTL clear", USR
    mrrc    p15, 1, r0, r1, c14
    situation "CNTP_CTL, user, CNTKCTL clear", USR
    mrc     p15, 0, r0, c14, c2, 1
    situation "CNTV_TVAL write, user, CNTKCTL clear", USR
    mcr     p15, 0, r0, c14, c3, 0
    situation "PMCCNTR, user, PMUSERENR clear", USR
    mrc     p15, 0, r0, c9, c13, 0
    situation "DBGOSLAR write, user", USR
    mcr     p14, 0, r0, c1, c0, 4
    endgroup

    group   calls
    situation "svc"
    svc     #0x123
    situation "svc, largest immediate"
    svc     #0xffffff
    thumb_situation "svc, Thumb"
    svc     #0x21
    situation "svc, user", USR
    svc     #1
    thumb_situation "svc, Thumb, user", USR
    svc     #2
    situation "svc, system", SYS
    svc     #3
    situation "svc, IRQ mode", IRQ
    svc     #4
    situation "svc, FIQ mode", FIQ
    svc     #5
    situation "svc, abort mode", ABT
    svc     #6
    situation "svc, undefined mode", UND
    svc     #7
    situation "svc, condition passed"
    set_equal
    svceq   #8
    situation "svc, condition failed"
    set_equal
    mov     r0, #9
    svcne   #9
    thumb_situation "svc in an IT block, resumed", SVC | RESUME
    set_equal
    movs    r0, #0
    itttt   eq
    addeq   r0, r0, #1
    svceq   #10
    addeq   r0, r0, #2
    addeq   r0, r0, #4
    thumb_situation "svc in an IT block, condition failed"
    set_equal
    ite     eq
    moveq   r0, #11
    svcne   #11
    situation "svc, user, flags kept", USR | RESUME
    mov     r0, #0x80000000
    adds    r0, r0, r0
    svc     #12
    mrs     r0, cpsr
    situation "svc, user, big-endian data", USR
    setend  be
    svc     #13
    situation "svc, all registers kept", USR | RESUME | REGISTERS
    mov     r0, #0xa0
    mov     r1, #0xb1
    mov     r2, #0xc2
    mov     r3, #0xd3
    svc     #14
    eor     r0, r0, r1, lsl #8
    eor     r0, r0, r2, lsl #16
    eor     r0, r0, r3, lsl #24
    situation "bkpt"
    bkpt    #0x34
    situation "bkpt, user", USR
    bkpt    #0xffff
    thumb_situation "bkpt, Thumb"
    bkpt    #0x12
    thumb_situation "bkpt, Thumb, user", USR
    bkpt    #0xff
    situation "bkpt, resumed", SVC | RESUME
    mov     r0, #1
    bkpt    #1
    add     r0, r0, #4
    endgroup

    group   coprocessors_off
    situation "vmov, CPACR off"
    .inst   0xee000a10                      /* vmov s0, r0 */
    situation "vadd.i32 q, CPACR off"
    .inst   0xf2200840
    thumb_situation "vldr, Thumb, CPACR off"
    .inst.w 0xed900a00                      /* vldr s0, [r0] */
    situation "vmrs fpexc, CPACR off"
    .inst   0xeef80a10
    endgroup

    .fpu    neon-vfpv4
    group   coprocessors_disabled
    situation "vmov, FPEXC.EN clear"
    vmov    s0, r0
    situation "vadd.i32 q, FPEXC.EN clear"
    vadd.i32 q0, q0, q0
    situation "vmrs fpscr, FPEXC.EN clear"
    vmrs    r0, fpscr
    situation "vmrs fpexc, FPEXC.EN clear, allowed"
    vmrs    r0, fpexc
    situation "vmrs fpexc, user", USR
    vmrs    r0, fpexc
    endgroup

    group   coprocessors_privileged
    situation "vmov, privileged only, user", USR
    vmov    s0, r0
    situation "vmov, privileged only, supervisor"
    mov     r1, #0x3f000000
    vmov    s0, r1
    vadd.f32 s0, s0, s0
    vmov    r0, s0
    endgroup

    group   coprocessors_on
    situation "vadd.f32, user", USR
    mov     r1, #0x40000000
    vmov    s0, r1
    vmul.f32 s1, s0, s0
    vmov    r0, s1
    situation "vadd.i8 q, user", USR
    ldr     r1, =0x01020304
    vdup.32 q1, r1
    vadd.i8 q1, q1, q1
    vmov    r0, s7
    situation "vldr, abort"
    ldr     r0, =MAP_FAULT
    vldr    d0, [r0, #8]
    situation "vst1, abort, writeback undone", SVC | REGISTERS
    ldr     r0, =MAP_READ_ONLY
    vst1.32 {d0-d1}, [r0]!
    situation "vldm, user, abort on the second page", USR | REGISTERS
    ldr     r0, =PAGE_PLAIN + 0xff8
    mov     r1, #0
    vldm    r0!, {d0-d1}
    situation "vmrs fpexc, user, EN set", USR
    vmrs    r0, fpexc
    endgroup
