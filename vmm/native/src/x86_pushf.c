/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: PUSHF pushes EFLAGS with VM and RF cleared (Intel SDM volume 2B, "PUSHF"), in virtual-8086 mode
 * too; the engine's leaves them in. */
#include "x86_state.h"

uint64_t helper_read_eflags_x86_64(void *env);
uint64_t helper_read_eflags_x86_64(void *env)
{
    typedef uint64_t (*fn)(void *);
    ORIGINAL(fn, original, "helper_read_eflags_x86_64");

    return original(env) & ~(uint64_t)(FL_VM | FL_RF);
}
