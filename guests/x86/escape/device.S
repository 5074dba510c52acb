/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks and operands where there is no memory: loads give all ones, stores are lost. */
#include "escape.h"

#define STACK HOLE + 0x800

    .macro STACKED title, ring, code
    ATTEMPT "\title", ring=\ring, stack=STACK
    \code
    mov %esp, %ebx
    FINISH
    .endm
    STACKED "push", 3, "push %eax"
    STACKED "push-pop", 3, "push %eax; pop %eax"
    STACKED "pushf", 3, "pushf"
    STACKED "pushf-pop", 3, "pushf; pop %eax"
    STACKED "popf", 3, "popf; pushf; nop"
    STACKED "lret", 3, "lret"
    STACKED "pop-ds", 3, "pop %ds"
    STACKED "pop-fs", 3, "pop %fs"
    STACKED "call-pop", 3, "call 1f; 1: pop %eax"
    STACKED "int", 3, "int $end_"
    STACKED "far-call", 3, "lcall $code3_ + 3, $1f; 1: nop"
    STACKED "enter-leave", 3, "enter $8, $1; leave"
    STACKED "pusha-popa", 3, "pusha; popa"
    STACKED "ring1-pushf", 1, "pushf; pop %eax"

    /* In ring 0 nothing may trap with such a stack. */
    .macro BORROWED title, address, code
    ATTEMPT "\title"
    mov %esp, %ebp
    mov $\address, %esp
    \code
    mov %esp, %ebx
    mov %ebp, %esp
    FINISH
    .endm
    BORROWED "kernel-pushf", STACK, "pushf; pop %eax"
    BORROWED "kernel-push-cs", STACK, "push %cs; pop %eax"
    BORROWED "rom-pushf", ROM + 0x20, "pushf; pop %eax"
    BORROWED "rom-pop", ROM, "pop %eax"

    .macro OPERAND title, code
    ATTEMPT "\title"
    \code
    FINISH
    .endm
    OPERAND "sgdt-nowhere", "sgdt hole_"
    OPERAND "sidt-rom", "sidt rom_; mov rom_, %eax"
    OPERAND "smsw-nowhere", "smsw hole_"
    OPERAND "str-nowhere", "str hole_"
    OPERAND "lgdt-nowhere", "sgdt saved; lgdt hole_; sgdt told; lgdt saved; mov told, %eax; mov told + 2, %ebx"
    OPERAND "mov-ds-nowhere", "mov hole_, %ds"
    OPERAND "lds-nowhere", "lds hole_, %eax"
    OPERAND "ljmp-nowhere", "ljmp *hole_"
    OPERAND "lldt-nowhere", "lldt hole_"
    OPERAND "lar-nowhere", "lar hole_, %eax; setz %bl"
    .bss
    .globl told
saved: .skip 8
told: .skip 8
