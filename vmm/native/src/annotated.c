/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores of a pre-virtualized guest that its build has marked as changing page tables.
 *
 * A policy that follows the guest's tables write-protects them, so that each change
 * is an exit.  A marked store needs none: it goes through, alone, and the frame is
 * noted.  The monitor follows noted frames before anything else is asked of it,
 * so its translations are as stale as a TLB may be until the guest flushes it.  An
 * x86 guest that flushes one page needs no exit either.
 */
#include "vmm.h"
#include "x86_state.h"

#include <stdlib.h>

static int by_address(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

    return first < second ? -1 : first > second;
}

/* PCS are COUNT addresses of stores, ascending; they are copied. */
int vmm_set_annotated(struct vmm_cpu *v, const uint32_t *pcs, uint32_t count)
{
    uint32_t *copy = malloc((count ? count : 1) * sizeof *copy);

    if (!copy)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        copy[i] = pcs[i];
    free(v->annotated);
    v->annotated = copy;
    v->annotated_count = count;
    return 0;
}

/* Whether the store to ADDRESS, whose page has this entry, goes through; then it is noted. */
bool vmm_annotated_store(struct vmm_cpu *v, uint64_t entry, uintptr_t retaddr)
{
    uint32_t pc, frame = (uint32_t)((entry & VMM_ENTRY_FRAME) >> 12);

    if (!v->annotated_count || !(entry & VMM_ENTRY_PROTECTED) || !v->vcpu->kernel || !retaddr
        || v->fill_probe)
        return false;
    pc = vmm_pc_at(v, retaddr);
    if (!bsearch(&pc, v->annotated, v->annotated_count, sizeof pc, by_address))
        return false;
    v->annotated_stores++;
    if (v->noted_used && v->noted[v->noted_used - 1] == frame)
        return true;
    if (v->noted_used == VMM_NOTED)
        return false; /* the exit that this is now makes room */
    v->noted[v->noted_used++] = frame;
    return true;
}

/* The guest flushes the translation of one page.  True: that is all there is to it, as
 * what its tables say now is followed later, and it has no larger pages. */
bool vmm_forgets_page(struct vmm_cpu *v, uint32_t address)
{
    if (!v->annotated_count || v->vcpu->fill_mode != VMM_FILL_SHADOW
        || FIELD(uint64_t, v->env, X86_CR + 8 * 4) & CR4_PSE)
        return false;
    if (vmm_space_get(v->space, address) && vmm_space_set(v->space, address, 0))
        return false;
    vmm_flush_page(v, address);
    return true;
}
