/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that single instructions raise. */
#include "situation.h"

    .macro DIVIDE title, ring
    SITUATION "\title", ring=\ring
    mov $1, %eax
    div %ecx
    FINISH
    .endm
    DIVIDE "de-zero", 0
    DIVIDE "de-zero-user", 3
    SITUATION "de-quotient"
    mov $1, %edx
    mov $1, %ecx
    div %ecx
    FINISH
    SITUATION "de-idiv-min"
    mov $0x80000000, %eax
    cltd
    mov $-1, %ecx
    idiv %ecx
    FINISH
    SITUATION "de-aam"
    .byte 0xd4, 0
    FINISH

    .macro ONE title, ring, code:vararg
    SITUATION "\title", ring=\ring
    \code
    FINISH
    .endm
    ONE "bp", 0, int3
    ONE "bp-user", 3, int3
    ONE "bp-int-n-user", 3, .byte 0xcd, 3
    ONE "ud2", 0, ud2
    ONE "ud2-user", 3, ud2
    ONE "ud-lock-nop", 0, .byte 0xf0, 0x90
    ONE "ud-lea-register", 0, .byte 0x8d, 0xc0
    ONE "ud-les-register", 3, .byte 0xc4, 0xc0, 0x90, 0x90
    ONE "ud-mov-cs", 0, .byte 0x8e, 0xc8
    ONE "ud-far-jump-register", 0, .byte 0xff, 0xe8
    ONE "ud-group-ff-7", 3, .byte 0xff, 0xf8
    ONE "ud-mov-cr1", 0, .byte 0x0f, 0x20, 0xc8
    SITUATION "of-into"
    mov $0x7fffffff, %eax
    inc %eax
    into
    FINISH
    SITUATION "of-into-user", ring=3
    mov $0x7fffffff, %eax
    inc %eax
    into
    FINISH
    SITUATION "of-into-clear", shows=1
    xor %eax, %eax
    into
    incl seen
    FINISH

    .section .rodata
bounds: .long -2, 5
bounds16: .word 0, 3
    SITUATION "br-high", fix=fix_index, shows=1
    mov $6, %eax
    bound %eax, bounds
    mov %eax, seen
    FINISH
    SITUATION "br-low-user", ring=3, fix=fix_index, shows=1
    mov $-3, %eax
    bound %eax, bounds
    mov %eax, seen
    FINISH
    SITUATION "br-16", ring=3
    mov $-1, %eax
    bound %ax, bounds16
    FINISH
    SITUATION "br-inside", shows=1
    mov $-2, %eax
    bound %eax, bounds
    mov $5, %eax
    bound %eax, bounds
    incl seen
    FINISH

    .macro FPU title, ring, prepare, code:vararg
    SITUATION "\title", ring=\ring, prepare=\prepare
    \code
    FINISH
    .endm
    FPU "nm-em", 0, prepare_em, fld1
    FPU "nm-em-user", 3, prepare_em, fld1
    FPU "nm-ts", 0, prepare_ts, fld1
    FPU "nm-ts-user", 3, prepare_ts, fld1
    FPU "nm-wait-mp", 0, prepare_ts_mp, fwait
    SITUATION "nm-wait-no-mp", prepare=prepare_ts, shows=1
    fwait
    incl seen
    FINISH
    SITUATION "nm-clts", prepare=prepare_ts, shows=1
    clts
    fld1
    fstp %st(0)
    smsw %ax
    mov %ax, seen
    FINISH

    /* #MF comes with the next waiting instruction; TCG looks only in FWAIT. */
    .section .rodata
