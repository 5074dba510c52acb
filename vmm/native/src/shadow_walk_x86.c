/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86 page tables of 32-bit paging with PSE (Intel SDM volume 3A, 4.3 and 4.6 to 4.8):
 * vmm/cpu/x86/walk.py and vmm/monitor/memory/x86.py in C.  PAE is in shadow_walk_pae.c. */
#include "shadow_state.h"
#include "x86_paging.h"
#include "x86_state.h"

enum { RESERVED_4M = 1 << 21 };

static uint32_t control(const struct vmm_cpu *v, unsigned index)
{
    return FIELD(uint32_t, v->env, X86_CR + 8 * index);
}

static void key(struct vmm_cpu *v, struct shadow_key *k)
{
    uint32_t cr0 = control(v, 0) & (CR0_PG | CR0_WP);

    *k = (struct shadow_key){.words = {FIELD(uint32_t, v->env, X86_A20_MASK)}};
    if (!(cr0 & CR0_PG))
        return;
    k->translates = 1;
    k->words[1] = cr0;
    k->words[2] = control(v, 3);
    k->words[3] = control(v, 4) & (CR4_PSE | CR4_PAE | CR4_SMEP);
    k->words[4] = FIELD(uint32_t, v->env, X86_EFER) & EFER_NXE;
    k->wide = k->words[3] & CR4_PAE ? 1 : 0;
}

/* One walk. */
struct walk {
    struct vmm_cpu *v;
    uint64_t a20;
    uint32_t address;
    unsigned access;
    bool user, marks;
    struct shadow_walk *found;
    uint64_t at[2];
    uint8_t *host[2];
    uint32_t entry[2];
};

/* The entry number I, at AT; false: it is not in RAM that is known here. */
static bool read_entry(struct walk *w, unsigned i, uint32_t at)
{
    w->at[i] = at & w->a20;
    w->host[i] = shadow_host(w->v->shadow, w->at[i], 4, true);
    if (!w->host[i])
        return false;
    w->entry[i] = (uint32_t)shadow_value(w->v, w->host[i], 4);
    return true;
}

static uint32_t mark(struct walk *w, unsigned i, uint32_t flags)
{
    uint32_t value = (uint32_t)shadow_value(w->v, w->host[i], 4), marked = value | flags;

    if (w->marks && marked != value)
        shadow_put(w->v, w->at[i], w->host[i], marked);
    return marked;
}

static enum shadow_result fault(struct walk *w, uint32_t code)
{
    bool tells_fetch = control(w->v, 4) & CR4_SMEP; /* this is not PAE's format */

    w->found->status = code | (w->access == SHADOW_STORE ? ERROR_WRITE : 0)
        | (w->user ? ERROR_USER : 0)
        | (w->access == SHADOW_FETCH && tells_fetch ? ERROR_FETCH : 0);
    return SHADOW_FAULT;
}

static void add_source(struct walk *w, unsigned i, uint32_t value)
{
    w->found->sources[w->found->count++]
        = (struct vmm_source){.address = w->at[i], .value = value, .size = 4};
}

/* The walk has ended with entry LAST, which maps a page in SPAN bytes at BASE. */
static enum shadow_result page(struct walk *w, unsigned last, uint64_t base, uint64_t span)
{
    uint32_t both = w->entry[0] & w->entry[last], marked;
    uint32_t user = VMM_ENTRY_READ | VMM_ENTRY_EXECUTE | (both & WRITABLE ? VMM_ENTRY_WRITE : 0);
    uint32_t rights = user | (control(w->v, 0) & CR0_WP ? 0 : VMM_ENTRY_WRITE);

    if (both & USER_PAGE && control(w->v, 4) & CR4_SMEP)
        rights &= ~(uint32_t)VMM_ENTRY_EXECUTE;
    if (both & USER_PAGE)
        rights |= user << VMM_ENTRY_USER;
    if (last)
        mark(w, 0, ACCESSED); /* also if the access is refused */
    if (!(rights >> (w->user ? VMM_ENTRY_USER : 0) >> w->access & 1))
        return fault(w, ERROR_PRESENT);
    marked = mark(w, last, w->access == SHADOW_STORE ? ACCESSED | DIRTY : ACCESSED);
    if (!(marked & DIRTY))
        rights &= ~(uint32_t)SHADOW_WRITES;
    if (last && w->at[0] != w->at[1]) /* a table may contain itself */
        add_source(w, 0, w->entry[0] | ACCESSED);
    add_source(w, last, marked);
    w->found->span = (uint32_t)span;
    w->found->entry = ((base | (w->address & (span - 1))) & w->a20 & VMM_ENTRY_FRAME) | rights;
    return SHADOW_FOUND;
}

static enum shadow_result walk(struct vmm_cpu *v, uint32_t address, unsigned access, bool user,
                               bool marks, struct shadow_walk *found)
{
    uint32_t cr4 = control(v, 4);
    struct walk w = {
        .v = v, .a20 = (uint64_t)(int64_t)FIELD(int32_t, v->env, X86_A20_MASK), .address = address,
        .access = access, .user = user, .marks = marks, .found = found,
    };

    if (cr4 & CR4_PAE)
        return vmm_shadow_walk_pae(v, address, access, user, marks, found);
    found->count = 0;
    if (!read_entry(&w, 0, (control(v, 3) & 0xfffff000) + (address >> 20 & 0xffc)))
        return SHADOW_UNUSUAL;
    if (!(w.entry[0] & PRESENT))
        return fault(&w, 0);
    if (w.entry[0] & LARGE && cr4 & CR4_PSE) {
        if (w.entry[0] & RESERVED_4M)
            return fault(&w, ERROR_PRESENT | ERROR_RESERVED);
        return page(&w, 0, (uint64_t)(w.entry[0] >> 13 & 0xff) << 32 | (w.entry[0] & 0xffc00000),
                    1 << 22);
    }
    if (!read_entry(&w, 1, (w.entry[0] & 0xfffff000) + (address >> 10 & 0xffc)))
        return SHADOW_UNUSUAL;
    if (!(w.entry[1] & PRESENT)) {
        mark(&w, 0, ACCESSED);
        return fault(&w, 0);
    }
    return page(&w, 1, w.entry[1] & 0xfffff000, 1 << 12);
}

static int refuse(struct vmm_cpu *v, uint32_t address, unsigned access, uint32_t status)
{
    (void)access;
    if (!v->fill_probe) {
        FIELD(uint64_t, v->env, X86_CR + 8 * 2) = address;
        FIELD(uint32_t, v->env, X86_ERROR_CODE) = status;
    }
    return PF;
}

const struct shadow_format vmm_shadow_x86 = {NULL, key, walk, refuse};
