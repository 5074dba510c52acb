/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The round trip of a trap instruction from user mode. */
#include "../bench.h"
#include <machine.h>

const char workload_name[] = "user_traps";

static u32 calls(u32 rounds)
{
    u32 value = 0;
    for (u32 i = 0; i < rounds; i++)
        value = trap_call(value);
    return value;
}

u32 workload(u32 rounds)
{
    return in_user(calls, rounds);
}
