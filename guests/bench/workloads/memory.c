/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, stores and copies of words, halfwords and bytes over half a mebibyte. */
#include "../bench.h"

const char workload_name[] = "memory";

#define WORDS 65536

static u32 from[WORDS], to[WORDS];

static NEVER_INLINED void copy(u32 *restrict target, const u32 *restrict source)
{
    for (u32 i = 0; i < WORDS; i += 4) {
        target[i] = source[i];
        target[i + 1] = source[i + 1];
        target[i + 2] = source[i + 2];
        target[i + 3] = source[i + 3];
    }
}

static NEVER_INLINED u32 bytes(u8 *target, const u8 *source, u32 step)
{
    u32 sum = 0;
    for (u32 i = 0; i < WORDS * 4; i += step) {
        sum += source[i];
        target[i] = (u8)sum;
    }
    return sum;
}

static NEVER_INLINED u32 halves(u16 *target, u32 step)
{
    u32 sum = 0;
    for (u32 i = 0; i < WORDS * 2; i += step)
        sum += target[i]++;
    return sum;
}

static NEVER_INLINED u32 scattered(u32 *target, u32 place)
{
    for (u32 i = 0; i < WORDS / 4; i++) {
        place = place * 1664525u + target[place >> 16] + 1013904223u;
        target[place >> 16] += i;
    }
    return place;
}

u32 workload(u32 rounds)
{
    u32 sum = 0;
    for (u32 i = 0; i < WORDS; i++)
        from[i] = i * 2654435761u;
    for (u32 i = 0; i < rounds; i++) {
        copy(to, from);
        sum = sum * 31 + bytes((u8 *)from, (const u8 *)to, 3);
        sum = sum * 31 + halves((u16 *)to, 5);
        sum = sum * 31 + scattered(from, sum);
    }
    return sum;
}
