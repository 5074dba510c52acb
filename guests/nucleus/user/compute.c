/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three processes that compute: recursion, memory, floating point.  The kernel has nothing to do
 * but to share the processor and its floating point registers out. */
#include "user.h"

#define ORDER 12

static u32 fibonacci(u32 n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Shuffles and sums a part of the heap that nobody has touched yet. */
static u32 memory(u32 seed)
{
    u32 *word = HEAP, sum = MIX_BEGIN;
    for (u32 i = 0; i < 4096; i++) {
        seed = seed * 1664525 + 1013904223;
        word[i] += seed;
    }
    for (u32 i = 0; i < 4096; i++)
        sum = mix(sum, word[i * 61 % 4096]);
    return sum;
}

/* Whole numbers that a double holds exactly: the same on every processor. */
static u32 matrices(u32 seed)
{
    double a[ORDER][ORDER], b[ORDER][ORDER], trace = 0;
    for (u32 i = 0; i < ORDER; i++)
        for (u32 j = 0; j < ORDER; j++) {
            seed = seed * 1664525 + 1013904223;
            a[i][j] = (double)(int)(seed >> 20);
            b[j][i] = (double)(int)(seed >> 8 & 0xfff);
        }
    for (u32 i = 0; i < ORDER; i++)
        for (u32 j = 0; j < ORDER; j++) {
            double sum = 0;
            for (u32 k = 0; k < ORDER; k++)
                sum += a[i][k] * b[k][j];
            trace += sum * (double)(int)(i == j ? 1 : 0);
        }
    return (u32)(int)(trace / 16);
}

static u32 body(u32 seed, u32 rounds)
{
    u32 sum = MIX_BEGIN;
    for (u32 round = 0; round < rounds; round++) {
        sum = mix(sum, fibonacci(14));
        sum = mix(sum, memory(sum + seed));
        sum = mix(sum, matrices(sum));
    }
    return sum;
}

u32 compute(u32 rounds)
{
    u32 pid[3], sum = MIX_BEGIN;
    for (u32 i = 0; i < 3; i++)
        pid[i] = begin(body, i, rounds);
    for (u32 i = 0; i < 3; i++)
        sum = mix(sum, finish(pid[i]));
    return sum;
}
