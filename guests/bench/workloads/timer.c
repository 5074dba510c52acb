/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One timer interrupt after another, each arriving in the middle of some work.
 *
 * The timer is set anew each time (not periodic), so that a machine whose time is the host's and
 * one whose time is the guest's take equally many. */
#include "../bench.h"

const char workload_name[] = "timer";

static NEVER_INLINED u32 work(u32 x)
{
    for (u32 i = 0; i < 2500; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    return x;
}

u32 workload(u32 rounds)
{
    u32 x = 2463534242u;
    interrupts_open();
    for (u32 i = 0; i < rounds; i++) {
        tick_start();
        x = work(x);
        tick_wait();
    }
    return x ^ interrupts;
}
