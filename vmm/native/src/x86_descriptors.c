/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit 21 of a stack segment's descriptor.
 *
 * It is reserved, and processors ignore it (Intel SDM volume 3A, 3.4.5: L is of code segments, in
 * IA-32e mode).  The engine, which has 64-bit code, takes a stack segment that has it for one
 * of 64-bit code, and a trap then pushes all of its frame at the segment's base.  So a trap's
 * delivery reads the descriptors of the stacks in the task segment without it, and clears it in SS.
 */
#include "x86_descriptors.h"

/* The selector of a stack of level LEVEL in the task segment, or 0 if it is not at hand. */
static uint32_t stack_selector(const void *env, uint32_t level)
{
    enum { TYPE_32 = 1 << 11 };
    bool wide = FIELD(uint32_t, env, X86_TR + 20) & TYPE_32;
    uint64_t base = FIELD(uint64_t, env, X86_TR + 8);
    const uint16_t *selector
        = vmm_x86_plain(env, (uint32_t)(base + (wide ? 8 + 8 * level : 4 + 4 * level)), 2);

    return selector ? *selector : 0;
}

/* Whether the second word of a stack's descriptor is at ADDRESS. */
static bool is_of_stack(const void *env, uint64_t address)
{
    enum { LEVELS = 3, LOCAL = 4, SECOND = 4 };

    for (uint32_t level = 0; level < LEVELS; level++) {
        uint32_t selector = stack_selector(env, level);
        int table = selector & LOCAL ? X86_LDT : X86_GDT;

        if (selector >> 2
            && (uint32_t)address
                == (uint32_t)(FIELD(uint64_t, env, table + 8) + (selector & ~7u) + SECOND))
            return true;
    }
    return false;
}

/* WORD, which a trap's delivery has loaded from ADDRESS: perhaps the second one of a descriptor. */
uint32_t vmm_x86_without_long(const void *env, uint64_t address, uint32_t word)
{
    if (FIELD(uint32_t, env, X86_HFLAGS) & HF_LMA || !is_of_stack(env, address))
        return word;
    return word & ~(uint32_t)DESCRIPTOR_LONG;
}
