/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard of a guest's tables, for who answers the guest: memory.c, the fill, through.c.
 *
 * With a profile, or whatever else wants to see each store (v->tell_stores), Python is asked.
 */
#include "table_guard.h"

/* The guard that the guest's walks need not leave to Python. */
struct vmm_guard *vmm_guard_of(const struct vmm_cpu *v)
{
    return v->vcpu->fill_mode == VMM_FILL_EXPOSED && !v->tell_stores ? v->guard : NULL;
}

/* The guest flushed the translations of a page, or all of them. */
bool vmm_guard_flush(struct vmm_cpu *v, uint32_t address, bool all)
{
    struct vmm_guard *guard = vmm_guard_of(v);

    if (!guard)
        return false;
    guard->counters->flushes++;
    vmm_guard_forget(guard, all ? VMM_ALL_PAGES : address & ~0xfffu);
    return true;
}

/* In a fill for a store to a frame that holds a table: let it through. */
bool vmm_guard_fill(struct vmm_cpu *v, uint32_t address)
{
    struct vmm_guard *guard = vmm_guard_of(v);

    if (!guard || guard->storing_used == VMM_THROUGH || !vmm_store_through(v, address))
        return false;
    guard->counters->hidden_faults++;
    guard->storing[guard->storing_used++] = (v->fill_physical & ~0xfffu) | (address & 0xfff);
    return true;
}

/* The instruction that was let store has ended.  False: Python is to look, or to ask why what
 * was stored is refused. */
bool vmm_guard_stored(struct vmm_cpu *v)
{
    enum { LONGEST_STORE = 64 }; /* bytes: ARM's STM of all registers */
    struct vmm_guard *guard = v->guard;
    uint32_t used = guard ? guard->storing_used : 0;

    for (uint32_t i = 0; i < used; i++)
        if (!vmm_guard_look(guard, guard->storing[i], LONGEST_STORE))
            guard->refused = 1;
    if (!used)
        return false;
    guard->storing_used = 0;
    return !guard->refused;
}
