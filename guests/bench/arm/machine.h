/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARMv7-A: `svc #1` is the trap. */
#ifndef MACHINE_H
#define MACHINE_H

#include "../../runtime/print.h"

/* In supervisor mode the exception overwrites the caller's lr. */
static inline u32 trap_call(u32 value)
{
    register u32 argument asm("r0") = value;
    asm volatile("svc #1" : "+r"(argument) : : "lr", "memory");
    return argument;
}

/* PSCI VERSION (DEN 0022): the major number, which is 1 for a decade now. */
static inline u32 hypercall(u32 value)
{
    register u32 argument asm("r0") = 0x84000000;
    asm volatile("hvc #0" : "+r"(argument) : : "r1", "r2", "r3", "memory");
    return value + (argument >> 16);
}

#endif
