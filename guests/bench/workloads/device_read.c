/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Polling the UART's status: a register on SPARC and ARM, a port on x86. */
#include "../bench.h"

const char workload_name[] = "device_read";

u32 workload(u32 rounds)
{
    u32 sum = 0;
    for (u32 i = 0; i < rounds; i++)
        sum = sum * 31 + device_status();
    return sum;
}
