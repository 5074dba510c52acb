/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Software interrupts, call gates, returns to outer rings, SYSENTER. */
#include "situation.h"

    .macro SOFTWARE title, ring, vector
    SITUATION "\title", ring=\ring
    int $\vector
    FINISH
    .endm
    .macro ENABLED title, vector
    SITUATION "\title", shows=1
    sti
    int $\vector
    pushfl
    popl seen
    FINISH
    .endm
    SOFTWARE "int-gate", 0, INT_GATE
    SOFTWARE "int-gate-user", 3, INT_GATE
    SOFTWARE "int-gate-ring1", 1, INT_GATE
    SOFTWARE "int-trap-gate-user", 3, TRAP_GATE
    ENABLED "int-gate-enabled", INT_GATE
    ENABLED "int-trap-gate-enabled", TRAP_GATE
    SOFTWARE "int-dpl0", 0, INT_DPL0
    SOFTWARE "gp-int-dpl0-user", 3, INT_DPL0
    SOFTWARE "gp-int-1-user", 3, 1
    SOFTWARE "gp-int-8-user", 3, 8
    SOFTWARE "gp-int-beyond-idt", 0, 0x80
    SOFTWARE "gp-int-beyond-idt-user", 3, 0x80
    SOFTWARE "np-int", 0, INT_NP
    SOFTWARE "np-int-user", 3, INT_NP
    SOFTWARE "gp-int-null-selector", 3, INT_NULL
    SOFTWARE "gp-int-bad-type", 0, INT_BADTYPE
    SOFTWARE "gp-int-data-segment", 3, INT_DATA
    SOFTWARE "np-int-code", 0, INT_NPCODE
    SOFTWARE "gp-int-to-outer", 0, INT_RING1
    SOFTWARE "int-task-user", 3, INT_TASK

    SITUATION "int-conforming-user", ring=3, shows=5
    int $INT_CONF
    FINISH
    SITUATION "int-ring1-user", ring=3, shows=5
    int $INT_RING1
    FINISH
    SITUATION "ts-int-bad-ss1", ring=3, prepare=prepare_bad_ss1
    int $INT_RING1
    FINISH
    SITUATION "ts-int-null-ss1", ring=3, prepare=prepare_null_ss1
    int $INT_RING1
    FINISH
    SITUATION "ss-int-np-ss1", ring=3, prepare=prepare_np_ss1
    int $INT_RING1
    FINISH
    SITUATION "np-exception-gate", prepare=prepare_ud_gate_np
    ud2
    FINISH
    SITUATION "df-gate", prepare=prepare_gp_gate_np
    xor %eax, %eax
    mov %eax, %ss
    FINISH
    SITUATION "df-gate-user", ring=3, prepare=prepare_gp_gate_np
    hlt
    FINISH
    SITUATION "df-task", prepare=prepare_double_fault_task
    xor %eax, %eax
    mov %eax, %ss
    FINISH
    SITUATION "df-task-user", ring=3, prepare=prepare_double_fault_task
    cli
    FINISH
    SITUATION "handler-faults", ring=3, fix=fix_fault_in_handler
    ud2
    FINISH
    SITUATION "handler-nests", ring=3, fix=fix_nest
    int $INT_GATE
    FINISH

    /* Where interrupt gates to conforming and ring 1 code lead. */
    .globl record_return, record_gate, gate_ring0
record_return:
    mov %cs, seen
    mov %ss, seen + 4
    mov 4(%esp), %eax
    mov %eax, seen + 8
    mov 8(%esp), %eax
    mov %eax, seen + 12
    mov $user_stack_top, %eax
    cmp %esp, %eax
    jae 1f
    mov $ring1_stack_top, %eax
1:  sub %esp, %eax
    cmp $0x1000, %eax
    jb 2f
    mov $ring1_stack_top, %eax
    sub %esp, %eax
2:  mov %eax, seen + 16
    iret

    /* A far call with no parameters: return address, and SS:ESP if outer. */
record_gate:
    mov %cs, seen
    mov %ss, seen + 4
    mov 4(%esp), %eax
    mov %eax, seen + 8
    lret

