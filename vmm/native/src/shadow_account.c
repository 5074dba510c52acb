/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which translations were made from which entries of the guest's tables, and what of these has
 * changed: vmm/monitor/memory/sources.py in C. */
#include "shadow_state.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES = 1 << SHADOW_BLOCK, SLOTS = BYTES / 4, FRAME_BLOCKS = 4096 / BYTES, ACCOUNT_SHIFT = 32 };
#define NUMBERS 0xffffffffull /* of blocks, below the account's */

static struct shadow_block *find_block(const struct vmm_shadow *s,
                                       const struct shadow_account *account, uint64_t number)
{
    return (struct shadow_block *)vmm_shadow_find(
        &s->blocks, (uint64_t)account->number << ACCOUNT_SHIFT | number);
}

static struct shadow_entry **place(struct shadow_block *block, uint64_t address)
{
    return &block->entries[(address & (BYTES - 1)) / 4];
}

static struct shadow_account *account_of(struct vmm_shadow *s, struct shadow_space *space)
{
    return s->strict ? &s->shared : &space->own;
}

static struct shadow_block *add_block(struct vmm_cpu *v, struct shadow_account *account,
                                      uint64_t number)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_block *block = vmm_shadow_need(sizeof *block);

    block->host = shadow_host(s, number << SHADOW_BLOCK, BYTES, false);
    if (block->host)
        memcpy(block->seen, block->host, BYTES);
    block->account = account;
    block->link = account->last ? &account->last->next : &account->blocks;
    *block->link = block;
    account->last = block;
    vmm_shadow_add(&s->blocks, &block->node,
                   (uint64_t)account->number << ACCOUNT_SHIFT | number);
    if (s->strict) {
        struct shadow_frame *frame = vmm_shadow_frame(s, number / FRAME_BLOCKS, true);

        if (!frame->blocks++)
            vmm_shadow_table_begins(v, frame);
    }
    return block;
}

static void remove_block(struct vmm_shadow *s, struct shadow_block *block)
{
    struct shadow_account *account = block->account;
    struct shadow_frame *frame;

    *block->link = block->next;
    if (block->next)
        block->next->link = block->link;
    else
        account->last = block->link == &account->blocks
            ? NULL : (struct shadow_block *)((char *)block->link - offsetof(struct shadow_block, next));
    vmm_shadow_take(&s->blocks, &block->node);
    if (s->strict) {
        frame = vmm_shadow_frame(s, (block->node.key & NUMBERS) / FRAME_BLOCKS, false);
        if (!--frame->blocks) {
            frame->floods = 0;
            vmm_shadow_frame_done(s, frame);
        }
    }
    free(block);
}

/* A block is kept while it has entries, or while what stands on it is being dropped. */
static void hold(struct shadow_block *block)
{
    block->used++;
}

static void release(struct vmm_shadow *s, struct shadow_block *block)
{
    if (!--block->used)
        remove_block(s, block);
}

/* ---- translations ------------------------------------------------------------------------ */

static void forget_use(struct vmm_shadow *s, struct shadow_use *use)
{
    struct shadow_entry *entry = use->entry;
    struct shadow_block *block = entry->block;

    *use->link = use->next;
    if (use->next)
        use->next->link = use->link;
    if (entry->uses)
        return;
    *place(block, entry->address) = NULL;
    release(s, block);
    free(entry);
}

/* A translation is no longer there. */
void vmm_shadow_unrecord(struct vmm_cpu *v, struct shadow_translation *t)
{
    uint32_t used = t->used;

    t->used = 0;
    for (uint32_t i = 0; i < used; i++)
        forget_use(v->shadow, &t->uses[i]);
}

static void drop_all(struct vmm_cpu *v, const struct shadow_entry *entry)
{
    for (struct shadow_use *use = entry->uses, *last; use; use = last) {
        struct shadow_translation *t = use->translation;

        for (last = use->next; last && last->translation == t; last = last->next)
            ; /* its walk read the entry twice */
        vmm_shadow_remove(v, t); /* with the last use the entry is gone, and LAST is NULL */
    }
}

