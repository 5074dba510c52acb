/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks and operands where there is no memory: loads give all ones, stores are lost. */
#include "escape.h"

#define STACK HOLE + 0x800

    .macro STACKED title, ring, code:vararg
    ATTEMPT "\title", ring=\ring, stack=STACK
    \code
    mov %esp, %ebx
    FINISH
    .endm
    STACKED "push", 3, push %eax
    STACKED "push-pop", 3, push %eax; pop %eax
    STACKED "pushf", 3, pushf
    STACKED "pushf-pop", 3, pushf; pop %eax
    STACKED "popf", 3, popf; pushf; nop
    STACKED "iret", 3, iret
    STACKED "lret", 3, lret
    STACKED "pop-ds", 3, pop %ds
    STACKED "pop-fs", 3, pop %fs
    STACKED "call-ret", 3, call 1f; 1: ret
    STACKED "int", 3, int $END
    STACKED "far-call", 3, lcall $CODE3 + 3, $1f; 1: nop
    STACKED "enter-leave", 3, enter $8, $1; leave
    STACKED "pusha-popa", 3, pusha; popa
    STACKED "ring1-pushf", 1, pushf; pop %eax

    /* In ring 0 nothing may trap with such a stack. */
    .macro BORROWED title, address, code:vararg
    ATTEMPT "\title"
    mov %esp, %ebp
    mov $\address, %esp
    \code
    mov %esp, %ebx
    mov %ebp, %esp
    FINISH
    .endm
    BORROWED "kernel-pushf", STACK, pushf; pop %eax
    BORROWED "kernel-push-cs", STACK, push %cs; pop %eax
    BORROWED "rom-pushf", ROM + 0x20, pushf; pop %eax
    BORROWED "rom-pop", ROM, pop %eax

    .macro OPERAND title, code:vararg
    ATTEMPT "\title"
    \code
    FINISH
    .endm
    OPERAND "sgdt-nowhere", sgdt HOLE
    OPERAND "sidt-rom", sidt ROM; mov ROM, %eax
    OPERAND "smsw-nowhere", smsw HOLE
    OPERAND "str-nowhere", str HOLE
    OPERAND "lgdt-nowhere", sgdt saved; lgdt HOLE; sgdt told; lgdt saved; mov told, %eax; mov told + 2, %ebx
    OPERAND "mov-ds-nowhere", mov HOLE, %ds
    OPERAND "lds-nowhere", lds HOLE, %eax
    OPERAND "ljmp-nowhere", ljmp *HOLE
    OPERAND "lldt-nowhere", lldt HOLE
    OPERAND "lar-nowhere", lar HOLE, %eax; setz %bl
    .bss
    .globl told
saved: .skip 8
told: .skip 8
