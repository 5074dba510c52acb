/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's TLB, as it lies before the register file. */
#ifndef VMM_TLB_H
#define VMM_TLB_H

#include "vmm.h"
#include "offsets.h"

/* The translations of one MMU index, for fast accesses. */
struct fast {
    uint64_t mask; /* bytes of entries, less one entry */
    char *table;
};

/* In a descriptor, behind the large page's address and mask (two addresses). */
enum { TLB_VICTIMS_TAKEN = 0x18, TLB_VICTIMS = 8 /* at most */ };

/* By architecture. */
static const struct tlb_layout {
    unsigned fast, descriptors, descriptor;
    unsigned word; /* bytes of an address in an entry: for loads, stores, fetches */
    unsigned physical, addend; /* in an entry */
    const char *flush;
} tlb_layouts[] = {
    {SPARC_TLB_FAST, SPARC_TLB_DESCRIPTORS, SPARC_TLB_DESCRIPTOR, 4, 0x10, 0x18,
     "tlb_flush_by_mmuidx_sparc"},
    {ARM_TLB_FAST, ARM_TLB_DESCRIPTORS, ARM_TLB_DESCRIPTOR, 4, 0x10, 0x18,
     "tlb_flush_by_mmuidx_arm"},
    {X86_TLB_FAST, X86_TLB_DESCRIPTORS, X86_TLB_DESCRIPTOR, 8, 0x18, X86_TLB_ENTRY_ADDEND,
     "tlb_flush_by_mmuidx_x86_64"},
};

/* How many of a descriptor's victims, behind two addresses of WORD bytes, may be in use. */
static inline unsigned vmm_victims(const char *descriptor, unsigned word)
{
    uint64_t taken = FIELD(uint64_t, descriptor, 2 * word + TLB_VICTIMS_TAKEN);

    return taken < TLB_VICTIMS ? (unsigned)taken : TLB_VICTIMS;
}

static inline struct fast *fast_of(const struct vmm_cpu *v, uint32_t index)
{
    return (struct fast *)((char *)v->env - tlb_layouts[v->arch].fast) + index;
}

static inline char *descriptor_of(const struct vmm_cpu *v, uint32_t index)
{
    return (char *)v->env - tlb_layouts[v->arch].descriptors
        + tlb_layouts[v->arch].descriptor * index;
}

/* A bit per MMU index that has translations. */
static inline uint16_t *indexes_in_use(const struct vmm_cpu *v)
{
    return &FIELD(uint16_t, (char *)v->env - tlb_layouts[v->arch].descriptors, -TLB_NEEDS_FLUSH);
}

/* tlb.c */
bool vmm_forget_entry(const struct vmm_cpu *v, const struct vmm_entries *entries,
                      const struct fast *fast, char *descriptor, uint64_t page);

static inline int page_bits(const struct vmm_cpu *v)
{
    enum { PAGE_BITS = 12 };

    return v->arch == VMM_ARM
        ? FIELD(int32_t, FIELD(void *, v->uc, UC_TARGET_PAGE), TARGET_PAGE_BITS) : PAGE_BITS;
}

enum vmm_tlb_access { VMM_TLB_LOAD, VMM_TLB_STORE, VMM_TLB_FETCH };

/* SPARC and ARM: where a word is that translated code would reach with no call; else NULL. */
static inline void *vmm_plain_word(const struct vmm_cpu *v, uint32_t address, uint32_t index,
                                   enum vmm_tlb_access access)
{
    const struct tlb_layout *layout = &tlb_layouts[v->arch];
    const struct fast *fast = fast_of(v, index);
    const char *entry = fast->table + (address >> (12 - TLB_ENTRY_BITS) & fast->mask);

    if (address & 3 || page_bits(v) != 12
        || FIELD(uint32_t, entry, layout->word * access) != (address & ~0xfffu))
        return NULL;
    return (void *)(uintptr_t)(address + FIELD(uint64_t, entry, layout->addend));
}

#endif
