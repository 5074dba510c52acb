/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views: what of the engine's caches belongs to virtual kernel and to virtual user mode.
 *
 * Both run in real user mode, with the same index into the engine's TLB.  Blocks
 * are looked up by the view besides their pc, so they never mix.  Of translations
 * there are two sets; the one of the other view is parked, and a change of the
 * virtual mode exchanges them: a few hundred bytes instead of a flush.
 */
#include "tlb.h"

#include <stdlib.h>
#include <string.h>

/* The translations of one index: what fast accesses use, and what describes it. */
struct vmm_parked_tlb {
    struct fast fast;
    char descriptor[X86_TLB_DESCRIPTOR]; /* the largest */
    uint32_t index;
    bool stale; /* to be flushed before it is used */
};

/* Whether a fresh engine's TLB is where this build keeps it: 256 empty entries an index. */
bool vmm_tlb_is_known(const struct vmm_cpu *v)
{
    for (uint32_t index = 0; index < 3; index++) {
        const char *descriptor = descriptor_of(v, index);
        if (fast_of(v, index)->mask != 255u << TLB_ENTRY_BITS || !fast_of(v, index)->table
            || FIELD(int32_t, descriptor, 0) != -1
            || !FIELD(void *, descriptor, tlb_layouts[v->arch].descriptor - TLB_LAST_POINTER))
            return false;
    }
    return true;
}

/* The index of real user mode. */
uint32_t vmm_user_index(const struct vmm_cpu *v)
{
    enum { SPARC_USER = 0, X86_USER = 1, ARM_INDEX = 0xf };

    if (v->arch == VMM_ARM) {
        typedef uint32_t (*index_fn)(void *);
        ORIGINAL(index_fn, index, "arm_mmu_idx_arm");
        return index(v->env) & ARM_INDEX;
    }
    return v->arch == VMM_X86 ? X86_USER : SPARC_USER;
}

/* The engine frees the set that it has; a parked one is ours. */
static void free_parked(struct vmm_parked_tlb *parked, unsigned size)
{
    if (!parked)
        return;
    free(parked->fast.table);
    free(FIELD(void *, parked->descriptor, size - TLB_LAST_POINTER));
    free(parked);
}

/* A second set of the size that the engine's has now, to be flushed before use. */
static struct vmm_parked_tlb *new_parked(const struct vmm_cpu *v, uint32_t index)
{
    struct vmm_parked_tlb *parked = calloc(1, sizeof *parked);
    unsigned size = tlb_layouts[v->arch].descriptor;
    uint64_t bytes = fast_of(v, index)->mask + (1u << TLB_ENTRY_BITS);

    if (!parked)
        return NULL;
    parked->index = index;
    parked->stale = true;
    parked->fast.mask = fast_of(v, index)->mask;
    parked->fast.table = malloc(bytes);
    memcpy(parked->descriptor, descriptor_of(v, index), size);
    FIELD(void *, parked->descriptor, size - TLB_LAST_POINTER)
        = malloc(bytes >> (TLB_ENTRY_BITS - TLB_IO_ENTRY_BITS));
    if (!parked->fast.table || !FIELD(void *, parked->descriptor, size - TLB_LAST_POINTER)) {
        free_parked(parked, size);
        return NULL;
    }
    memset(parked->fast.table, 0xff, bytes);
    memset(v->parked_entries, 0, sizeof *v->parked_entries);
    return parked;
}

void vmm_free_parked(struct vmm_cpu *v)
{
    free_parked(v->parked, tlb_layouts[v->arch].descriptor);
    v->parked = NULL;
}

/* SIZE is constant: these are moves, not calls. */
static inline __attribute__((always_inline)) void swap(char *a, char *b, size_t size)
{
    char was[64];

    memcpy(was, a, size);
    memcpy(a, b, size);
    memcpy(b, was, size);
}

/* Of two descriptors, but for victims that neither has. */
static void swap_descriptors(char *a, char *b, const struct tlb_layout *layout)
{
    enum { ADDRESS = 8, COUNTERS = 0x20, VICTIM = 1 << TLB_ENTRY_BITS, IO = 1 << TLB_IO_ENTRY_BITS };
    unsigned begin = 2 * layout->word + COUNTERS, last = layout->descriptor - TLB_LAST_POINTER;
    unsigned victims = vmm_victims(a, layout->word), others = vmm_victims(b, layout->word);

    for (unsigned at = 0; at < begin; at += ADDRESS)
        swap(a + at, b + at, ADDRESS);
    swap(a + last, b + last, TLB_LAST_POINTER);
    for (unsigned i = 0; i < (victims > others ? victims : others); i++) {
        unsigned io = begin + TLB_VICTIMS * VICTIM + i * IO;

        swap(a + begin + i * VICTIM, b + begin + i * VICTIM, VICTIM);
        swap(a + io, b + io, IO);
    }
}

static void exchange(struct vmm_cpu *v)
{
    const struct tlb_layout *layout = &tlb_layouts[v->arch];
    struct vmm_parked_tlb *parked = v->parked;

    struct vmm_entries *entries = v->parked_entries;

    swap((char *)fast_of(v, parked->index), (char *)&parked->fast, sizeof parked->fast);
    swap_descriptors(descriptor_of(v, parked->index), parked->descriptor, layout);
    v->parked_entries = v->entries[parked->index];
    v->entries[parked->index] = entries;
    *indexes_in_use(v) |= (uint16_t)(1u << parked->index);
}

