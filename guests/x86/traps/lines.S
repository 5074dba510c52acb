/* SPDX-License-Identifier: GPL-2.0-or-later */
/* External interrupts and when they are taken. */
#include "situation.h"

    SITUATION "irq-halt", prepare=prepare_irq0
    sti
    hlt
    FINISH
    SITUATION "irq-loop", prepare=prepare_irq0, fix=fix_end_loop
    mov $0x10000000, %ecx
    sti
    nop
    loop .
    FINISH
    SITUATION "irq-loop-user", ring=3, prepare=prepare_irq0_user, fix=fix_end_loop
    mov $0x10000000, %ecx
    sti
    nop
    loop .
    FINISH
    SITUATION "irq-sti-shadow", prepare=prepare_irq0_pending
    sti
    nop
    nop
    FINISH
    SITUATION "irq-sti-cli", prepare=prepare_irq0_pending, shows=1
    sti
    cli
    nop
    incl seen
    FINISH
    SITUATION "irq-sti-hlt", prepare=prepare_irq0_pending
    sti
    hlt
    FINISH
    SITUATION "irq-popf", prepare=prepare_irq0_pending
    pushl $0x202
    popfl
    nop
    FINISH
    SITUATION "irq-iret", prepare=prepare_irq0_pending
    pushl $0x202
    push $CODE0
    push $1f
    iret
1:  nop
    FINISH
    SITUATION "irq-iret-user", prepare=prepare_irq0_pending
    push $DATA3 + 3
    push $user_stack_top
    pushl $0x202
    push $CODE3 + 3
    push $1f
    iret
1:  nop
    FINISH
    SITUATION "irq-masked", prepare=prepare_irq0_masked, shows=1
    sti
    nop
    nop
    cli
    incl seen
    FINISH
    SITUATION "irq-unmasked", prepare=prepare_irq0_masked
    mov $0xfe, %al
    out %al, $0x21
    sti
    nop
    FINISH
    SITUATION "irq-disabled", prepare=prepare_irq0_pending, shows=1
    nop
    incl seen
    FINISH
    SITUATION "irq-priority", prepare=prepare_irq0_irq8_pending
    sti
    nop
    nop
    FINISH
    SITUATION "irq-nested", prepare=prepare_irq0_irq8_pending, fix=fix_nested_irq
    sti
    nop
    nop
    FINISH
    SITUATION "irq-single-step", prepare=prepare_irq0_pending
    pushl $0x302
    popfl
    nop
    pushl $2
    popfl
    FINISH
    SITUATION "int-irq-vector"
    int $0x21
    FINISH

    /* Ports from ring 3: IOPL, then the bitmap of the TSS. */
    SITUATION "port-allowed-user", ring=3, shows=1
    in $0x80, %al
    in $0x84, %eax
    incl seen
    FINISH
    .macro PORT title, code:vararg
    SITUATION "\title", ring=3
    \code
    FINISH
    .endm
    PORT "gp-port-denied", in $0x81, %al
    PORT "gp-port-out", out %al, $0x70
    PORT "gp-port-word-crossing", in $0x80, %ax
    PORT "gp-port-dword-crossing", in $0x85, %eax
    SITUATION "gp-port-beyond-bitmap", ring=3
    mov $0x500, %edx
    in %dx, %al
    FINISH
    SITUATION "gp-port-string", ring=3
    mov $0x81, %edx
    mov $seen, %edi
    insb
    FINISH
    SITUATION "gp-port-outs", ring=3
    mov $0x81, %edx
    mov $seen, %esi
    outsb
    FINISH
    SITUATION "gp-port-no-bitmap", ring=3, prepare=prepare_no_bitmap
    in $0x80, %al
    FINISH
    SITUATION "port-iopl3", ring=3, prepare=prepare_iopl3, shows=1
    int $INT_GATE
    in $0x81, %al
    sti
    cli
    incl seen
    hlt
    FINISH
    SITUATION "port-ring1-iopl1", shows=1
    push $DATA1 + 1
    push $ring1_stack_top
    pushl $0x1002
    push $CODE1 + 1
    push $1f
    iret
1:  in $0x81, %al
    mov $DATA1 + 1, %eax
    mov %eax, %ds
    incl seen
    FINISH

    /* Code that changes itself. */
    SITUATION "smc-next", shows=1
    movb $0xcc, 1f                         /* int3 in the block that is running */
1:  nop
    movb $0x90, 1b
    incl seen
    FINISH
    SITUATION "smc-called", ring=3, shows=2
    call 3f
    movl $0x2222, 3f + 1
    call 3f
    mov %eax, seen
    movl $0x1111, 3f + 1
    call 3f
    mov %eax, seen + 4
    movb $0xcc, 3f
    call 3f
    movb $0xb8, 3f
    FINISH
3:  mov $0x1111, %eax
    ret
    SITUATION "smc-loop", shows=1
    mov $4, %ecx
2:  addl $1, 4f + 1                        /* each turn runs the value just written */
4:  mov $0, %eax
    add %eax, seen
    loop 2b
    movl $0, 4b + 1
    FINISH
    SITUATION "recursion", ring=3, shows=2
    mov $100, %ecx
    call 5f
    mov %eax, seen
    mov $user_stack_top, %ecx
    sub %esp, %ecx
    mov %ecx, seen + 4
    FINISH
5:  jecxz 6f
    push %ecx
    dec %ecx
    call 5b
    pop %ecx
    add %ecx, %eax
6:  ret
