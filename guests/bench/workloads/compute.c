/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer work in registers: shifts, multiplications, and branches that follow the data. */
#include "../bench.h"

const char workload_name[] = "compute";

u32 workload(u32 rounds)
{
    u32 x = 2463534242u, product = 1, sum = 0;
    for (u32 i = 0; i < rounds; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        product = product * 1664525u + 1013904223u;
        if (x & 1)
            sum += product >> 7;
        else
            sum ^= product << 3;
        if ((x & 0x70) == 0)
            sum = sum * 31 + i;
        else if ((i & 7) == 0)
            sum -= x >> 9;
    }
    return sum ^ x ^ product;
}
