/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program of each ring is told of privileged state, and may change of it. */
#include "escape.h"

#define NT     0x4000
#define IOPL3  0x3000
#define IOPL1  0x1000
#define IF     0x200

    .macro EACH title, flags, code
    ATTEMPT "\title-0", ring=0, flags=\flags
    \code
    FINISH
    ATTEMPT "\title-1", ring=1, flags=\flags
    \code
    FINISH
    ATTEMPT "\title-3", ring=3, flags=\flags
    \code
    FINISH
    .endm
    EACH "pushf", 2, "pushf; pop %eax"
    EACH "pushf-iopl3", IOPL3 + 2, "pushf; pop %eax"
    EACH "popf-all", 2, "pushl $0x3c7ed7; popf; pushf; pop %eax; push $2; popf"
    EACH "popf-iopl1", IOPL1 + 2, "pushl $0x3c7ed7; popf; pushf; pop %eax; push $2; popf"
    EACH "popf-iopl3", IOPL3 + 2, "pushl $0x3c7ed7; popf; pushf; pop %eax; push $2; popf"
    EACH "popf16", IOPL3 + 2, "pushw $0x7ed7; popfw; pushf; pop %eax; push $2; popf"
    EACH "cli-iopl1", IOPL1 + 2, "cli; pushf; pop %eax"
    EACH "sti-cli-iopl3", IOPL3 + 2, "sti; pushf; cli; pop %eax"
    EACH "sgdt", 2, "sgdt told; mov told, %eax; mov told + 2, %ebx"
    EACH "sidt", 2, "sidt told; mov told, %eax; mov told + 2, %ebx"
    EACH "sldt", 2, "sldt %eax; sldt %bx"
    EACH "str", 2, "str %eax; str told; mov told, %bx"
    EACH "smsw", 2, "smsw %eax; smsw %bx"
    EACH "mov-from-segment", 2, "mov %cs, %eax; mov %ss, %ebx"
    EACH "push-segment", 2, "push %cs; pop %eax; push %ds; pop %ebx"
    EACH "lar-code0", 2, "mov $code0_, %ecx; lar %ecx, %eax; setz %bl"
    EACH "lar-data3", 2, "mov $data3_ + 3, %ecx; lar %ecx, %eax; setz %bl"
    EACH "lsl-tss", 2, "mov $tss_main_, %ecx; lsl %ecx, %eax; setz %bl"
    EACH "verw-data0", 2, "mov $data0_, %ecx; verw %cx; setz %bl; verr %cx; setz %al"
    EACH "nt-iret", NT + 2, "iret"
    EACH "mov-cr0", 2, "mov %cr0, %eax; mov %eax, %cr0"
    EACH "lmsw", 2, "smsw %ax; lmsw %ax"
    EACH "hlt-or-not", IOPL3 + 2, "mov $1, %eax; wbinvd"
    EACH "load-es", 2, "mov $data3_ + 3, %eax; mov %eax, %es; mov %es, %ebx"
    EACH "far-call-same", 2, "mov %cs, %eax; push %eax; push $1f; lret; 1: mov %cs, %ebx"
    EACH "int3-gate", 2, "int3"
    EACH "gate-of-idt", 2, "int $0x2f"
    EACH "cr4-tsd", 2, "mov %cr4, %eax; or $4, %eax; mov %eax, %cr4; rdtsc; xor %eax, %eax; xor %edx, %edx"
    EACH "monitor", 2, "mov %esp, %eax; xor %ecx, %ecx; xor %edx, %edx; .byte 0x0f, 0x01, 0xc8; xor %eax, %eax"
    EACH "monitor-hint", 2, "mov $1, %ecx; .byte 0x0f, 0x01, 0xc8; xor %eax, %eax"
    EACH "mwait-hint", 2, "mov $1, %ecx; .byte 0x0f, 0x01, 0xc9"
    EACH "rdtscp-tsd", 2, "mov %cr4, %eax; or $4, %eax; mov %eax, %cr4; .byte 0x0f, 0x01, 0xf9; xor %eax, %eax; xor %edx, %edx"
    EACH "rdtscp", 2, ".byte 0x0f, 0x01, 0xf9; xor %eax, %eax; xor %edx, %edx"
    EACH "sysexit", 2, "sysexit"
