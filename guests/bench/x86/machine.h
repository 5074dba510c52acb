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

#endif
