/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What compilers call for structures, hosted or not. */
#include "nucleus.h"

void *memcpy(void *to, const void *from, unsigned size)
{
    u8 *t = to;
    const u8 *f = from;
    while (size--)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int byte, unsigned size)
{
    u8 *t = to;
    while (size--)
        *t++ = (u8)byte;
    return to;
}
