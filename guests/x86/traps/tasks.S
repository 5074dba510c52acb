/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware task switches.  Faults that arise after the switch, in the new task,
 * leave segments half loaded and can only be handled by yet another task: not here. */
#include "situation.h"

    .text
    .globl task_b, fault_task, task_ring3
    /* Entered by jump, call or gate; goes back the way it came. */
task_b:
    int $INT_GATE
    movzwl tss_b, %eax                     /* back link */
    mov %eax, seen
    pushfl
    popl seen + 4
    str seen + 8
    smsw %ax
    and $8, %eax                           /* TS */
    mov %eax, seen + 12
    mov gdt + TSS_B + 4, %eax
    and $0xff00, %eax
    mov %eax, seen + 16
    mov gdt + TSS_MAIN + 4, %eax
    and $0xff00, %eax
    mov %eax, seen + 20
    testl $0x4000, seen + 4
    jnz 1f
    ljmp $TSS_MAIN, $0
1:  iret

task_ring3:
    int $INT_GATE
    mov %cs, seen
    hlt
    int $END

    /* The task of #DF: a frame made of what the interrupted task's TSS saved. */
fault_task:
    pop %eax
    pushl tss_main + 80                    /* SS, ESP, EFLAGS, CS, EIP */
    pushl tss_main + 56
    pushl tss_main + 36
    pushl tss_main + 76
    pushl tss_main + 32
    push %eax
    push $8
    jmp enter_trap

    .macro AFTER
    str seen + 24
    pushfl
    popl seen + 28
    mov gdt + TSS_B + 4, %eax
    and $0xff00, %eax
    mov %eax, seen + 32
    FINISH
    .endm
    SITUATION "task-jump", shows=9
    ljmp $TSS_B, $0
    AFTER
    SITUATION "task-call", shows=9
    lcall $TSS_B, $0
    AFTER
    SITUATION "task-call-gate", shows=9
    lcall $GATE_TASK, $0
    AFTER
    SITUATION "task-jump-gate", shows=9
    ljmp $GATE_TASK, $0
    AFTER
    SITUATION "task-call-gate-user", ring=3, shows=6
    lcall $GATE_TASK + 3, $0
    FINISH
    SITUATION "task-interrupt", shows=9
    int $INT_TASK
    AFTER
    SITUATION "task-interrupt-user", ring=3, shows=6
    int $INT_TASK
    FINISH
    SITUATION "task-ring3", prepare=prepare_task_ring3, shows=1
    ljmp $TSS_B, $0
    FINISH
    SITUATION "gp-task-jump-user", ring=3
    ljmp $TSS_B, $0
    FINISH
    SITUATION "gp-task-busy"
    ljmp $TSS_MAIN, $0
    FINISH
    SITUATION "gp-task-call-busy"
    lcall $TSS_MAIN, $0
    FINISH
    SITUATION "np-task"
    ljmp $TSS_NP, $0
    FINISH
    SITUATION "ts-task-short"
    ljmp $TSS_SHORT, $0
    FINISH
    SITUATION "ts-iret-nested-not-busy"
    movw $TSS_B, tss_main
    pushl $0x4002
    popfl
    iret
    FINISH
    SITUATION "ts-iret-nested-null"
    pushl $0x4002
    popfl
    iret
    FINISH
    SITUATION "nm-after-return"
    lcall $TSS_B, $0
    fld1
    FINISH
