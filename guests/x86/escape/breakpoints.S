/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug registers at instructions that a monitor replaces, and at what these store: each trap comes
 * where and when it comes on bare hardware, once. */
#include "escape.h"

#define EXECUTED 0x401                     /* DR7: DR0, one byte, fetched */
#define WRITTEN  0xd0401                   /* DR0, four bytes, stored to */

    .macro WATCH title, kind, address, code, ring=0
    ATTEMPT "\title"
    lea \address, %eax
    mov %eax, %dr0
    mov $\kind, %eax
    mov %eax, %dr7
    xor %eax, %eax
9:  \code
    xor %ecx, %ecx
    mov %ecx, %dr7
    mov %dr6, %ebx
    mov $0xffff0ff0, %ecx
    mov %ecx, %dr6
    FINISH
    .endm
    WATCH "breakpoint-pushf", EXECUTED, 9f, "pushf; pop %eax"
    WATCH "breakpoint-cli", EXECUTED, 9f, "cli; pushf; pop %eax"
    WATCH "breakpoint-sti", EXECUTED, 9f, "sti; cli"
    WATCH "breakpoint-smsw", EXECUTED, 9f, "smsw %ax"
    WATCH "breakpoint-mov-cr", EXECUTED, 9f, "mov %cr4, %eax"
    WATCH "breakpoint-sgdt", EXECUTED, 9f, "sgdt told; mov told + 2, %eax"
    WATCH "breakpoint-behind", EXECUTED, 9f + 1, "pushf; pop %eax"
    WATCH "breakpoint-behind-cli", EXECUTED, 9f + 1, "cli; nop"
    WATCH "breakpoint-behind-sti", EXECUTED, 9f + 1, "sti; nop; cli"
    WATCH "breakpoint-behind-ss", EXECUTED, 9f + 4, "mov %ss, %cx; mov %cx, %ss; pushf; pop %eax"
    WATCH "breakpoint-middle", EXECUTED, 9f + 1, "smsw %ax"
    WATCH "watch-pushf", WRITTEN, -4(%esp), "pushf; pop %eax"
    WATCH "watch-pushfw", WRITTEN, -4(%esp), "pushfw; popw %ax"
    WATCH "watch-sgdt", WRITTEN, told, "sgdt told; mov told + 2, %eax"
    WATCH "watch-sidt-end", WRITTEN, told, "sidt told - 2; mov told, %eax"
    WATCH "watch-smsw", WRITTEN, told, "smsw told; mov told, %ax"
    WATCH "watch-str", WRITTEN, told, "str told; mov told, %ax"
    WATCH "watch-push-cs", WRITTEN, -4(%esp), "push %cs; pop %eax"
    WATCH "watch-lcall", WRITTEN, -8(%esp), "lcall $code0_, $8f; 8: add $8, %esp"
