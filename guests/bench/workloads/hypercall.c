/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shortest call of a monitor: PSCI VERSION on ARM, a port on x86. */
#include "../bench.h"
#include <machine.h>

const char workload_name[] = "hypercall";

u32 workload(u32 rounds)
{
    u32 value = 0;
    for (u32 i = 0; i < rounds; i++)
        value = hypercall(value);
    return value;
}
