/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes that write to the disk and read it back, and one that prints. */
#include "user.h"

static u32 blocks(u32 half, u32 rounds)
{
    u32 sum = MIX_BEGIN, *buffer = HEAP + 100;
    for (u32 i = 0; i < rounds * 8; i++) {
        u32 block = half + i % (BLOCKS / 2) * 2;
        for (u32 word = 0; word < BLOCK / 4; word++)
            buffer[word] = i * 0x01010101u + block;
        call(CALL_DISK_WRITE, block, (u32)buffer, 0);
        call(CALL_DISK_READ, half + i * 7 % (BLOCKS / 2) * 2, (u32)(buffer + PAGE / 4), 0);
        for (u32 word = 0; word < BLOCK / 4; word++)
            sum = mix(sum, buffer[PAGE / 4 + word]);
    }
    return sum;
}

static u32 lines(u32 number, u32 rounds)
{
    for (u32 i = 0; i < rounds; i += 4)
        say("the quick brown fox jumps over the lazy dog\n");
    call(CALL_SLEEP, 2, 0, 0);
    return number;
}

u32 io(u32 rounds)
{
    u32 pid[3], sum = MIX_BEGIN;
    for (u32 i = 0; i < 2; i++)
        pid[i] = begin(blocks, i, rounds);
    pid[2] = begin(lines, 2, rounds);
    for (u32 i = 0; i < 3; i++)
        sum = mix(sum, finish(pid[i]));
    return sum;
}
