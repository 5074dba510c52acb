/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translations put into the engine's TLB and thrown away, quickly.
 *
 * To put one in, the engine looks through its memory map for the page and through
 * the victims of earlier ones, and has the first store to the page take the slow path.
 * To throw all away it fills tables of 50 KiB with ones.  Here what it found for a
 * physical page is remembered, a page without code is stored to at once, and only
 * entries that were put in are cleared.  What is out of the ordinary stays with the engine.
 */
#include "tlb.h"

#include <string.h>

/* Flags in the addresses of an entry, of a page of 4 KiB. */
enum { NOT_DIRTY_SPARC_X86 = 0x400, NOT_DIRTY_ARM = 0x100, PAGE = 0x1000 };
enum { INVALID_SPARC_X86 = 0x800, INVALID_ARM = 0x200 };
enum { SLOW_SPARC_X86 = 0xe40, SLOW_ARM = 0x390 }; /* these, a device, and stores that are dropped */
enum { READ = 1, WRITE = 2, EXECUTE = 4, PLAIN = READ | WRITE | EXECUTE };
#define BYTE_SWAP (1u << 19) /* of a transaction's attributes */
#define NOTHING UINT64_MAX

/* In a descriptor, behind the large page's address and mask (two addresses). */
enum { IN_USE = 0x10, VICTIMS = 0x20, VICTIMS_SIZE = 0x200 };

static uint64_t not_dirty(const struct vmm_cpu *v)
{
    return v->arch == VMM_ARM ? NOT_DIRTY_ARM : NOT_DIRTY_SPARC_X86;
}

static uint64_t get_word(const struct vmm_cpu *v, const char *entry, unsigned which)
{
    return v->arch == VMM_X86 ? FIELD(uint64_t, entry, 8 * which) : FIELD(uint32_t, entry, 4 * which);
}

static void put_word(const struct vmm_cpu *v, char *entry, unsigned which, uint64_t value)
{
    if (v->arch == VMM_X86)
        FIELD(uint64_t, entry, 8 * which) = value;
    else
        FIELD(uint32_t, entry, 4 * which) = (uint32_t)value;
}

static bool is_empty(const struct vmm_cpu *v, const char *entry)
{
    if (v->arch == VMM_X86)
        return (FIELD(uint64_t, entry, 0) & FIELD(uint64_t, entry, 8) & FIELD(uint64_t, entry, 16))
            == NOTHING;
    return FIELD(uint64_t, entry, 0) == NOTHING && FIELD(uint32_t, entry, 8) == UINT32_MAX;
}

/* The part of a descriptor that is the same for all. */
static char *counters_of(const struct vmm_cpu *v, uint32_t index)
{
    return descriptor_of(v, index) + 2 * tlb_layouts[v->arch].word;
}

static char *io_entry(const struct vmm_cpu *v, uint32_t index, uint32_t number)
{
    unsigned size = tlb_layouts[v->arch].descriptor;

    return FIELD(char *, descriptor_of(v, index), size - TLB_LAST_POINTER)
        + ((uint64_t)number << TLB_IO_ENTRY_BITS);
}

static uint32_t number_of(const struct vmm_cpu *v, uint64_t address, uint32_t index)
{
    return (uint32_t)(address >> page_bits(v) & fast_of(v, index)->mask >> TLB_ENTRY_BITS);
}

static struct vmm_place_of_page *place_of(struct vmm_cpu *v, uint64_t pa)
{
    return &v->places_of_pages[pa >> 12 & (VMM_PLACES_OF_PAGES - 1)];
}

static void note_entry(struct vmm_cpu *v, uint32_t index, uint32_t number)
{
    struct vmm_entries *entries = v->entries[index];

    if (number >= VMM_ENTRIES)
        entries->count = VMM_ENTRIES;
    if (entries->count > VMM_ENTRIES_KNOWN || entries->used[number / 64] >> number % 64 & 1)
        return;
    entries->used[number / 64] |= 1ull << number % 64;
    entries->count++;
}

/* A translation that is about to be put in is part of one for SIZE bytes, a power of two and more
 * than a page.  False: the engine has to note that. */