unmask_zero_divide: .word 0x37b
    SITUATION "mf-wait"
    fldcw unmask_zero_divide
    fld1
    fldz
    fdivrp %st, %st(1)
    nop
    fwait
    FINISH
    SITUATION "mf-user", ring=3
    fldcw unmask_zero_divide
    fld1
    fldz
    fdivrp %st, %st(1)
    fwait
    FINISH
    SITUATION "mf-fnclex", shows=1
    fldcw unmask_zero_divide
    fld1
    fldz
    fdivrp %st, %st(1)
    fnstsw %ax
    mov %ax, seen
    fnclex
    fwait
    FINISH

    /* Loading selectors. */
    .macro LOAD title, ring, register, selector
    SITUATION "\title", ring=\ring
    mov $\selector, %eax
    mov %eax, %\register
    FINISH
    .endm
    LOAD "gp-ss-null", 0, ss, 0
    LOAD "gp-ss-null-user", 3, ss, 3
    LOAD "gp-ds-beyond-gdt", 0, ds, 0x7f8
    LOAD "gp-es-beyond-gdt-user", 3, es, 0x7fb
    LOAD "gp-ds-no-ldt", 0, ds, 4
    LOAD "gp-ds-system", 0, ds, TSS_B
    LOAD "gp-ds-execute-only", 3, ds, CODE_XO+3
    LOAD "gp-ds-privilege", 3, ds, DATA0
    LOAD "gp-fs-privilege-rpl", 0, fs, DATA0+3
    LOAD "gp-ss-rpl", 0, ss, DATA0+1
    LOAD "gp-ss-read-only", 3, ss, DATA_RO+3
    LOAD "gp-ss-privilege", 3, ss, DATA0+3
    LOAD "gp-ss-code", 0, ss, CODE0
    LOAD "np-ds", 0, ds, DATA_NP
    LOAD "np-gs-user", 3, gs, DATA_NP+3
    LOAD "ss-np-user", 3, ss, DATA_NP+3
    SITUATION "ldt-load", ring=3, prepare=prepare_ldt, shows=1
    mov $7, %eax
    mov %eax, %es
    mov %es, seen
    FINISH
    SITUATION "gp-ldt-beyond", ring=3, prepare=prepare_ldt
    mov $0x17, %eax
    mov %eax, %es
    FINISH
    SITUATION "gp-pop-ds"
    push $TSS_B
    pop %ds
    FINISH
    SITUATION "gp-lds-user", ring=3
    lds far_pointer, %eax
    FINISH
    .section .rodata
far_pointer: .long 0
    .word DATA0
    SITUATION "null-ds-load", ring=3, shows=1
    xor %eax, %eax
    mov %eax, %ds
    mov %ds, %eax
    mov $DATA3 + 3, %ecx
    mov %ecx, %ds
    lea 0x5a(%eax), %eax
    mov %eax, seen
    FINISH
    SITUATION "accessed-bit", ring=3, shows=2
    mov gdt + DATA_FRESH + 4, %eax
    mov %ah, seen
    mov $DATA_FRESH + 3, %eax
    mov %eax, %es
    mov gdt + DATA_FRESH + 4, %eax
    mov %ah, seen + 4
    FINISH
    SITUATION "lar-lsl-verr-verw", ring=3, shows=5
    mov $CODE0, %ecx
    xor %eax, %eax
    lar %ecx, %eax
    mov %eax, seen
    mov $DATA3 + 3, %ecx
    lar %ecx, %eax
    mov %eax, seen + 4
    mov $TSS_SHORT, %ecx
    mov $0x5a, %eax
    lsl %ecx, %eax
    mov %eax, seen + 8
    mov $DATA_RO + 3, %ecx
    verr %cx
    setz seen + 12
    verw %cx
    setz seen + 13
    mov $CODE_XO + 3, %ecx
    verr %cx
    setz seen + 14
    mov $0x7f8, %ecx
    verr %cx
    setz seen + 15
    mov $CODE0, %eax
    mov $3, %ecx
    arpl %cx, %ax
    mov %eax, seen + 16
    FINISH

    /* Far transfers. */
    .macro FAR title, ring, selector, offset=0
    SITUATION "\title", ring=\ring
    ljmp $\selector, $\offset
    FINISH
    .endm
    FAR "gp-jump-null", 0, 0
    FAR "gp-jump-data", 0, DATA0
    FAR "gp-jump-privilege", 3, CODE0
    FAR "gp-jump-outer", 0, CODE3+3
    FAR "gp-jump-beyond-gdt", 3, 0x7f8
    FAR "np-jump", 0, CODE_NP
    FAR "gp-jump-limit", 0, CODE_SHORT, 0x1000
    FAR "gp-jump-ldt", 0, LDT
    SITUATION "gp-call-data-user", ring=3
    lcall $DATA3 + 3, $0
    FINISH
    SITUATION "gp-lret-inner", ring=3
    push $CODE0
    push $0
    lret
    FINISH
    SITUATION "gp-iret-null"
    pushl $2
    push $0
    push $0
    iret
    FINISH
    SITUATION "np-iret"
    pushl $2
    push $CODE_NP
    push $0
    iret
    FINISH
    SITUATION "gp-iret-inner-user", ring=3
    pushl $2
    push $CODE0
    push $0
    iret
    FINISH
    SITUATION "gp-iret-outer-bad-ss"
    push $DATA0
    push $0
    pushl $2
    push $CODE3 + 3
    push $0
    iret
    FINISH

    /* Instructions of ring 0, in ring 3. */
    .macro PRIVILEGED title, code:vararg
    SITUATION "gp-user-\title", ring=3
    \code
    FINISH
    .endm
    .section .rodata
