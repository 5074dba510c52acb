/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that look at what they inherited, change some of it, and die: page tables made, shared,
 * broken up and thrown away. */
#include "user.h"

#define PAGES 96
#define STEP  16                           /* most pages are inherited and left alone */
#define FRESH (HEAP + 112 * PAGE / 4)

static u32 child(u32 number, u32 depth)
{
    u32 sum = number;
    for (u32 page = 0; page < PAGES; page += STEP)
        sum = mix(sum, HEAP[page * PAGE / 4]);
    for (u32 page = number % STEP; page < PAGES; page += 2 * STEP)
        HEAP[page * PAGE / 4] = sum + page;
    for (u32 page = 0; page < 2; page++)
        sum = mix(sum, FRESH[page * PAGE / 4]++);
    if (depth)
        sum = mix(sum, finish(begin(child, number + 1, depth - 1)));
    return sum;
}

u32 forks(u32 rounds)
{
    u32 sum = MIX_BEGIN;
    for (u32 round = 0; round < rounds; round++) {
        u32 pid[3];
        for (u32 page = round ? round % STEP : 0; page < PAGES; page += round ? STEP : 1)
            HEAP[page * PAGE / 4] += round + page;
        for (u32 i = 0; i < 3; i++)
            pid[i] = begin(child, round + i, i == 2);
        for (u32 i = 0; i < 3; i++)
            sum = mix(sum, finish(pid[i]));
        call(CALL_UNMAP, (u32)HEAP, PAGES / 16, 0);
    }
    return sum;
}
