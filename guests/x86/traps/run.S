/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into a situation and out of it, and the stacks of every ring. */
#include "situation.h"

    .text
    .globl enter, leave, idt_register
/* enter(code, ring): run the code at that ring; leave() returns from here. */
enter:
    pushal
    mov %esp, runner_esp
    mov 36(%esp), %eax
    mov 40(%esp), %ecx
    mov ring_code(,%ecx,4), %edx
    mov ring_data(,%ecx,4), %ebx
    jecxz 1f
    push %ebx
    push $user_stack_top
    jmp 2f
1:  mov $kernel_stack_top, %esp
2:  pushl initial_flags
    push %edx
    push %eax
    mov %ebx, %ds
    mov %ebx, %es
    mov %ebx, %fs
    mov %ebx, %gs
    xor %eax, %eax
    xor %ebx, %ebx
    xor %ecx, %ecx
    xor %edx, %edx
    xor %esi, %esi
    xor %edi, %edi
    xor %ebp, %ebp
    iret

leave:
    cli
    mov $DATA0, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    mov runner_esp, %esp
    pushl $2
    popfl
    popal
    ret

    .section .rodata
    .align 4
ring_code: .long CODE0, CODE1 | 1, 0, CODE3 | 3
ring_data: .long DATA0, DATA1 | 1, 0, DATA3 | 3

idt_register:
    .word 64 * 8 - 1
    .long idt

    .macro STACK name
    .globl \name\()_stack, \name\()_stack_top
    .align 4096
\name\()_stack:
    .skip 4096
\name\()_stack_top:
    .endm

    .bss
    STACK kernel
    STACK user
    STACK trap
    STACK ring1
    STACK fault
    STACK task
runner_esp: .long 0

    .data
    .globl initial_flags
initial_flags: .long 2                   /* EFLAGS a situation starts with */
