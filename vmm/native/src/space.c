/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spaces: translations of a virtual processor's addresses, filled by its monitor.
 *
 * Two levels, so that a space costs what is used of it.  The engine's TLB holds
 * copies of entries; who changes one flushes it (vmm_flush_page, vmm_flush_tlb).
 */
#include "vmm.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 1024 };

/* NULL without memory. */
struct vmm_space *vmm_space_new(void)
{
    return calloc(1, sizeof(struct vmm_space));
}

void vmm_space_clear(struct vmm_space *space)
{
    for (int i = 0; i < ENTRIES; i++) {
        free(space->tables[i]);
        space->tables[i] = NULL;
    }
}

void vmm_space_free(struct vmm_space *space)
{
    if (!space)
        return;
    vmm_space_clear(space);
    free(space);
}

uint64_t vmm_space_get(const struct vmm_space *space, uint32_t address)
{
    const uint64_t *table = space ? space->tables[address >> 22] : NULL;

    return table ? table[address >> 12 & (ENTRIES - 1)] : 0;
}

/* Returns 0, or -1 without memory. */
int vmm_space_set(struct vmm_space *space, uint32_t address, uint64_t entry)
{
    uint64_t **table = &space->tables[address >> 22];

    if (!*table) {
        if (!entry)
            return 0;
        *table = calloc(ENTRIES, sizeof **table);
        if (!*table)
            return -1;
    }
    (*table)[address >> 12 & (ENTRIES - 1)] = entry;
    return 0;
}
