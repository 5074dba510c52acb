/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual-8086 mode, and a trip to real mode and back. */
#include "situation.h"

#define VM    0x20000
#define IOPL3 0x3000

    /* EAX: offset in the low code; EBX: EFLAGS. */
    .text
enter_vm86:
    push $0                                /* GS, FS, DS, ES */
    push $0
    push $0x1234
    push $0x2345
    push $0x700                            /* SS:SP below the code */
    push $0x0ff0
    push %ebx
    push $LOW_SEGMENT
    push %eax
    iret

    /* vm86 NAME, IOPL: the 16-bit code follows, up to VM86_END. */
    .macro VM86 title, iopl, fix=0, shows=0
    SITUATION "\title", prepare=prepare_low_code, fix=\fix, shows=\shows
    mov $93f - low_code, %eax
    mov $VM + \iopl + 2, %ebx
    jmp enter_vm86
92:
    .section .low, "a"
    .code16
93:
    .endm
    .macro VM86_END
    int $END
    .code32
    .text
    .endm

    .section .low, "a"
    .globl low_code
low_code:

    VM86 "vm86-gp-int", 0
    int $INT_GATE
    VM86_END
    VM86 "vm86-gp-cli", 0
    cli
    VM86_END
    VM86 "vm86-gp-sti", 0
    sti
    VM86_END
    VM86 "vm86-gp-pushf", 0
    pushf
    VM86_END
    VM86 "vm86-gp-popf", 0
    popf
    VM86_END
    VM86 "vm86-gp-iret", 0
    iret
    VM86_END
    VM86 "vm86-gp-hlt", IOPL3
    hlt
    VM86_END
    VM86 "vm86-gp-mov-cr0", IOPL3
    mov %eax, %cr0
    VM86_END
    VM86 "vm86-gp-lmsw", IOPL3
    lmsw %ax
    VM86_END
    VM86 "vm86-ud-lldt", IOPL3
    lldt %ax
    VM86_END
    VM86 "vm86-ud-arpl", IOPL3
    .byte 0x63, 0xc0
    VM86_END
    VM86 "vm86-int", IOPL3
    nop
    int $INT_GATE
    int $TRAP_GATE
    VM86_END
    VM86 "vm86-gp-int-dpl0", IOPL3
    int $INT_DPL0
    VM86_END
    VM86 "vm86-int3-iopl0", 0, fix_stop
    int3
    VM86_END
    VM86 "vm86-ud2", 0
    ud2
    VM86_END
    VM86 "vm86-de", 0
    xor %cx, %cx
    div %cx
    VM86_END
    VM86 "vm86-port-allowed", IOPL3
    in $0x80, %al
    int $INT_GATE
    VM86_END
    VM86 "vm86-gp-port-denied", IOPL3
    in $0x81, %al
    VM86_END
    VM86 "vm86-segments", IOPL3
    mov $0x800, %ax
    mov %ax, %ds
    mov $0x7ff, %ax
    mov %ax, %es
    mov (94f - low_code), %bx              /* DS:offset */
    mov %es:(94f - low_code + 16), %cx
    sub %bx, %cx                           /* zero if both reached the same word */
    jne 95f
    int $INT_GATE
95: int $END
94: .word 0x4711
    VM86_END
    VM86 "vm86-pushf-iopl3", IOPL3
    sti
    pushf
    pop %ax
    cli
    mov %ax, %ds
    int $INT_GATE
    VM86_END
    VM86 "vm86-iret-iopl3", IOPL3
    push $IOPL3 + 0x43
    push $LOW_SEGMENT
    push $94f - low_code
    iret
94: int $INT_GATE
    VM86_END
    VM86 "vm86-far-jump", IOPL3
    ljmp $0x700, $94f - low_code + 0x1000
94: int $INT_GATE
    VM86_END
    VM86 "vm86-step", IOPL3
    push $IOPL3 + 0x102
    popf
    nop
    push $IOPL3 + 2
    popf
    VM86_END
    VM86 "vm86-call", IOPL3
    call 94f
    int $INT_GATE
    int $END
94: ret
    VM86_END

    /* Real mode.  Handlers log CS, IP, FLAGS at 0800:1000, DI is the log's end. */
    .section .low, "a"
    .code16
    .globl real_handler, real_divide, real_invalid
real_handler:
    push %bp
    mov %sp, %bp
    mov 2(%bp), %ax
    stosw
    mov 4(%bp), %ax
    stosw
    mov 6(%bp), %ax
    stosw
    pushf
    pop %ax
    stosw
    pop %bp
    iret
real_divide:
real_invalid:
    push %bp
    mov %sp, %bp
    mov 2(%bp), %ax
    stosw
    mov 4(%bp), %ax
    stosw
    addw $2, 2(%bp)                        /* both faulting instructions have two bytes */
    pop %bp
    iret

real_register: .word 0x3ff
    .long 0
real_entry:
    mov $DATA_REAL, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov %cr0, %eax
    and $0xfffffffe, %eax
    mov %eax, %cr0
    ljmp $LOW_SEGMENT, $1f - low_code
1:  mov $LOW_SEGMENT, %ax
    mov %ax, %ds
    mov %ax, %es
    mov $0x700, %ax
    mov %ax, %ss
    mov $0x0ff0, %esp
    lidtl real_register - low_code
    mov $0x1000, %di
    cld
    sti
    int $0x40
    cli
    int $0x40
    xor %cx, %cx
    div %cl
    ud2
    pushf
    pop %ax
    stosw
    mov %cs, %ax
    stosw
    mov %sp, %ax
    stosw
    smsw %ax
    and $1, %ax
    stosw
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl $CODE0, $real_return
    .code32
    .globl low_code_end
low_code_end:
    .text
real_return:
    mov $DATA0, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $kernel_stack_top, %esp
    lidt idt_register
    mov $LOW_CODE + 0x1000, %esi
    mov $seen, %edi
    mov $8, %ecx
    rep movsl
    int $END
    SITUATION "real-mode", prepare=prepare_real_mode, shows=8
    ljmp $CODE_REAL, $real_entry - low_code
    FINISH
