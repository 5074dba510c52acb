/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes that pass a turn to and fro by semaphores, and four that give way to each other. */
#include "user.h"

#define PING 0
#define PONG 1

static u32 player(u32 side, u32 rounds)
{
    u32 sum = MIX_BEGIN;
    for (u32 i = 0; i < rounds * 250; i++) {
        call(CALL_DOWN, side, 0, 0);
        sum = mix(sum, i + side);
        call(CALL_UP, PING + PONG - side, 0, 0);
    }
    return sum;
}

static u32 polite(u32 number, u32 rounds)
{
    for (u32 i = 0; i < rounds * 100; i++)
        call(CALL_YIELD, 0, 0, 0);
    return number + rounds;
}

u32 switches(u32 rounds)
{
    u32 pid[6], sum = MIX_BEGIN;
    pid[0] = begin(player, PING, rounds);
    pid[1] = begin(player, PONG, rounds);
    call(CALL_UP, PING, 0, 0);
    for (u32 i = 2; i < 6; i++)
        pid[i] = begin(polite, i, rounds);
    for (u32 i = 0; i < 6; i++)
        sum = mix(sum, finish(pid[i]));
    call(CALL_DOWN, PING, 0, 0);
    return sum;
}
