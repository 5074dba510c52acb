/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine walks the tables of a guest that is in real user mode, with the privilege of
 * its virtual mode.
 *
 * With FILL_EXPOSED a monitor validates stores to the tables: frames with a role are
 * mapped without permission to write, and a store there comes to on_fill, which
 * refuses it or lets it through (through.c).
 */
#include "monitor_sparc.h"
#include "offsets.h"
#include "table_guard.h"

#include <stdlib.h>

enum { STORE = 1 }; /* of fill_access */

/* The engine's index of an access that has the rights of virtual kernel mode. */
static uint32_t kernel_index(const struct vmm_cpu *v)
{
    typedef uint32_t (*index_fn)(void *, int);
    ORIGINAL(index_fn, arm_index, "arm_mmu_idx_el_arm");
    enum { SPARC_KERNEL = 1, X86_KERNEL = 2, ARM_INDEX = 0xf };

    switch (v->arch) {
    case VMM_SPARC: return SPARC_KERNEL;
    case VMM_ARM: return arm_index(v->env, 1) & ARM_INDEX;
    default: return X86_KERNEL;
    }
}

/* The index whose rights a walk for MMU_INDEX goes by: a virtual kernel has a kernel's. */
int vmm_walk_index(const struct vmm_cpu *v, int mmu_index)
{
    enum { SPARC_PHYSICAL = 2 };

    if (!v->vcpu || v->vcpu->native)
        return mmu_index;
    if (v->arch == VMM_SPARC && v->vcpu->fill_mode == VMM_FILL_ENGINE && !vmm_sparc_mmu_on(v))
        return SPARC_PHYSICAL; /* the real MMU is on nevertheless */
    if (v->vcpu->kernel && (uint32_t)mmu_index == vmm_user_index(v))
        return (int)kernel_index(v);
    return mmu_index;
}

/* Give a frame (of 4 KiB, by number) a role that the monitor knows; 0: none.  The caller
 * flushes translations.  False without memory. */
bool vmm_set_role(struct vmm_cpu *v, uint32_t frame, uint32_t role)
{
    if (!v->roles)
        v->roles = calloc(1, VMM_PAGES);
    if (!v->roles || frame >= VMM_PAGES)
        return false;
    v->roles[frame] = (uint8_t)role;
    return true;
}

static bool has_role(const struct vmm_cpu *v, uint64_t physical)
{
    return v->roles && physical >> 12 < VMM_PAGES && v->roles[physical >> 12];
}

/* What may be done with a page that the guest's tables give the rights PROT of. */
int vmm_exposed_rights(struct vmm_cpu *v, uint64_t physical, int prot)
{
    uint32_t address = (uint32_t)v->fill_address;

    if (!(prot & VMM_ENTRY_WRITE) || !has_role(v, physical))
        return prot;
    if (v->fill_access != STORE || v->fill_probe)
        return prot & ~VMM_ENTRY_WRITE;
    v->fill_physical = (uint32_t)physical;
    if (!vmm_stores_through(v, address, v->fill_pc)) {
        if (!vmm_guard_fill(v, address))
            vmm_refuse_fill(v, vmm_ask_fill(v, address, STORE), v->fill_pc);
        if (!vmm_stores_through(v, address, v->fill_pc) && has_role(v, physical))
            vmm_engine_abort("the monitor permitted a store to a table and did not let it through");
    }
    return prot;
}

void vmm_free_roles(struct vmm_cpu *v)
{
    free(v->roles);
}
