/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One stub for each of 64 vectors; all build a struct frame and call trap(). */
#include "selectors.h"

    .text
    .macro STUB number
stub_\number:
    /* 8, 10 to 14 and 17 push an error code; the others get a zero. */
    .if (\number != 8) && (\number != 17) && ((\number < 10) || (\number > 14))
    pushl $0
    .endif
    pushl $\number
    jmp enter_trap
    .endm

    .altmacro
    .set n, 0
    .rept 64
    STUB %n
    .set n, n + 1
    .endr

    .globl enter_trap
enter_trap:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    pushfl
    mov $DATA0, %eax
    mov %eax, %ds
    mov %eax, %es
    cld
    push %esp
    call trap
    add $8, %esp                           /* the argument and the handler's flags */
    popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    add $8, %esp                           /* vector and error code */
    iret

    .section .rodata
    .align 4
    .globl vector_stubs
    .macro ADDRESS number
    .long stub_\number
    .endm
vector_stubs:
    .set n, 0
    .rept 64
    ADDRESS %n
    .set n, n + 1
    .endr
