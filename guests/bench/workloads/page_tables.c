/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switching between two address spaces, and touching a few pages in each. */
#include "../bench.h"

const char workload_name[] = "page_tables";

u32 workload(u32 rounds)
{
    u32 sum = 0, *window = spaces_open();
    for (u32 i = 0; i < rounds; i++) {
        space_enter(i & 1);
        for (u32 page = 0; page < PAGES; page++) {
            u32 *word = window + page * 1024 + page;
            *word += i;
            sum = sum * 31 + *word;
        }
    }
    return sum;
}