bool vmm_note_large(struct vmm_cpu *v, uint64_t va, uint64_t size, uint32_t index)
{
    struct vmm_entries *entries = v->entries[index];
    uint64_t mask = v->arch == VMM_X86 ? -size : (uint32_t)-size;
    uint32_t i = 0;

    if (page_bits(v) != 12 || size & (size - 1))
        return false;
    while (i < entries->large_count
           && (entries->large[i].address != (va & mask) || entries->large[i].mask != mask))
        i++;
    if (i == VMM_LARGE_PAGES)
        return false;
    if (i == entries->large_count)
        entries->large[entries->large_count++] = (struct vmm_large_page){va & mask, mask};
    return true;
}

/* The entries of this index are not the ones that were noted. */
void vmm_entries_unknown(struct vmm_cpu *v, uint32_t index)
{
    v->entries[index]->count = VMM_ENTRIES;
}

/* Put in the translation of a page of RAM if the engine has done so before, and nothing is in
 * its place.  CODE: instructions were fetched from there, so stores are watched. */
bool vmm_put_translation(struct vmm_cpu *v, uint64_t va, uint64_t pa, uint32_t attrs, int prot,
                         uint32_t index, bool code)
{
    const struct vmm_place_of_page *place = place_of(v, pa);
    const struct tlb_layout *layout = &tlb_layouts[v->arch];
    uint32_t number = number_of(v, va, index);
    char *entry = fast_of(v, index)->table + ((uint64_t)number << TLB_ENTRY_BITS);
    char *counters = counters_of(v, index), *io;

    pa &= ~(uint64_t)(PAGE - 1);
    va &= ~(uint64_t)(PAGE - 1);
    if (place->page != (pa | 1) || place->attributes != attrs || prot & ~PLAIN
        || !is_empty(v, entry) || FIELD(uint64_t, counters, TLB_VICTIMS_TAKEN))
        return false;
    put_word(v, entry, 0, prot & READ ? va : NOTHING);
    put_word(v, entry, 1, prot & WRITE ? va | (code ? not_dirty(v) : 0) : NOTHING);
    put_word(v, entry, 2, prot & EXECUTE ? va : NOTHING);
    FIELD(uint64_t, entry, layout->physical) = place->physical;
    FIELD(uint64_t, entry, layout->addend) = place->host - va;
    io = io_entry(v, index, number);
    FIELD(uint64_t, io, 0) = place->offset - va;
    FIELD(uint32_t, io, 8) = attrs;
    FIELD(uint64_t, counters, IN_USE)++;
    *indexes_in_use(v) |= (uint16_t)(1u << index);
    note_entry(v, index, number);
    return true;
}

/* The engine has put in a translation.  RAM: of a page of RAM of 4 KiB; CODE as above. */
void vmm_translation_put(struct vmm_cpu *v, uint64_t va, uint64_t pa, uint32_t attrs, uint32_t index,
                         bool ram, bool code)
{
    const struct tlb_layout *layout = &tlb_layouts[v->arch];
    uint32_t number = number_of(v, va, index);
    char *entry = fast_of(v, index)->table + ((uint64_t)number << TLB_ENTRY_BITS);
    struct vmm_place_of_page *place = place_of(v, pa);

    note_entry(v, index, number);
    if (page_bits(v) != 12 || !ram)
        return;
    pa &= ~(uint64_t)(PAGE - 1);
    va &= ~(uint64_t)(PAGE - 1);
    if (!code && get_word(v, entry, 1) == (va | not_dirty(v)))
        put_word(v, entry, 1, va);
    if (get_word(v, entry, 0) != va || attrs & BYTE_SWAP)
        return; /* it cannot be read, or not as it is: not what most are like */
    place->page = pa | 1;
    place->attributes = attrs;
    place->physical = FIELD(uint64_t, entry, layout->physical);
    place->host = FIELD(uint64_t, entry, layout->addend) + va;
    place->offset = FIELD(uint64_t, io_entry(v, index, number), 0) + va;
}

/* A block is about to be found or made whose place in the engine's index is INDEX. */
void vmm_block_indexed(struct vmm_cpu *v, uint32_t index)
{
    v->block_groups |= page_bits(v) == 12 ? 1ull << index / VMM_BLOCK_GROUP : ~0ull;
}

