/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a device's register and reading it back: a port on x86. */
#include "../bench.h"

const char workload_name[] = "device_write";

u32 workload(u32 rounds)
{
    u32 sum = 0;
    for (u32 i = 0; i < rounds; i++)
        sum = sum * 31 + device_echo(i & 0xff);
    return sum;
}
