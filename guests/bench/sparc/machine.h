/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPARC V8: `ta 1` is the trap. */
#ifndef MACHINE_H
#define MACHINE_H

#include "../../runtime/print.h"

static inline u32 trap_call(u32 value)
{
	register u32 argument __asm__("o0") = value;
	__asm__ volatile("ta 1" : "+r"(argument) : : "memory");
	return argument;
}

#endif
