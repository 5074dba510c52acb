/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of guest-physical RAM, for who emulates an instruction or answers a hypercall. */
#include "vmm.h"
#include "offsets.h"

void *vmm_address_space(const struct vmm_cpu *v)
{
    static const char *const names[] = {
        "cpu_get_address_space_sparc", "cpu_get_address_space_arm", "cpu_get_address_space_x86_64",
    };
    static void *(*original[3])(void *, int);

    if (!original[v->arch])
        original[v->arch] = (void *(*)(void *, int))(uintptr_t)vmm_original(names[v->arch]);
    return original[v->arch](v->cpu, 0);
}

/* Whether ADDRESS is that of a word of RAM that nothing is switched in front of. */
bool vmm_is_ram(const struct vmm_cpu *v, uint32_t address)
{
    return !(address & 3) && (v->pages[address >> 12] & ~(unsigned)VMM_PAGE_CODE) == VMM_PAGE_RAM;
}

/* The word at ADDRESS, of RAM, in the guest's byte order. */
uint32_t vmm_load_word(const struct vmm_cpu *v, uint32_t address)
{
    typedef uint32_t (*load_fn)(void *, void *, uint64_t, uint32_t, uint32_t *);
    static const char *const names[] = {
        "address_space_ldl_sparc", "address_space_ldl_arm", "address_space_ldl_x86_64",
    };
    static load_fn original[3];

    if (!original[v->arch])
        original[v->arch] = (load_fn)(uintptr_t)vmm_original(names[v->arch]);
    return original[v->arch](v->uc, vmm_address_space(v), address, 0, NULL);
}

/* Store a word to RAM; code that was translated from there is forgotten. */
void vmm_store_word(struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    typedef void (*store_fn)(void *, void *, uint64_t, uint32_t, uint32_t, uint32_t *);
    static const char *const names[] = {
        "address_space_stl_sparc", "address_space_stl_arm", "address_space_stl_x86_64",
    };
    static store_fn original[3];

    if (!original[v->arch])
        original[v->arch] = (store_fn)(uintptr_t)vmm_original(names[v->arch]);
    if (v->tracking)
        vmm_mark_dirty(v, address, sizeof value);
    original[v->arch](v->uc, vmm_address_space(v), address, value, 0, NULL);
}
