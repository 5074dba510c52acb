/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of int $0x30 and int $0x31, and the way into ring 3. */
#include "../../x86/runtime/selectors.h"

    .text
    .globl trap_call_entry, leave_user_entry, in_user
trap_call_entry:
    inc %eax
    iret

/* u32 in_user(u32 (*function)(u32), u32 argument) */
in_user:
    mov 4(%esp), %ecx
    mov 8(%esp), %edx
    push %ebx
    push %esi
    push %edi
    push %ebp
    mov %esp, supervisor_esp
    mov $DATA3 | 3, %eax
    mov %eax, %ds
    mov %eax, %es
    push %eax
    push $user_stack_top
    pushfl
    push $CODE3 | 3
    push $1f
    iret
1:  push %edx
    call *%ecx
    int $0x31

leave_user_entry:
    mov $DATA0, %edx
    mov %edx, %ds
    mov %edx, %es
    mov %edx, %fs
    mov %edx, %gs
    mov supervisor_esp, %esp
    pop %ebp
    pop %edi
    pop %esi
    pop %ebx
    ret

    .bss
    .align 16
supervisor_esp:
    .skip 16
    .skip 4096
user_stack_top:
    .skip 4096
    .globl trap_stack_top
trap_stack_top:
