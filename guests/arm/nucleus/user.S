/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: the first instruction, system calls, signals, and instructions that fault. */
#include "../../nucleus/calls.h"

    .syntax unified
    .arm
    .text
    .global user_start, call, signal_entry, recover
    .global try_load, try_store, try_illegal, try_divide, try_privileged, try_stack, kernel_address
user_start:                                 /* r0, r1: the arguments */
    bl      user_main
    mov     r12, #CALL_EXIT
    svc     #0

/* u32 call(u32 number, u32 a, u32 b, u32 c) */
call:
    mov     r12, r0
    mov     r0, r1
    mov     r1, r2
    mov     r2, r3
    svc     #0
    bx      lr

signal_entry:                               /* r0: the signal, r1: the address */
    bl      on_signal
    mov     r12, #CALL_SIGRETURN
    svc     #0

try_load:
    ldr     r0, [r0]
    bx      lr
try_store:
    str     r0, [r0]
    bx      lr
try_illegal:
    udf     #0
try_divide:                                 /* UDIV by zero is zero: the signal is sent by hand */
    cmp     r1, #0
    udivne  r0, r0, r1
    bxne    lr
    mov     r0, #1
    mov     r12, #CALL_RAISE
    svc     #0
try_privileged:
    mcr     p15, 0, r0, c7, c5, 0           /* ICIALLU */
    bx      lr
try_stack:
    mov     sp, r0
    push    {r0, lr}
recover:                                    /* as if the leaf routine returned */
    ldr     r0, =0x5afe5afe
    bx      lr

    .section .rodata
    .balign 4
kernel_address:
    .word   0x40200000
