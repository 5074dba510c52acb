/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checksum of the memory that matters, in an order that does not depend on preemption: what the
 * first process wrote, the entries that map it and the kernel, by address; the disk; how many
 * processes there were.  Of an entry counts what it allows, not which frame it has or whether it was
 * used: these depend on time.  Text is left out, which differs between compilers, and the stack: on
 * SPARC it holds what windows were spilled, and when.
 */
#include "nucleus.h"

extern const char user_text_end[];

u32 memory_checksum(void)
{
    u32 sum = space_checksum(CHECKSUM_BEGIN);
    for (u32 address = (u32)user_text_end; address < STACK_BASE; address += PAGE) {
        u32 entry = *space_entry(&current->space, address);
        if (!pte_present(entry))
            continue;
        sum = checksum(sum, address < HEAP_BASE ? 0 : address);
        sum = checksum(sum, pte_rights(entry));
        const u32 *word = (const u32 *)pte_frame(entry);
        for (u32 i = 0; i < PAGE / 4; i++)
            sum = checksum(sum, word[i]);
    }
    return disk_checksum(checksum(sum, fork_count));
}
