/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages of memory have been stored to: what a snapshot has to copy.
 *
 * A clean page gets no write permission when a translation is installed, so
 * the first store to it comes back to the translation fill and marks it; later
 * stores run at full speed.  Stores of page walks and helpers go round the
 * translations and are marked one by one (physical_thunks.inc).  Nothing of this costs
 * anything until somebody asks for tracking.
 */
#include "vmm.h"

#include <stdlib.h>

/* Begin, or begin anew with every page clean.  0, or -1 without memory. */
int vmm_track_stores(struct vmm_cpu *v)
{
    if (!v->dirty) {
        v->dirty = calloc(1, VMM_PAGES);
        v->dirty_pages = calloc(2 * VMM_PAGES, sizeof *v->dirty_pages);
        if (!v->dirty || !v->dirty_pages)
            return -1;
    }
    for (uint32_t i = 0; i < v->dirty_count; i++)
        v->dirty[v->dirty_pages[i] & ~VMM_DIRTY_BEHIND] = 0;
    v->dirty_count = 0;
    v->tracking = 1;
    vmm_flush_tlb(v); /* no translation may let a store pass unseen */
    return 0;
}

static uint8_t flag_of(uint64_t address)
{
    return address >= VMM_BEHIND ? VMM_DIRTY_SHADOW : VMM_DIRTY_PAGE;
}

static uint64_t page_of(uint64_t address)
{
    return (address >= VMM_BEHIND ? address - VMM_BEHIND : address) >> 12;
}

/* Whether stores to the page at this address of the engine's memory are known of. */
bool vmm_is_dirty(const struct vmm_cpu *v, uint64_t address)
{
    uint64_t page = page_of(address);

    return page >= VMM_PAGES || v->dirty[page] & flag_of(address);
}

/* SIZE bytes at ADDRESS of the engine's memory have been, or are about to be, stored. */
void vmm_mark_dirty(struct vmm_cpu *v, uint64_t address, uint64_t size)
{
    uint8_t flag = flag_of(address);

    for (uint64_t page = page_of(address); page <= page_of(address + size - 1); page++) {
        if (page >= VMM_PAGES || v->dirty[page] & flag)
            continue;
        v->dirty[page] |= flag;
        v->dirty_pages[v->dirty_count++]
            = (uint32_t)page | (flag == VMM_DIRTY_SHADOW ? VMM_DIRTY_BEHIND : 0);
    }
}
