/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow spaces, one for each context that the guest has used lately:
 * vmm/monitor/memory/shadow.py in C.  They are a cache: memory is bounded by dropping those
 * used least lately. */
#include "shadow_state.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER = 20 }; /* a translation is a page number and, above it, a space's */

/* The current space's translation of a page; NULL: none. */
struct shadow_translation *vmm_shadow_translation(const struct vmm_shadow *s, uint32_t address)
{
    return (struct shadow_translation *)vmm_shadow_find(
        &s->translations, s->current->number << NUMBER | address >> 12);
}

/* ---- one space ------------------------------------------------------------------------- */

static bool has_region(const struct shadow_space *space, uint32_t address)
{
    return space->regions[address >> 27] >> (address >> 22 & 31) & 1;
}

static void set_region(uint32_t *regions, uint32_t address)
{
    regions[address >> 27] |= 1u << (address >> 22 & 31);
}

/* The current space has a translation of a part of a page of SPAN bytes at ADDRESS. */
void vmm_shadow_note_large(struct vmm_shadow *s, uint32_t address, uint32_t span)
{
    enum { REGION = 1 << 22 };
    uint32_t first = address & -span;

    for (uint32_t at = 0; at < span; at += REGION)
        set_region(s->current->large, first + at);
}

/* Whether translations of the current space that are near ADDRESS may be of a large page: its
 * guest flushes all of such a page by any address in it. */
bool vmm_shadow_was_large(const struct vmm_shadow *s, uint32_t address)
{
    return s->current->large[address >> 27] >> (address >> 22 & 31) & 1;
}

/* Put an entry into the current space. */
void vmm_shadow_space_put(struct vmm_cpu *v, uint32_t address, uint64_t entry)
{
    if (vmm_space_set(v->shadow->current->space, address, entry))
        vmm_engine_abort("no memory for shadow tables");
}

/* A translation that is in no account any more goes. */
static void discard(struct vmm_shadow *s, struct shadow_translation *t)
{
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    vmm_shadow_take(&s->translations, &t->node);
    s->translation_count--;
    free(t);
}

void vmm_shadow_remove(struct vmm_cpu *v, struct shadow_translation *t)
{
    struct vmm_shadow *s = v->shadow;
    uint32_t address = (uint32_t)(t->node.key << 12);

    vmm_shadow_unrecord(v, t);
    vmm_shadow_removed(s, t);
    vmm_space_set(t->space->space, address, 0); /* which needs no memory */
    if (t->space == s->current)
        vmm_flush_page(v, address);
    discard(s, t);
}

/* Remove the current translation of a page, and the rest of the large page it is in. */
void vmm_shadow_drop_page(struct vmm_cpu *v, uint32_t address)
{
    struct shadow_translation *t = vmm_shadow_translation(v->shadow, address);
    struct shadow_use *use = t && t->used ? t->uses[t->used - 1].entry->uses : NULL;

    for (struct shadow_use *next; use; use = next) {
        struct shadow_translation *sibling = use->translation;

        for (next = use->next; next && next->translation == sibling; next = next->next)
            ;
        if (sibling->space == v->shadow->current)
            vmm_shadow_remove(v, sibling);
    }
}

/* Remove all translations of a space. */
static void empty(struct vmm_cpu *v, struct shadow_space *space)
{
    struct vmm_shadow *s = v->shadow;

    while (space->translations) {
        struct shadow_translation *t = space->translations;

        vmm_shadow_unrecord(v, t);
        vmm_shadow_removed(s, t);
        discard(s, t);
    }
    vmm_space_clear(space->space);
    for (unsigned i = 0; i < sizeof space->regions / sizeof *space->regions; i++) {
        s->regions -= (uint32_t)__builtin_popcount(space->regions[i]);
        space->regions[i] = space->large[i] = 0;
    }
    if (space == s->current)
        vmm_flush_tlb(v);
}

/* ---- all spaces -------------------------------------------------------------------------- */

static void unlink_space(struct vmm_shadow *s, struct shadow_space *space)
{
    *(space->previous ? &space->previous->next : &s->first) = space->next;
    *(space->next ? &space->next->previous : &s->last) = space->previous;
}

