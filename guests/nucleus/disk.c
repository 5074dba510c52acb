/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk: 64 KiB of the kernel's memory.  The three boards have no block device in common (the
 * LEON3 has none at all), and a workload that is compared between them must do the same on each;
 * what a real device adds, registers and interrupts, the console and the timer have.
 */
#include "nucleus.h"

static u8 blocks[BLOCKS][BLOCK] __attribute__((aligned(8)));

u32 disk_read(u32 block, u32 address)
{
    return block < BLOCKS && copy_to_user(address, blocks[block], BLOCK) ? 0 : CALL_FAILED;
}

u32 disk_write(u32 block, u32 address)
{
    return block < BLOCKS && copy_from_user(blocks[block], address, BLOCK) ? 0 : CALL_FAILED;
}

u32 disk_checksum(u32 sum)
{
    const u32 *word = (const u32 *)blocks;
    for (u32 i = 0; i < BLOCKS * BLOCK / 4; i++)
        sum = checksum(sum, word[i]);
    return sum;
}
