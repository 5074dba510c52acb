/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interrupt raised by software through the interrupt controller, taken, acknowledged, ended. */
#include "../bench.h"

const char workload_name[] = "interrupts";

u32 workload(u32 rounds)
{
    interrupts_open();
    for (u32 i = 0; i < rounds; i++)
        interrupt_raise();
    return interrupts;
}
