/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores through write protection: one instruction at a time.
 *
 * A monitor that follows a guest's page tables maps them without permission to
 * write.  It lets the instruction that wants to store do so and is told at its
 * end, so no monitor has to know what instructions store.  The instruction is
 * made the last of its block, as one that reaches a device is; it may find
 * several such pages (a double word or a list of registers over a page's end).
 */
#include "table_guard.h"
#include "offsets.h"

/* In on_fill, for a store: let the instruction that makes it store to the page at
 * ADDRESS.  False: it has too many pages already, which no instruction has. */
bool vmm_store_through(struct vmm_cpu *v, uint32_t address)
{
    if (v->through_used == VMM_THROUGH)
        return false;
    v->through[v->through_used++] = address & ~0xfffu;
    return true;
}

/* Whether the current instruction may store to the page at ADDRESS.  Does not return if
 * it has to begin anew, as the last of its block: then it may later. */
bool vmm_stores_through(struct vmm_cpu *v, uint32_t address, uintptr_t retaddr)
{
    uint32_t i = 0;

    while (i < v->through_used && v->through[i] != (address & ~0xfffu))
        i++;
    if (i == v->through_used)
        return false;
    vmm_device_access_is_last(v, retaddr);
    FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_STORED;
    vmm_kick(v); /* where blocks are chained */
    return true;
}

/* The instruction has ended: protect the pages again, and tell. */
void vmm_stored(struct vmm_cpu *v)
{
    uint32_t used = v->through_used;

    FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) &= ~VMM_IRQ_STORED;
    v->through_used = 0;
    for (uint32_t i = 0; i < used; i++)
        vmm_flush_page(v, v->through[i]);
    if (used && !vmm_shadow_stored(v) && !vmm_guard_stored(v))
        vmm_shown(v, v->on_stored);
}
