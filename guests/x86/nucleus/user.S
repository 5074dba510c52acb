/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: the first instruction, system calls, signals, and instructions that fault. */
#include "../../nucleus/calls.h"

    .text
    .globl user_start, call, signal_entry, recover
    .globl try_load, try_store, try_illegal, try_divide, try_privileged, try_stack, kernel_address
user_start:                                /* EAX, EDX: the arguments */
    push %edx
    push %eax
    call user_main
    mov %eax, %ebx
    mov $CALL_EXIT, %eax
    int $0x80

/* u32 call(u32 number, u32 a, u32 b, u32 c) */
call:
    push %ebx
    mov 8(%esp), %eax
    mov 12(%esp), %ebx
    mov 16(%esp), %ecx
    mov 20(%esp), %edx
    int $0x80
    pop %ebx
    ret

signal_entry:                              /* EAX: the signal, EDX: the address */
    push %edx
    push %eax
    call on_signal
    add $8, %esp
    mov %eax, %ebx
    mov $CALL_SIGRETURN, %eax
    int $0x80

try_load:
    mov 4(%esp), %eax
    mov (%eax), %eax
    ret
try_store:
    mov 4(%esp), %eax
    mov %eax, (%eax)
    ret
try_illegal:
    ud2
try_divide:
    mov 4(%esp), %eax
    xor %edx, %edx
    divl 8(%esp)
    ret
try_privileged:
    cli
    ret
try_stack:
    mov 4(%esp), %esp
    call try_load
recover:                                   /* as if the leaf routine returned */
    mov $0x5afe5afe, %eax
    ret

    .section .rodata
    .balign 4
kernel_address:
    .long 0x00100000
