/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing an instruction and running it, beside code that stays. */
#include "../bench.h"

const char workload_name[] = "self_modifying";

static u32 code[CODE_WORDS] __attribute__((aligned(64)));

u32 workload(u32 rounds)
{
    u32 sum = 0;
    u32 (*volatile written)(void) = (u32 (*)(void))(void *)code;
    for (u32 i = 0; i < rounds; i++) {
        code_write(code, i & 0xfff);
        sum = sum * 31 + written();
    }
    return sum;
}
