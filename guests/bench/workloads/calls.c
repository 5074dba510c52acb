/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and returns: Fibonacci numbers as slowly as possible.  On SPARC the recursion is deeper
 * than the register windows, so most of it is window overflow and underflow traps. */
#include "../bench.h"

const char workload_name[] = "calls";

#define ARGUMENT 18                        /* 8361 calls */

NEVER_INLINED u32 fibonacci(u32 n);

u32 fibonacci(u32 n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

u32 workload(u32 rounds)
{
    u32 sum = 0;
    for (u32 i = 0; i < rounds; i++)
        sum = sum * 31 + fibonacci(ARGUMENT);
    return sum;
}