gate_ring0:
    mov %cs, seen
    mov %ss, seen + 4
    mov 4(%esp), %eax                      /* caller's CS */
    mov %eax, seen + 8
    mov 8(%esp), %eax                      /* the parameters */
    mov %eax, seen + 12
    mov 12(%esp), %eax
    mov %eax, seen + 16
    mov $DATA0, %eax
    mov %eax, %es                          /* must be null after the return */
    lret $8

    SITUATION "call-gate-user", ring=3, shows=8
    push $0x2222
    push $0x1111
    lcall $GATE_RING0 + 3, $0
    mov %es, seen + 20
    mov %ds, seen + 24
    mov $user_stack_top, %eax
    sub %esp, %eax
    mov %eax, seen + 28
    FINISH
    SITUATION "call-gate-same-ring", shows=7
    push $0x2222
    push $0x1111
    lcall $GATE_RING0, $0
    mov %es, seen + 20
    mov $kernel_stack_top, %eax
    sub %esp, %eax
    mov %eax, seen + 24
    FINISH
    SITUATION "call-gate-ring1", ring=3, shows=3
    lcall $GATE_RING1 + 3, $0
    FINISH
    SITUATION "call-gate-conforming", ring=3, shows=3
    lcall $GATE_CONF + 3, $0
    FINISH
    SITUATION "call-conforming", ring=3, shows=3
    lcall $CONFORMING, $record_gate
    FINISH
    SITUATION "gp-call-gate-dpl", ring=3
    lcall $GATE_DPL0 + 3, $0
    FINISH
    SITUATION "np-call-gate", ring=3
    lcall $GATE_NP + 3, $0
    FINISH
    SITUATION "gp-jump-gate-inner", ring=3
    ljmp $GATE_RING0 + 3, $0
    FINISH
    SITUATION "gp-call-gate-outer"
    lcall $GATE_RING1, $0
    FINISH
    SITUATION "ts-call-gate-bad-ss1", ring=3, prepare=prepare_bad_ss1
    lcall $GATE_RING1 + 3, $0
    FINISH
    SITUATION "call-gate-16", ring=3, shows=5
    pushw $0x3333
    lcall $GATE_16 + 3, $0
    FINISH

    SITUATION "lret-outer", shows=4
    mov $DATA0, %eax
    mov %eax, %es
    push $DATA3 + 3
    push $user_stack_top - 16
    push $CODE3 + 3
    push $1f
    lret
1:  mov $DATA3 + 3, %eax
    mov %es, %ecx
    mov %eax, %ds
    mov %ecx, seen
    mov %cs, seen + 4
    mov %ss, seen + 8
    mov $user_stack_top, %eax
    sub %esp, %eax
    mov %eax, seen + 12
    int $INT_GATE
    FINISH
    SITUATION "iret-outer"
    push $DATA3 + 3
    push $user_stack_top - 32
    pushl $0x3002
    push $CODE3 + 3
    push $1f
    iret
1:  cli
    int $INT_GATE
    FINISH
    SITUATION "iret-ring1"
    push $DATA1 + 1
    push $ring1_stack_top - 32
    pushl $2
    push $CODE1 + 1
    push $1f
    iret
1:  cli
    FINISH

    /* SYSENTER takes its return address and stack from the caller's registers. */
    .globl sysenter_target
sysenter_target:
    mov %cs, seen
    mov %ss, seen + 4
    pushfl
    popl seen + 8
    mov $trap_stack_top, %eax
    sub %esp, %eax
    mov %eax, seen + 12
    int $INT_GATE
    sysexit
    SITUATION "sysenter", ring=3, prepare=prepare_sysenter, shows=6, needs=NEEDS_SEP
    mov $1f, %edx
    mov %esp, %ecx
    sysenter
1:  mov %cs, seen + 16
    mov %ss, seen + 20
    int $INT_GATE
    FINISH
    SITUATION "gp-sysenter-null", ring=3, prepare=prepare_no_sysenter, needs=NEEDS_SEP
    sysenter
    FINISH
    SITUATION "gp-user-sysexit", ring=3, prepare=prepare_sysenter, needs=NEEDS_SEP
    sysexit
    FINISH

    /* 16-bit gates reach code whose offset fits 16 bits. */
    .globl low_begin, low_handler16, low_gate16
low_begin:
low_handler16:
    mov %esp, %ebx
    movzwl (%ebx), %eax
    mov %eax, seen
    movzwl 2(%ebx), %eax
    mov %eax, seen + 4
    movzwl 4(%ebx), %eax
    mov %eax, seen + 8
    pushfl
    popl seen + 12
    iretw
low_gate16:
    mov %cs, seen
    mov %ss, seen + 4
    movzwl 2(%esp), %eax                   /* caller's CS */
    mov %eax, seen + 8
    movzwl 4(%esp), %eax                   /* the parameter */
    mov %eax, seen + 12
    movzwl 8(%esp), %eax                   /* caller's SS */
    mov %eax, seen + 16
    int $END

    .globl code16_begin
    .code16
code16_begin:
segment16_traps:
    int $INT_GATE
    movl $0x12345678, %eax
    ud2
    ljmpl $CODE0, $segment16_back
segment16_gate:
    sti
    int $INT_GATE16
    ljmpl $CODE0, $segment16_back
segment16_trap_gate:
    sti
    int $TRAP_GATE16
    ljmpl $CODE0, $segment16_back
    .code32
segment16_back:
    int $INT_GATE
    int $END
    SITUATION "code16", fix=fix_skip_ud2
    ljmp $CODE16, $segment16_traps - code16_begin
    FINISH
    SITUATION "int-gate-16", shows=4
    ljmp $CODE16, $segment16_gate - code16_begin
    FINISH
    SITUATION "int-trap-gate-16", shows=4
    ljmp $CODE16, $segment16_trap_gate - code16_begin
    FINISH