static void forget_blocks(struct vmm_cpu *v)
{
    void **blocks = &FIELD(void *, v->cpu, CPU_JUMP_CACHE);

    for (uint64_t groups = v->block_groups; groups; groups &= groups - 1)
        memset(blocks + (size_t)__builtin_ctzll(groups) * VMM_BLOCK_GROUP, 0,
               VMM_BLOCK_GROUP * sizeof *blocks);
    v->block_groups = 0;
}

static bool is_of_page(const struct vmm_cpu *v, const char *entry, uint64_t page)
{
    uint64_t invalid = v->arch == VMM_ARM ? INVALID_ARM : INVALID_SPARC_X86;

    for (unsigned which = 0; which < 3; which++)
        if ((get_word(v, entry, which) & (~(PAGE - 1ull) | invalid)) == page)
            return true;
    return false;
}

/* Whether a page may be part of a larger one that one of these translations is of. */
static bool is_large(const struct vmm_cpu *v, const struct vmm_entries *entries,
                     const char *descriptor, uint64_t page)
{
    for (uint32_t i = 0; i < entries->large_count; i++)
        if ((page & entries->large[i].mask) == entries->large[i].address)
            return true;
    return (page & get_word(v, descriptor, 1)) == get_word(v, descriptor, 0); /* the engine's */
}

/* Throw away the translation of a page of 4 KiB from one set.  False: more than that has to go. */
bool vmm_forget_entry(const struct vmm_cpu *v, const struct vmm_entries *entries,
                      const struct fast *fast, char *descriptor, uint64_t page)
{
    char *counters = descriptor + 2 * tlb_layouts[v->arch].word;
    char *entry = fast->table + (page >> (12 - TLB_ENTRY_BITS) & fast->mask);

    if (is_large(v, entries, descriptor, page))
        return false;
    if (is_of_page(v, entry, page)) {
        memset(entry, 0xff, 1 << TLB_ENTRY_BITS);
        FIELD(uint64_t, counters, IN_USE)--;
    }
    if (FIELD(uint64_t, counters, TLB_VICTIMS_TAKEN))
        for (char *victim = counters + VICTIMS; victim < counters + VICTIMS + VICTIMS_SIZE;
             victim += 1 << TLB_ENTRY_BITS)
            if (is_of_page(v, victim, page)) {
                memset(victim, 0xff, 1 << TLB_ENTRY_BITS);
                FIELD(uint64_t, counters, IN_USE)--;
            }
    return true;
}

/* A block is found by where it begins, and may reach into the next page. */
static void forget_blocks_of(struct vmm_cpu *v, uint64_t page)
{
    void **blocks = &FIELD(void *, v->cpu, CPU_JUMP_CACHE);

    for (unsigned i = 0; i < 2; i++, page -= PAGE) {
        uint64_t address = v->arch == VMM_X86 ? page : (uint32_t)page;
        unsigned group = (address ^ address >> 6) >> 12 & 63; /* vmm_block_indexed */

        if (v->block_groups >> group & 1)
            memset(blocks + (size_t)group * VMM_BLOCK_GROUP, 0, VMM_BLOCK_GROUP * sizeof *blocks);
        v->block_groups &= ~(1ull << group);
    }
}

/* Whether the engine's pages are what is flushed here; ARM's may be smaller. */
bool vmm_pages_are_of_4k(const struct vmm_cpu *v)
{
    return page_bits(v) == 12;
}

/* Throw away the translation of a page, in these MMU indexes; gives those of which all have to
 * go.  What is parked is not looked at. */
uint16_t vmm_flush_one_page(struct vmm_cpu *v, uint64_t address, uint16_t indexes)
{
    uint64_t page = address & ~(uint64_t)(PAGE - 1);
    uint16_t all = 0;

    for (uint16_t left = *indexes_in_use(v) & indexes; left; left &= (uint16_t)(left - 1)) {
        uint32_t index = (uint32_t)__builtin_ctz(left);

        if (!vmm_forget_entry(v, v->entries[index], fast_of(v, index), descriptor_of(v, index), page))
            all |= (uint16_t)(1u << index);
    }
    forget_blocks_of(v, page);
    return all;
}

