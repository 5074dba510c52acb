/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumps into the middle of instructions that a translator replaces, and of others. */
#include "escape.h"

    .macro INTO title, offset, ring=0
    ATTEMPT "\title", ring=\ring
    mov $1f, %esi
    jmp overlapped + \offset
1:  FINISH
    .endm
    .text
    /* MOV $imm32 whose immediate is CLI, PUSHF, POP EBX, NOP. */
overlapped:
    .byte 0xb8, 0xfa, 0x9c, 0x5b, 0x90
    jmp *%esi
    /* 7: SMSW of EBX with two prefixes that change it. */
    .byte 0x2e, 0x66, 0x0f, 0x01, 0xe3
    jmp *%esi
    /* 14: MOV from CR0; from its second byte AND CL, AL and more. */
    .byte 0x0f, 0x20, 0xc0
    jmp *%esi
    /* 19: LAR of ECX; from its second byte ADD CL, AL. */
    .byte 0x0f, 0x02, 0xc1
    jmp *%esi
    /* 24: a far jump to NEXT; from its second byte that address is code. */
    ljmp $CODE0, $next
next:
    mov $0x4e455854, %ebx
    jmp *%esi

    INTO "mov-0", 0
    INTO "mov-1-cli", 1
    INTO "mov-2-pushf", 2
    INTO "mov-3-pop", 3
    INTO "mov-1-cli-user", 1, 3
    INTO "mov-2-pushf-user", 2, 3
    INTO "smsw-0", 7
    INTO "smsw-1", 8
    INTO "smsw-2", 9
    INTO "smsw-2-user", 9, 3
    INTO "cr0-0", 14
    INTO "cr0-1", 15
    INTO "lar-0", 19
    INTO "lar-1", 20
    INTO "ljmp-0", 24
    INTO "ljmp-0-user", 24, 3
    INTO "mov-0-again", 0

    /* A replaced instruction that lies in two pages. */
    .section .text.across, "ax"
    .balign 4096
    .skip 4093
across:
    .byte 0x0f, 0x01, 0x05                 /* SGDT */
    .long across_gdt
    jmp *%esi
    .data
across_gdt: .long 0, 0
    ATTEMPT "across-a-page"
    mov $1f, %esi
    jmp across
1:  mov across_gdt, %eax
    and $0xffff, %eax
    FINISH
