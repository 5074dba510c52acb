/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that do next to nothing, and now and then a signal of each kind; before that, what
 * ends in a signal. */
#include "user.h"

#define NOWHERE 0x00000010
#define TEXT    0x10000004                 /* read-only */
#define GUARD   0x100c0000                 /* between heap and stack */

static u32 signals_sum;

/* The LEON3 tells of a fault's address only the page. */
u32 on_signal(u32 signal, u32 address)
{
    signals_sum = mix(mix(signals_sum, signal), signal == SIGSEGV ? address / PAGE : 0);
    return (u32)recover;
}

u32 syscalls(u32 rounds)
{
    u32 sum = misdeeds(), pid = call(CALL_GETPID, 0, 0, 0);
    signals_sum = MIX_BEGIN;
    for (u32 signal = SIGILL; signal <= SIGSEGV; signal++)
        call(CALL_SIGNAL, signal, (u32)signal_entry, 0);
    for (u32 round = 0; round < rounds; round++) {
        for (u32 i = 0; i < 1000; i++)
            sum = mix(sum, call(CALL_NOTHING, i, 0, 0) + call(CALL_GETPID, 0, 0, 0) - pid);
        sum = mix(sum, try_load(NOWHERE));
        sum = mix(sum, try_load(GUARD));
        sum = mix(sum, try_store(TEXT));
        sum = mix(sum, try_illegal());
        sum = mix(sum, try_divide(round, 0));
        sum = mix(sum, call(CALLS, 0, 0, 0));
    }
    return mix(sum, signals_sum);
}