static void link_first(struct vmm_shadow *s, struct shadow_space *space)
{
    space->previous = NULL;
    space->next = s->first;
    *(s->first ? &s->first->previous : &s->last) = space;
    s->first = space;
}

static void delete(struct vmm_cpu *v, struct shadow_space *space)
{
    struct vmm_shadow *s = v->shadow;

    empty(v, space);
    unlink_space(s, space);
    s->spaces--;
    vmm_space_free(space->space);
    free(space);
}

/* Drop the space used least lately. */
static void evict(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    delete(v, s->last == s->current ? s->last->previous : s->last);
}

static struct shadow_space *new_space(struct vmm_shadow *s, const struct shadow_key *key)
{
    struct shadow_space *space = vmm_shadow_need(sizeof *space);

    space->space = vmm_space_new();
    if (!space->space)
        vmm_engine_abort("no memory for shadow tables");
    space->key = *key;
    space->number = space->own.number = s->next_number++;
    s->spaces++;
    return space;
}

/* Make the space of a context the current one; it may be new and empty. */
void vmm_shadow_switch(struct vmm_cpu *v, const struct shadow_key *key)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_space *space = s->first;

    while (space && memcmp(&space->key, key, sizeof *key))
        space = space->next;
    if (space)
        unlink_space(s, space);
    else
        space = new_space(s, key);
    link_first(s, space);
    s->current = space;
    while (s->spaces > SHADOW_SPACES)
        evict(v);
}

/* Remove all spaces but the current, which is emptied. */
void vmm_shadow_empty_all(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    for (struct shadow_space *space = s->first, *next; space; space = next) {
        next = space->next;
        if (space == s->current)
            empty(v, space);
        else
            delete(v, space);
    }
}

/* Remove all spaces: the processor goes. */
void vmm_shadow_delete_all(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    s->current = NULL;
    while (s->first)
        delete(v, s->first);
    free(s->translations.heads);
    free(s->blocks.heads);
    free(s->frames.heads);
}

static void set_fill_mode(struct vmm_cpu *v, enum vmm_fill_mode mode)
{
    v->vcpu->fill_mode = mode;
    vmm_real_mmu_stays_on(v);
    vmm_flush_tlb(v);
}

/* Have the engine translate by the current space. */
void vmm_shadow_use(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    if (s->used == s->current)
        return;
    s->used = s->current;
    v->space = s->current->space;
    set_fill_mode(v, VMM_FILL_SHADOW);
}

/* Have the engine take addresses for their places. */
void vmm_shadow_use_none(struct vmm_cpu *v)
{
    v->shadow->used = NULL;
    v->space = NULL;
    set_fill_mode(v, VMM_FILL_FLAT);
}

/* ---- a translation of the current space ---------------------------------------------------- */

/* There is one more, and a region more if it is the first there.  Make room if need be. */
static void make_room(struct vmm_cpu *v, uint32_t address)
{
    struct vmm_shadow *s = v->shadow;
    uint32_t region = !has_region(s->current, address);

    if (s->regions + region > SHADOW_REGIONS || s->translation_count >= SHADOW_TRANSLATIONS) {
        if (s->spaces > 1)
            evict(v);
        else
            empty(v, s->current);
    }
    if (!has_region(s->current, address)) {
        s->current->regions[address >> 27] |= 1u << (address >> 22 & 31);
        s->regions++;
    }
}

/* The current space's translation of a page, which is about to be put in, with its record
 * of what it is made from.  Others may be dropped: those that no longer hold, and whole
 * spaces. */
struct shadow_translation *vmm_shadow_account(struct vmm_cpu *v, uint32_t address,
                                              const struct vmm_source *sources, uint32_t count)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_translation *t = vmm_shadow_translation(s, address);

    if (t) {
        vmm_shadow_removed(s, t);
        vmm_shadow_unrecord(v, t);
    } else {
        make_room(v, address);
        t = vmm_shadow_need(sizeof *t);
        t->space = s->current;
        t->withheld = SHADOW_NO_FRAME;
        t->next = s->current->translations;
        t->link = &s->current->translations;
        if (t->next)
            t->next->link = &t->next;
        s->current->translations = t;
        vmm_shadow_add(&s->translations, &t->node,
                       s->current->number << NUMBER | address >> 12);
        s->translation_count++;
    }
    vmm_shadow_record(v, t, sources, count);
    return t;
}