/* Use the set of the other virtual mode. */
static void switch_translations(struct vmm_cpu *v)
{
    typedef void (*flush_fn)(void *, uint16_t);
    uint32_t index = vmm_user_index(v);

    if (v->parked && v->parked->index != index)
        vmm_free_parked(v); /* ARM: the monitor has gone to another real state */
    if (!v->parked)
        v->parked = new_parked(v, index);
    if (!v->parked) { /* no memory: slower, and as right */
        vmm_flush_tlb(v);
        return;
    }
    exchange(v);
    if (v->parked->stale) {
        if (!vmm_flush_translations(v, (uint16_t)(1u << index))) {
            flush_fn flush = (flush_fn)(uintptr_t)vmm_original(tlb_layouts[v->arch].flush);

            flush(v->cpu, (uint16_t)(1u << index));
            vmm_translations_flushed(v, (uint16_t)(1u << index));
        }
        v->parked->stale = false;
    }
}

/* Translations are being flushed: those that are parked too, when their turn comes. */
void vmm_parked_flushed(void *env)
{
    struct vmm_cpu *v = vmm_of_env(env);

    if (v && v->parked)
        v->parked->stale = true;
}

/* The translation of a page is being flushed: of the set that is parked too. */
void vmm_parked_page_flushed(struct vmm_cpu *v, uint64_t address)
{
    struct vmm_parked_tlb *parked = v->parked;

    if (parked && !parked->stale
        && !vmm_forget_entry(v, v->parked_entries, &parked->fast, parked->descriptor,
                             address & ~0xfffull))
        parked->stale = true;
}

/* Exchange the sets, for something that is to be done to the parked one; done again
 * it is undone.  False: there is none that would need it. */
bool vmm_parked_exchange(void *env)
{
    struct vmm_cpu *v = vmm_of_env(env);

    if (!v || !v->parked || v->parked->stale)
        return false;
    exchange(v);
    return true;
}

/* The processor goes to virtual kernel or virtual user mode, or becomes a bare one. */
void vmm_set_view(struct vmm_cpu *v, uint32_t view)
{
    uint32_t *cluster = &FIELD(uint32_t, v->cpu, CPU_CLUSTER_INDEX);
    uint32_t before = *cluster;

    v->vcpu->view = view;
    *cluster = view == VMM_VIEW_BARE ? CPU_NO_CLUSTER : view;
    if (*cluster == before)
        return;
    if (before != CPU_NO_CLUSTER && view != VMM_VIEW_BARE)
        switch_translations(v);
    else
        vmm_flush_tlb(v);
}

/* Forget the translation of one page, in all views. */
void vmm_flush_page(struct vmm_cpu *v, uint32_t address)
{
    typedef void (*flush32_fn)(void *, uint32_t);
    typedef void (*flush64_fn)(void *, uint64_t);
    ORIGINAL(flush32_fn, flush_sparc, "tlb_flush_page_sparc");
    ORIGINAL(flush32_fn, flush_arm, "tlb_flush_page_arm");
    ORIGINAL(flush64_fn, flush_x86, "tlb_flush_page_x86_64");

    switch (v->arch) {
    case VMM_SPARC: flush_sparc(v->cpu, address); break;
    case VMM_ARM: flush_arm(v->cpu, address); break;
    default: flush_x86(v->cpu, address); break;
    }
}

/* Code was translated from a page, and there is now a translation for stores to it that
 * allows no fetches.  The engine takes such a page for one without code once it was
 * stored to; see that it does not: an address that no fetch can have is put in. */
void vmm_keep_watching(struct vmm_cpu *v, uint64_t address, int mmu_index)
{
    const struct fast *fast = fast_of(v, (uint32_t)mmu_index);
    char *entry = fast->table + (address >> (page_bits(v) - TLB_ENTRY_BITS) & fast->mask);

    if (v->arch == VMM_X86)
        FIELD(int64_t, entry, 2 * sizeof(int64_t)) = -2;
    else
        FIELD(int32_t, entry, 2 * sizeof(int32_t)) = -2;
}

/* SPARC: the translation at hand for an ACCESS (a load or a store) of ADDRESS. */
enum vmm_at_hand vmm_translation_at_hand(const struct vmm_cpu *v, uint32_t address, int access,
                                         int mmu_index)
{
    enum { PAGE_BITS = 12, NOT_DIRTY = 1 << 10 };
    const struct fast *fast = fast_of(v, (uint32_t)mmu_index);
    const char *entry = fast->table + (address >> (PAGE_BITS - TLB_ENTRY_BITS) & fast->mask);
    uint32_t tag = FIELD(uint32_t, entry, sizeof tag * (uint32_t)access);

    if ((tag ^ address) >> PAGE_BITS)
        return VMM_NOT_AT_HAND;
    switch (tag & ((1u << PAGE_BITS) - 1)) {
    case 0: return VMM_AT_HAND;
    case NOT_DIRTY: return VMM_AT_HAND_WATCHED;
    default: return VMM_NOT_AT_HAND;
    }
}
