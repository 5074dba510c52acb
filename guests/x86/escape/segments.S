/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments that are not flat, code and stacks of 16 bits, gates, a task and real mode: each finds
 * its own flags, tables and offsets, as on bare hardware. */
#include "escape.h"

    .set code_low_, CODE_LOW
    .set code16_, CODE16
    .set stack16_, DATA_REAL
    .set stack_based_, DATA_FRESH
    .set gate_, GATE_RING0
    .set conforming_, CONFORMING
    .set task_, TSS_B
    .set code_real_, CODE_REAL
    .set low_base_, LOW_BASE
    .set real_base_, REAL_BASE

    /* Flags, CS, tables and the machine status, mixed into EAX and EBX. */
    .macro OBSERVE
    pushf
    pop %eax
    mov %cs, %ebx
    sgdt told
    add told + 2, %eax
    sidt told
    add told, %eax
    smsw %ecx
    add %ecx, %ebx
    str %ecx
    rol $8, %ecx
    add %ecx, %ebx
    .endm

    ATTEMPT "code-with-a-base"
    ljmp $CODE_LOW, $1f - LOW_BASE
1:  OBSERVE
    call 2f
2:  pop %ecx                               /* an offset, not an address */
    xor %ecx, %eax
    cli
    pushf
    pop %ecx
    add %ecx, %ebx
    pushl $0x246
    popf
    pushf
    pop %ecx
    cli
    add %ecx, %ebx
    ljmp $CODE0, $3f
3:  FINISH

    ATTEMPT "code-of-16-bits"
    ljmp $CODE16, $16f - code16_begin
code16_begin:
    .code16
16: pushf
    pop %ax
    pushfl
    popl %ebx
    cli
    sti
    nop
    pushf
    pop %cx
    cli
    add %cx, %bx
    smsw %cx
    add %cx, %ax
    mov %cr0, %ecx
    add %ecx, %ebx
    push $0x0cd6
    popf
    pushfl
    popl %ecx
    add %ecx, %eax
    push %cs
    pop %cx
    add %cx, %bx
    addr32 sidtl told
    addr32 addl told + 2, %eax
    pushl $2
    popfl
    ljmpl $CODE0, $17f
    .code32
17: FINISH

    /* Only 16 bits of ESP count, and it wraps. */
    .macro STACK16 title, pointer, code
    ATTEMPT "\title"
    mov %esp, %ebp
    mov $stack16_, %eax
    mov %ax, %ss
    mov $\pointer, %esp
    xor %eax, %eax
    \code
    mov %esp, %ebx
    mov $data0_, %ecx
    mov %cx, %ss
    mov %ebp, %esp
    FINISH
    .endm
    STACK16 "stack-of-16-bits", 0xdead0800, "pushf; pop %eax; pushl $0xcd6; popf; pushf; pop %ecx; add %ecx, %eax; pushw %cs"
    STACK16 "stack-wraps", 0xdead0002, "pushf; mov %ss:0xfffe, %eax; pop %ecx; add %ecx, %eax"
    STACK16 "stack-wraps-16", 0xdead0001, "pushfw; mov %ss:0xffff, %al; popfw"
    STACK16 "stack-iret", 0xdead0800, "pushf; push %cs; push $9f; iret; 9: pushf; pop %eax"
    STACK16 "stack-lret", 0xdead0006, "push %cs; push $9f; lret $4; 9: pushf; pop %eax"

    ATTEMPT "stack-with-a-base"
    mov %esp, %ebp
    mov $DATA_FRESH, %eax
    mov %ax, %ss
    mov $0x800, %esp
    pushf
    pop %eax
    pushl $0xcd6
    popf
    pushf
    pop %ebx
    add LOW_BASE + 0x7fc, %eax
    mov $DATA0, %ecx
    mov %cx, %ss
    mov %ebp, %esp
    pushl $2
    popf
    FINISH

    ATTEMPT "call-gate", ring=3
    push $0x1111
    push $0x2222
    lcall $GATE_RING0 + 3, $0
    FINISH
    .globl gate_target
gate_target:
    OBSERVE
    add 8(%esp), %eax
    add 12(%esp), %ebx
    cli
    sti
    cli
    lret $8

    ATTEMPT "conforming", ring=3
    lcall $CONFORMING + 3, $1f
    FINISH
1:  OBSERVE
    lret
    ATTEMPT "conforming-cli", ring=3
    lcall $CONFORMING + 3, $1f
    FINISH
1:  cli
    lret

    ATTEMPT "task"
    mov $0x1234, %eax
    lcall $TSS_B, $0
    mov told_by_task, %ebx
    pushf
    pop %ecx
    add %ecx, %eax
    FINISH
    .globl task_code
task_code:
    OBSERVE
    add %ebx, %eax
    mov %eax, told_by_task
    mov %cr0, %eax                         /* TS is set */
    clts
    add %eax, told_by_task
    iret
    jmp task_code

    /* PE off and on again; real_begin is copied to REAL_BASE. */
    ATTEMPT "real-mode"
    mov %esp, saved_esp
    sidt saved_idt
    lidt real_idt
    ljmp $CODE_REAL, $real_entry - real_begin
    .globl real_begin, real_end
real_begin:
    .code16
real_entry:
    mov %cr0, %eax
    and $~1, %al
    mov %eax, %cr0
    ljmp $REAL_BASE >> 4, $1f - real_begin
1:  xor %cx, %cx
    mov %cx, %ss
    mov $REAL_BASE, %sp
    pushf
    pop %bx
    smsw %cx
    add %cx, %bx
    sti
    pushf
    cli
    pop %cx
    add %cx, %bx
    push $0x7ed6
    popf
    pushf
    pop %cx
    add %cx, %bx
    push $2
    popf
    push %cs
    pop %cx
    add %cx, %bx
    int $0x40                              /* its vector, at 0x100, is real_vector's */
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $CODE0, $back_from_real
    .globl real_vector
real_vector:
    pushf
    pop %cx
    add %cx, %bx
    iret
real_end:
    .code32
back_from_real:
    mov $DATA0, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %ecx, %ss
    mov saved_esp, %esp
    lidt saved_idt
    FINISH

    .data
real_idt: .word 0x3ff
    .long 0
    .globl told_by_task, code16_begin
told_by_task: .long 0
saved_esp: .long 0
saved_idt: .skip 8
