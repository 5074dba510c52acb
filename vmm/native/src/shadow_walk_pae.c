/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86 page tables of PAE paging (Intel SDM volume 3A, 4.4 and 4.6 to 4.8): vmm/cpu/x86/walk.py and
 * vmm/monitor/memory/x86.py in C.  As in the engine, addresses have 40 bits, and the four
 * pointers, which have no rights or flags of their own, are read from memory. */
#include "shadow_state.h"
#include "x86_paging.h"
#include "x86_state.h"

enum { RESERVED_2M = 0x1fe000 }; /* in an entry for 2 MiB; bit 12 is PAT */
enum { POINTER, DIRECTORY, TABLE, LEVELS };
#define NO_EXECUTE (1ull << 63)
#define RESERVED 0x7fffff0000000000ull /* MAXPHYADDR is 40 */
#define ADDRESS 0x000ffffffffff000ull

struct walk {
    struct vmm_cpu *v;
    uint64_t a20;
    uint32_t address;
    unsigned access;
    bool user, marks, no_execute, smep;
    struct shadow_walk *found;
    uint64_t at[LEVELS], entry[LEVELS];
    uint8_t *host[LEVELS];
};

/* The entry of a level, at AT; false: it is not in RAM that is known here. */
static bool read_entry(struct walk *w, unsigned level, uint64_t at)
{
    w->at[level] = at & w->a20;
    w->host[level] = shadow_host(w->v->shadow, w->at[level], 8, true);
    if (!w->host[level])
        return false;
    w->entry[level] = shadow_value(w->v, w->host[level], 8);
    return true;
}

/* The flags are all in the lower word. */
static uint64_t mark(struct walk *w, unsigned level, uint32_t flags)
{
    uint64_t value = shadow_value(w->v, w->host[level], 8), marked = value | flags;

    if (w->marks && marked != value)
        shadow_put(w->v, w->at[level], w->host[level], (uint32_t)marked);
    return marked;
}

static enum shadow_result fault(struct walk *w, uint32_t code)
{
    w->found->status = code | (w->access == SHADOW_STORE ? ERROR_WRITE : 0)
        | (w->user ? ERROR_USER : 0)
        | (w->access == SHADOW_FETCH && (w->no_execute || w->smep) ? ERROR_FETCH : 0);
    return SHADOW_FAULT;
}

/* A table that contains itself is read twice. */
static void add_source(struct walk *w, unsigned level, uint64_t value)
{
    struct shadow_walk *found = w->found;
    uint32_t i = 0;

    while (i < found->count && found->sources[i].address != w->at[level])
        i++;
    found->sources[i] = (struct vmm_source){.address = w->at[level], .value = value, .size = 8};
    found->count += i == found->count;
}

/* The walk has ended with the entry of level LAST, which maps a page in SPAN bytes. */
static enum shadow_result page(struct walk *w, unsigned last, uint64_t span)
{
    uint64_t both = w->entry[DIRECTORY] & w->entry[last], marked;
    bool never = w->no_execute && (w->entry[DIRECTORY] | w->entry[last]) & NO_EXECUTE;
    uint32_t of_user = VMM_ENTRY_READ | (both & WRITABLE ? VMM_ENTRY_WRITE : 0)
        | (never ? 0 : VMM_ENTRY_EXECUTE);
    uint32_t rights = of_user | (FIELD(uint32_t, w->v->env, X86_CR) & CR0_WP ? 0 : VMM_ENTRY_WRITE);
    uint64_t base = w->entry[last] & ADDRESS & ~(span - 1);

    if (both & USER_PAGE && w->smep)
        rights &= ~(uint32_t)VMM_ENTRY_EXECUTE;
    if (both & USER_PAGE)
        rights |= of_user << VMM_ENTRY_USER;
    if (last == TABLE)
        mark(w, DIRECTORY, ACCESSED); /* also if the access is refused */
    if (!(rights >> (w->user ? VMM_ENTRY_USER : 0) >> w->access & 1))
        return fault(w, ERROR_PRESENT);
    marked = mark(w, last, w->access == SHADOW_STORE ? ACCESSED | DIRTY : ACCESSED);
    if (!(marked & DIRTY))
        rights &= ~(uint32_t)SHADOW_WRITES;
    add_source(w, POINTER, w->entry[POINTER]);
    if (last == TABLE)
        add_source(w, DIRECTORY, w->entry[DIRECTORY] | ACCESSED);
    add_source(w, last, marked);
    w->found->span = (uint32_t)span;
    w->found->entry = ((base | (w->address & (span - 1))) & w->a20 & VMM_ENTRY_FRAME) | rights;
    return SHADOW_FOUND;
}

enum shadow_result vmm_shadow_walk_pae(struct vmm_cpu *v, uint32_t address, unsigned access,
                                       bool user, bool marks, struct shadow_walk *found)
{
    uint32_t cr3 = FIELD(uint32_t, v->env, X86_CR + 8 * 3);
    struct walk w = {
        .v = v, .a20 = (uint64_t)(int64_t)FIELD(int32_t, v->env, X86_A20_MASK), .address = address,
        .access = access, .user = user, .marks = marks, .found = found,
        .no_execute = FIELD(uint32_t, v->env, X86_EFER) & EFER_NXE,
        .smep = FIELD(uint32_t, v->env, X86_CR + 8 * 4) & CR4_SMEP,
    };
    uint64_t reserved = RESERVED | (w.no_execute ? 0 : NO_EXECUTE);

    found->count = 0;
    if (!read_entry(&w, POINTER, (cr3 & 0xffffffe0) + (address >> 27 & 0x18)))
        return SHADOW_UNUSUAL;
    if (!(w.entry[POINTER] & PRESENT))
        return fault(&w, 0);
    if (w.entry[POINTER] & (RESERVED | NO_EXECUTE))
        return fault(&w, ERROR_PRESENT | ERROR_RESERVED);
    if (!read_entry(&w, DIRECTORY, (w.entry[POINTER] & ADDRESS) + (address >> 18 & 0xff8)))
        return SHADOW_UNUSUAL;
    if (!(w.entry[DIRECTORY] & PRESENT))
        return fault(&w, 0);
    if (w.entry[DIRECTORY] & reserved
        || (w.entry[DIRECTORY] & LARGE && w.entry[DIRECTORY] & RESERVED_2M))
        return fault(&w, ERROR_PRESENT | ERROR_RESERVED);
    if (w.entry[DIRECTORY] & LARGE)
        return page(&w, DIRECTORY, 1 << 21);
    if (!read_entry(&w, TABLE, (w.entry[DIRECTORY] & ADDRESS) + (address >> 9 & 0xff8)))
        return SHADOW_UNUSUAL;
    if (w.entry[TABLE] & PRESENT && !(w.entry[TABLE] & reserved))
        return page(&w, TABLE, 1 << 12);
    mark(&w, DIRECTORY, ACCESSED);
    return fault(&w, w.entry[TABLE] & PRESENT ? ERROR_PRESENT | ERROR_RESERVED : 0);
}