table_zero: .long 0, 0
    PRIVILEGED "cli", cli
    PRIVILEGED "sti", sti
    PRIVILEGED "hlt", hlt
    PRIVILEGED "lgdt", lgdt table_zero
    PRIVILEGED "lidt", lidt table_zero
    PRIVILEGED "lldt", lldt %ax
    PRIVILEGED "ltr", ltr %ax
    PRIVILEGED "lmsw", lmsw %ax
    PRIVILEGED "clts", clts
    PRIVILEGED "mov-to-cr0", mov %eax, %cr0
    PRIVILEGED "mov-from-cr0", mov %cr0, %eax
    PRIVILEGED "mov-to-cr3", mov %eax, %cr3
    PRIVILEGED "mov-to-dr7", mov %eax, %dr7
    PRIVILEGED "mov-from-dr6", mov %dr6, %eax
    PRIVILEGED "invlpg", invlpg (%eax)
    PRIVILEGED "wbinvd", wbinvd
    SITUATION "gp-user-rdmsr", ring=3, needs=NEEDS_TSC
    rdmsr
    FINISH
    SITUATION "gp-user-wrmsr", ring=3, needs=NEEDS_TSC
    wrmsr
    FINISH
    SITUATION "gp-user-rdtsc-tsd", ring=3, prepare=prepare_tsd, needs=NEEDS_TSC
    rdtsc
    FINISH
    SITUATION "rdtsc-tsd", prepare=prepare_tsd, shows=1, needs=NEEDS_TSC
    rdtsc
    incl seen
    FINISH
    SITUATION "rdtsc-user", ring=3, shows=1, needs=NEEDS_TSC
    rdtsc
    incl seen
    FINISH
    SITUATION "gp-user-rdpmc", ring=3, needs=NEEDS_PMC
    rdpmc
    FINISH
    SITUATION "popf-user", ring=3, shows=1
    pushl $0x3202                          /* IF and IOPL must not change */
    popfl
    pushfl
    popl seen
    FINISH

    /* LTR and LLDT. */
    .macro TABLE title, instruction, selector
    SITUATION "\title"
    mov $\selector, %eax
    \instruction %ax
    FINISH
    .endm
    TABLE "gp-ltr-busy", ltr, TSS_MAIN
    TABLE "gp-ltr-data", ltr, DATA0
    TABLE "np-ltr", ltr, TSS_NP
    TABLE "gp-lldt-data", lldt, DATA0
    TABLE "np-lldt", lldt, LDT_NP
    TABLE "gp-lldt-in-ldt", lldt, LDT+4
