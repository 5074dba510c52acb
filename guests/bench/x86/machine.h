/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: `int $0x30` is the trap, by an interrupt gate. */
#ifndef MACHINE_H
#define MACHINE_H

#include "../../runtime/print.h"

static inline u32 trap_call(u32 value)
{
    __asm__ volatile("int $0x30" : "+a"(value) : : "memory");
    return value;
}

#define HYPERCALL_PORT 0xe8                /* a PC has nothing there */

static inline u32 hypercall(u32 value)
{
    __asm__ volatile("outb %b0, %1" : : "a"(value), "Nd"((u16)HYPERCALL_PORT) : "memory");
    return value + 1;
}

#endif
