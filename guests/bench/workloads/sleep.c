/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Halting until a timer wakes the processor. */
#include "../bench.h"

const char workload_name[] = "sleep";

u32 workload(u32 rounds)
{
    sleep_open();
    for (u32 i = 0; i < rounds; i++)
        machine_sleep();
    return rounds;
}
