/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of an exposed guest's page tables that can be validated at a glance.
 *
 * vmm/monitor/memory/frame_types.py has the rules and the account of all tables in use.  It
 * opens the *leaves* here: tables whose entries map pages and lead to no other table.
 * An entry of a leaf may be nothing, or a page of the guest's memory that is not a
 * table's if it can be written.  What is more than that is Python's to decide.  The
 * entries that count, `seen`, are kept once, and both work on them.
 */
#include "vmm.h"
#include "offsets.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, CHUNK = 256 /* bytes of the smallest leaf */, WORD = 4 };

struct frame {
    uint8_t seen[PAGE];
    uint32_t open; /* a bit for each chunk */
};

struct vmm_leaves {
    struct frame *frames[VMM_PAGES];
    uint64_t roots[VMM_ROOTS]; /* that are validated, by address */
    uint32_t root_count;
};

static struct vmm_leaves *leaves(struct vmm_cpu *v)
{
    if (!v->leaves)
        v->leaves = calloc(1, sizeof *v->leaves);
    return v->leaves;
}

/* What an entry of a leaf maps; false: more than a glance is needed. */
static bool maps(const struct vmm_cpu *v, uint32_t entry, uint32_t *frame, bool *writable)
{
    enum { TYPE = 3, PAGE_ENTRY = 2, ACCESS = 7 };
    /* By ACC: read and write for the supervisor (SPARC V8 manual, H.3). */
    static const uint8_t sparc_writes = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7;

    if (v->arch != VMM_SPARC)
        return false;
    *frame = 0;
    *writable = false;
    if (!(entry & TYPE))
        return true;
    *frame = entry >> 8;
    *writable = sparc_writes >> (entry >> 2 & ACCESS) & 1;
    return (entry & TYPE) == PAGE_ENTRY && *frame < VMM_PAGES;
}

/* SPARC's order of bytes is the only one so far. */
static void keep(struct frame *frame, uint32_t address, uint32_t entry)
{
    entry = __builtin_bswap32(entry);
    memcpy(frame->seen + address % PAGE, &entry, WORD);
}

/* ---- what is in use -------------------------------------------------------------- */

static uint32_t chunks(uint32_t base, uint32_t size)
{
    return ((1u << size / CHUNK) - 1) << (base % PAGE / CHUNK);
}

/* A table of SIZE bytes at BASE has come into use: where its entries are kept, which are as
 * memory has them.  NULL: it is not one of these, or there is no memory. */
uint8_t *vmm_leaf_open(struct vmm_cpu *v, uint32_t base, uint32_t size)
{
    struct frame **place, *frame;
    bool writable;

    if (base % CHUNK || !size || size % CHUNK || base % PAGE + size > PAGE || !vmm_is_ram(v, base)
        || !leaves(v))
        return NULL;
    place = &v->leaves->frames[base / PAGE];
    if (!*place)
        *place = calloc(1, sizeof **place);
    if (!*place)
        return NULL;
    frame = *place;
    for (uint32_t at = 0; at < size; at += WORD) {
        uint32_t entry = vmm_load_word(v, base + at), of;

        if (!maps(v, entry, &of, &writable))
            return NULL;
        keep(frame, base + at, entry);
    }
    frame->open |= chunks(base, size);
    return frame->seen + base % PAGE;
}

/* It is in use no more. */
void vmm_leaf_close(struct vmm_cpu *v, uint32_t base, uint32_t size)
{
    v->leaves->frames[base / PAGE]->open &= ~chunks(base, size);
}

/* Walks may begin at BASE: what is there has been validated; or (not ON) may be something else. */
bool vmm_set_root(struct vmm_cpu *v, uint64_t base, bool on)
{
    struct vmm_leaves *l = leaves(v);
    uint32_t i = 0;

    if (!l)
        return false;
    while (i < l->root_count && l->roots[i] != base)
        i++;
    if (on && i == l->root_count) {
        if (i == VMM_ROOTS)
            return false;
        l->roots[l->root_count++] = base;
    } else if (!on && i < l->root_count) {
        l->roots[i] = l->roots[--l->root_count];
    }
    return true;
}

bool vmm_is_root(const struct vmm_cpu *v, uint64_t base)
{
    for (uint32_t i = 0; v->leaves && i < v->leaves->root_count; i++)
        if (v->leaves->roots[i] == base)
            return true;
    return false;
}

void vmm_free_leaves(struct vmm_cpu *v)
{
    if (!v->leaves)
        return;
    for (uint32_t i = 0; i < VMM_PAGES; i++)
        free(v->leaves->frames[i]);
    free(v->leaves);
    v->leaves = NULL;
}

/* ---- changes ---------------------------------------------------------------------- */

/* Set one entry, validated if it is a table's; false if that needs more than a glance. */
bool vmm_leaf_update(struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    uint32_t page = address / PAGE, frame;
    bool writable;

    if (!vmm_is_ram(v, address))
        return false;
    if (v->roles && v->roles[page]) {
        struct frame *leaf = v->leaves ? v->leaves->frames[page] : NULL;

        if (!leaf || !(leaf->open & chunks(address, CHUNK)) || !maps(v, value, &frame, &writable)
            || (writable && v->roles[frame]))
            return false;
        keep(leaf, address, value);
    }
    vmm_store_word(v, address, value);
    return true;
}
