/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single step and the debug registers.  Not here: ICEBP and general detect,
 * which QEMU's TCG does not deliver. */
#include "situation.h"

    .macro STEP
    pushl $0x102
    popfl
    .endm
    .macro STEP_END
    pushl $2
    popfl
    .endm
    .globl watched, stepped_over
    .data
    .align 4
watched: .long 0, 0

    SITUATION "step"
    STEP
    nop
    inc %eax
    STEP_END
    FINISH
    SITUATION "step-user", ring=3
    STEP
    nop
    jmp 1f
1:  STEP_END
    FINISH
    SITUATION "step-by-iret"
    pushl $0x102
    push $CODE0
    push $1f
    iret
1:  nop
    nop
    STEP_END
    FINISH
    SITUATION "step-int"
    STEP
    int $INT_GATE
    nop
    STEP_END
    FINISH
    SITUATION "step-int-user", ring=3
    STEP
    int $INT_GATE
    nop
    STEP_END
    FINISH
    SITUATION "step-fault", fix=fix_skip_ud2
    STEP
    ud2
    nop
    STEP_END
    FINISH
    SITUATION "step-string", shows=1
    mov $3, %ecx
    mov $watched, %edi
    mov $seen, %esi
    STEP
    rep movsb
    STEP_END
    mov %ecx, seen
    FINISH
    SITUATION "step-mov-ss"
    mov $DATA0, %eax
    STEP
    mov %eax, %ss
    nop
    nop
    STEP_END
    FINISH
    SITUATION "step-pop-ss"
    push $DATA0
    STEP
    pop %ss
    nop
    nop
    STEP_END
    FINISH
    SITUATION "step-pushf", shows=1
    STEP
    pushfl
    STEP_END
    popl seen
    FINISH
    SITUATION "watch-execute", prepare=prepare_watch_exec, fix=fix_resume_flag
    nop
stepped_over:
    nop
    nop
    FINISH
    SITUATION "watch-execute-user", ring=3, prepare=prepare_watch_exec, fix=fix_resume_flag
    nop
    call 1f
    FINISH
1:  jmp stepped_over
    SITUATION "watch-write", prepare=prepare_watch_write, shows=1
    mov watched, %eax
    movl $5, watched
    nop
    movb $6, watched + 3
    movl $7, watched + 4
    mov watched, %eax
    mov %eax, seen
    FINISH
    SITUATION "watch-write-user", ring=3, prepare=prepare_watch_write
    incl watched
    nop
    FINISH
    SITUATION "watch-access", prepare=prepare_watch_access
    mov watched, %eax
    nop
    movw $1, watched + 2
    nop
    FINISH
    SITUATION "watch-byte", prepare=prepare_watch_byte
    movb $1, watched + 1
    movb $1, watched + 3
    movw $1, watched + 1
    nop
    FINISH
    SITUATION "watch-push", prepare=prepare_watch_write
    mov $watched + 4, %esp
    push $1
    mov $kernel_stack_top, %esp
    FINISH
    SITUATION "watch-port", prepare=prepare_watch_io, needs=NEEDS_DE
    in $0x80, %al
    nop
    in $0x84, %al
    FINISH
    SITUATION "ud-dr4-de", prepare=prepare_de, needs=NEEDS_DE
    mov %dr4, %eax
    FINISH
    SITUATION "dr4-is-dr6", shows=1
    mov %dr4, %eax
    mov %dr6, %ecx
    sub %ecx, %eax
    mov %eax, seen
    FINISH
