/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VCPU page: a page of the guest's own memory that it shares with its monitor, or, under
 * translate, one of the monitor's that only templates reach (code_cache.c).
 *
 * Pre-virtualized and paravirtual kernels open and close interrupts by a word of
 * it, and read what the monitor leaves there, without an exit.  It is the guest's
 * to write: of what is in it only the interrupt flag is ever taken back.  Words
 * are in the guest's byte order.
 */
#include "vmm.h"

#include <string.h>

/* PAGE is where the host has the page at the guest's physical ADDRESS, or VMM_NO_ADDRESS if the
 * guest does not have it; NULL: there is none. */
void vmm_set_vcpu_page(struct vmm_cpu *v, uint8_t *page, uint64_t address)
{
    v->vcpu_page = page;
    v->vcpu_page_address = address;
}

static uint32_t swapped(const struct vmm_cpu *v, uint32_t value)
{
    return v->arch == VMM_SPARC ? __builtin_bswap32(value) : value;
}

uint32_t vmm_page_get(const struct vmm_cpu *v, uint32_t offset)
{
    uint32_t value;

    memcpy(&value, v->vcpu_page + offset, sizeof value);
    return swapped(v, value);
}

void vmm_page_put(struct vmm_cpu *v, uint32_t offset, uint32_t value)
{
    value = swapped(v, value);
    memcpy(v->vcpu_page + offset, &value, sizeof value);
    if (v->tracking && v->vcpu_page_address != VMM_NO_ADDRESS)
        vmm_mark_dirty(v, v->vcpu_page_address, sizeof value);
}
