/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into an attempt and out of it. */
#include "escape.h"

    .text
    .globl enter, leave
/* enter(code, ring, stack, flags); leave() returns from here, or from enter_v86. */
enter:
    pushal
    mov %esp, runner_esp
    mov 36(%esp), %eax
    mov 40(%esp), %ecx
    mov 44(%esp), %esi
    mov 48(%esp), %edi
    mov ring_code(,%ecx,4), %edx
    mov ring_data(,%ecx,4), %ebx
    test %esi, %esi
    jne 1f
    mov $attempt_stack_top, %esi
1:  jecxz 2f
    push %ebx
    push %esi
    jmp 3f
2:  mov %esi, %esp
3:  push %edi
    push %edx
    push %eax
    mov %ebx, %ds
    mov %ebx, %es
    xor %eax, %eax
    xor %ebx, %ebx
    iret

    .globl enter_v86
/* enter_v86(flags): what is at 0x9000 runs in virtual-8086 mode, its stack below 0x8800. */
enter_v86:
    pushal
    mov %esp, runner_esp
    mov 36(%esp), %edi
    push $0
    push $0
    push $0
    push $0
    push $0
    push $0x8800
    push %edi
    push $0x900
    push $0
    xor %eax, %eax
    xor %ebx, %ebx
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

    .bss
    .align 4096
    .skip 4096
attempt_stack_top:
    .globl trap_stack_top
    .skip 4096
trap_stack_top:
runner_esp: .long 0
