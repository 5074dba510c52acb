/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows a boot: a few services start, sleep, and end when the machine goes down. */
#include "user.h"

static u32 service(u32 number, u32 rounds)
{
    (void)rounds;
    HEAP[number * PAGE / 4] = number;
    call(CALL_SLEEP, 1 + number, 0, 0);
    return HEAP[number * PAGE / 4] * 3;
}

u32 boot(u32 rounds)
{
    u32 pid[4], sum = MIX_BEGIN;
    for (u32 i = 0; i < 4; i++)
        pid[i] = begin(service, i, rounds);
    for (u32 i = 0; i < 4; i++)
        sum = mix(sum, finish(pid[i]));
    return sum;
}