/* A store to this page takes the slow path from now on, if it does not already. */
static void watch_stores(const struct vmm_cpu *v, char *entry, uint64_t page)
{
    uint64_t slow = v->arch == VMM_ARM ? SLOW_ARM : SLOW_SPARC_X86;
    uint64_t word = get_word(v, entry, 1);

    if ((word & (~(PAGE - 1ull) | slow)) == page)
        put_word(v, entry, 1, word | not_dirty(v));
}

/* Code of the LENGTH bytes from the start of a page on was translated: stores there are watched.
 * The engine would look at every translation there is.  False: it has to. */
bool vmm_watch_code(struct vmm_cpu *v, uint64_t start, uint64_t length)
{
    if (page_bits(v) != 12)
        return false;
    /* An x86 pc may be at the very end of 64 bits, so that what is behind begins at 0. */
    for (uint64_t offset = 0; offset < length; offset += PAGE)
        for (uint16_t left = *indexes_in_use(v); left; left &= (uint16_t)(left - 1)) {
            uint32_t index = (uint32_t)__builtin_ctz(left);
            char *counters = counters_of(v, index);
            uint64_t page = start + offset;

            watch_stores(v, fast_of(v, index)->table
                            + ((uint64_t)number_of(v, page, index) << TLB_ENTRY_BITS), page);
            if (FIELD(uint64_t, counters, TLB_VICTIMS_TAKEN))
                for (unsigned at = VICTIMS; at < VICTIMS + VICTIMS_SIZE; at += 1 << TLB_ENTRY_BITS)
                    watch_stores(v, counters + at, page);
        }
    return true;
}

static void forget_noted(struct vmm_entries *entries)
{
    if (entries->count)
        memset(entries->used, 0, sizeof entries->used);
    entries->count = entries->large_count = 0;
}

/* The engine may have thrown all away for the sake of one page, and have made the table smaller. */
static void forget_entries(const struct fast *fast, const struct vmm_entries *entries)
{
    for (uint32_t word = 0; entries->count && word < VMM_ENTRIES / 64; word++)
        for (uint64_t used = entries->used[word]; used; used &= used - 1) {
            uint64_t number = 64ull * word + (unsigned)__builtin_ctzll(used);

            memset(fast->table + (number << TLB_ENTRY_BITS & fast->mask), 0xff, 1 << TLB_ENTRY_BITS);
        }
}

/* Throw away the translations of these MMU indexes.  False: the engine has to, or has done so for
 * none. */
bool vmm_flush_translations(struct vmm_cpu *v, uint16_t indexes)
{
    uint16_t *in_use = indexes_in_use(v);
    uint16_t flushed = *in_use & indexes;

    for (uint16_t left = flushed; left; left &= (uint16_t)(left - 1))
        if (v->entries[__builtin_ctz(left)]->count > VMM_ENTRIES_KNOWN)
            return false;
    for (uint16_t left = flushed; left; left &= (uint16_t)(left - 1)) {
        uint32_t index = (uint32_t)__builtin_ctz(left);
        struct vmm_entries *entries = v->entries[index];
        const struct fast *fast = fast_of(v, index);
        char *counters = counters_of(v, index);

        forget_entries(fast, entries);
        forget_noted(entries);
        memset(descriptor_of(v, index), 0xff, 2 * tlb_layouts[v->arch].word); /* no large page */
        if (FIELD(uint64_t, counters, TLB_VICTIMS_TAKEN))
            memset(counters + VICTIMS, 0xff, VICTIMS_SIZE);
        FIELD(uint64_t, counters, IN_USE) = 0;
        FIELD(uint64_t, counters, TLB_VICTIMS_TAKEN) = 0;
    }
    *in_use &= (uint16_t)~flushed;
    forget_blocks(v);
    return true;
}

/* The engine has thrown away the translations of these MMU indexes, and all it knew of blocks. */
void vmm_translations_flushed(struct vmm_cpu *v, uint16_t indexes)
{
    for (uint32_t index = 0; index < VMM_MMU_INDEXES; index++)
        if (indexes >> index & 1)
            forget_noted(v->entries[index]);
    v->block_groups = 0;
}