static struct shadow_entry *add_entry(struct vmm_cpu *v, struct shadow_account *account,
                                      const struct vmm_source *source)
{
    uint64_t number = source->address >> SHADOW_BLOCK;
    struct shadow_block *block = find_block(v->shadow, account, number);
    struct shadow_entry *entry = block ? *place(block, source->address) : NULL;

    if (entry && entry->value == source->value)
        return entry;
    if (entry) {
        drop_all(v, entry); /* they were made from what the entry was before */
        block = find_block(v->shadow, account, number);
    }
    if (!block)
        block = add_block(v, account, number);
    entry = vmm_shadow_need(sizeof *entry);
    entry->address = source->address;
    entry->value = source->value;
    entry->size = source->size;
    entry->block = block;
    *place(block, source->address) = entry;
    hold(block);
    if (block->host) { /* it was read just now */
        uint32_t at = (uint32_t)(source->address & (BYTES - 1));

        memcpy(block->seen + at, block->host + at, source->size);
    }
    return entry;
}

/* A translation without record has just been made from these entries, in the order of the walk. */
void vmm_shadow_record(struct vmm_cpu *v, struct shadow_translation *t,
                       const struct vmm_source *sources, uint32_t count)
{
    struct shadow_account *account = account_of(v->shadow, t->space);

    for (uint32_t i = 0; i < count; i++) {
        struct shadow_entry *entry = add_entry(v, account, &sources[i]);
        struct shadow_use *use = &t->uses[t->used++]; /* at once: the next may drop others of it */

        use->entry = entry;
        use->translation = t;
        use->next = entry->uses;
        use->link = &entry->uses;
        if (use->next)
            use->next->link = &use->next;
        entry->uses = use;
    }
}

/* ---- what has changed ---------------------------------------------------------------------- */

/* Whether memory has another value of an entry than a walk read. */
static bool has_changed(const struct vmm_cpu *v, const struct shadow_block *block, uint32_t index)
{
    const struct shadow_entry *entry = block->entries[index];

    return entry
        && (!block->host || shadow_value(v, block->host + 4 * index, entry->size) != entry->value);
}

/* Drop translations whose entries in a block have changed; how many entries had. */
static uint32_t check_block(struct vmm_cpu *v, struct shadow_block *block)
{
    uint8_t changed[SLOTS];
    uint32_t count = 0;

    if (block->host && !memcmp(block->host, block->seen, BYTES))
        return 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        count += changed[i] = has_changed(v, block, i);
    if (block->host)
        memcpy(block->seen, block->host, BYTES);
    for (uint32_t i = 0; i < SLOTS; i++)
        if (changed[i] && block->entries[i])
            drop_all(v, block->entries[i]);
    return count;
}

/* Drop translations of an account whose entries have changed; how many entries had. */
uint32_t vmm_shadow_check(struct vmm_cpu *v, const struct shadow_account *account)
{
    uint32_t changed = 0;

    for (struct shadow_block *block = account->blocks, *next; block; block = next) {
        hold(block);
        changed += check_block(v, block);
        next = block->next;
        release(v->shadow, block);
    }
    return changed;
}

/* The same for entries in one frame, of the account that all spaces share. */
void vmm_shadow_check_frame(struct vmm_cpu *v, uint64_t frame)
{
    struct vmm_shadow *s = v->shadow;

    for (uint64_t i = 0; i < FRAME_BLOCKS; i++) {
        struct shadow_block *block = find_block(s, &s->shared, frame * FRAME_BLOCKS + i);

        if (block) {
            hold(block);
            check_block(v, block);
            release(s, block);
        }
    }
}

/* Drop all translations made from entries in a frame, which is then not in use. */
void vmm_shadow_drop_frame(struct vmm_cpu *v, uint64_t frame)
{
    struct vmm_shadow *s = v->shadow;

    for (uint64_t i = 0; i < FRAME_BLOCKS; i++) {
        struct shadow_block *block = find_block(s, &s->shared, frame * FRAME_BLOCKS + i);

        if (!block)
            continue;
        hold(block);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            if (block->entries[slot])
                drop_all(v, block->entries[slot]);
        release(s, block);
    }
}

/* Whether a translation of SPACE was made from an entry in a frame. */
bool vmm_shadow_stands_on(const struct vmm_shadow *s, const struct shadow_space *space,
                          uint64_t frame)
{
    for (uint64_t i = 0; i < FRAME_BLOCKS; i++) {
        const struct shadow_block *block = find_block(s, &s->shared, frame * FRAME_BLOCKS + i);

        for (uint32_t slot = 0; block && slot < SLOTS; slot++)
            if (block->entries[slot])
                for (const struct shadow_use *use = block->entries[slot]->uses; use; use = use->next)
                    if (use->translation->space == space)
                        return true;
    }
    return false;
}
