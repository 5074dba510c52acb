/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second stage of nested translation: what a guest may do with each of its
 * physical pages, whatever its own tables say.  Each translation that the engine
 * is about to use comes here (tlb_set_page_with_attrs in fill_thunks.inc).  Where a page
 * is may be another frame (vmm_moved); what the engine reads by guest-physical
 * addresses while it walks is found there too.
 */
#include "vmm.h"

/* The rights of the page at physical address PA, after asking if it does not allow
 * the access that fills.  0: it is refused. */
int vmm_second_stage(struct vmm_cpu *v, uint64_t pa)
{
    const uint8_t *rights = &v->second_stage[pa >> 12];
    unsigned access = 1u << v->fill_access;

    if (*rights & access)
        return *rights;
    if (!v->on_stage(v, (uint32_t)pa, (uint32_t)v->fill_access)) {
        if (v->fill_pc)
            vmm_leave_before(v, v->fill_pc);
        vmm_leave_block(v);
    }
    return *rights & access ? *rights : 0;
}
