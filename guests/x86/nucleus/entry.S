/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways in, the way out, and the way from one process's kernel stack to another's. */
#include "selectors.h"
#ifdef PARA
#include <hypercall.h>
#define KERNEL_DATA (DATA3 | 3)            /* flat, as all are */
#else
#define KERNEL_DATA DATA0
#endif

    .text
    .macro  STUB number, code=1
stub_\number:
    .if \code
    pushl $0                               /* the processor pushes no error code here */
    .endif
    pushl $\number
    jmp enter
    .section .rodata
    .long \number, stub_\number
    .text
    .endm

    .section .rodata
    .balign 4
    .globl stubs
stubs:
    .text
    STUB 0
    STUB 1
    STUB 2
    STUB 3
    STUB 4
    STUB 5
    STUB 6
    STUB 7
    STUB 8, 0
    STUB 9
    STUB 10, 0
    STUB 11, 0
    STUB 12, 0
    STUB 13, 0
    STUB 14, 0
    STUB 16
    STUB 17, 0
    STUB 18
    STUB 0x20
    STUB 0x80
#ifdef PARA
    .section .rodata
    .long HYPER_INT_X86, no_hypervisor
    .text
no_hypervisor:
    xor %eax, %eax
    iret
#endif
    .section .rodata
    .long 0, 0

    .text
    .globl trap_return, stack_switch
enter:
    pushal
    pushl %ds
    pushl %es
    mov $KERNEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    cld
    push %esp
    call trap
    add $4, %esp
trap_return:
    popl %es
    popl %ds
    popal
    add $8, %esp                           /* vector and error code */
#ifdef PARA
    push %eax
    mov $HYPER_RETURN, %eax
    int $HYPER_INT_X86
#else
    iret
#endif

/* void stack_switch(u32 *save, u32 sp) */
stack_switch:
    mov 4(%esp), %eax
    mov 8(%esp), %edx
    push %ebp
    push %ebx
    push %esi
    push %edi
    mov %esp, (%eax)
    mov %edx, %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
