/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each frame of the guest is used for, as vmm/monitor/memory/frame_types.py has it.
 *
 * That is the readable form of the same rules; tests/monitor/test_native_guard.py runs
 * both side by side.  Nothing here knows an architecture: page_formats.c does.
 */
#include "frame_types.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES (1ull << 32) /* all that a board can have */
#define PAGE 0x1000ull

static bool acquire(struct vmm_types *types, struct vmm_table *parent, uint32_t offset,
                    uint64_t base, uint32_t level, uint32_t size);
static void release(struct vmm_types *types, struct vmm_table *table);

bool vmm_types_open(struct vmm_types *types)
{
    types->frames = calloc(VMM_PAGES, sizeof *types->frames); /* touched where there are tables */
    types->frames_begin = VMM_PAGES;
    return types->frames;
}

void vmm_types_close(struct vmm_types *types)
{
    types->closed = true;
    vmm_types_clear(types);
    free(types->frames);
}

__attribute__((format(printf, 2, 3)))
static bool refuse(struct vmm_types *types, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(types->refusal, sizeof types->refusal, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- entries ---------------------------------------------------------------------------- */

static struct vmm_part part_of(const struct vmm_types *types, uint32_t level, uint64_t entry)
{
    struct vmm_part part = vmm_part_of(&types->format, level, entry);

    if (part.level && part.address + part.size > ADDRESSES)
        return (struct vmm_part){0}; /* nobody is there, and no walk goes on */
    return part;
}

static bool same(struct vmm_part a, struct vmm_part b)
{
    return a.address == b.address && a.span == b.span && a.level == b.level && a.size == b.size
        && a.writable == b.writable;
}

/* What the entry at an offset of a table in use stands for. */
struct vmm_part vmm_types_part(const struct vmm_types *types, const struct vmm_table *table,
                               uint32_t offset)
{
    return part_of(types, table->level, vmm_types_get(types, table->entries + offset));
}

/* Whether an entry of a table in use lets somebody store to the memory at an address. */
bool vmm_types_map_writable(const struct vmm_types *types, const struct vmm_table *table,
                            uint64_t address)
{
    for (uint32_t offset = 0; offset < table->size; offset += types->format.entry_size) {
        struct vmm_part part = vmm_types_part(types, table, offset);

        if (part.writable && address - part.address < part.span)
            return true;
    }
    return false;
}

/* An entry at OFFSET comes to stand for PART. */
static bool take(struct vmm_types *types, struct vmm_table *table, uint32_t offset,
                 struct vmm_part part)
{
    if (part.level)
        return acquire(types, table, offset, part.address, part.level, part.size);
    if (part.span && part.address < ADDRESSES
        && (part.address < types->owned_begin || part.address + part.span > types->owned_end))
        return refuse(types, "0x%llx is outside the guest's memory",
                      (unsigned long long)part.address);
    return true;
}

static void give(struct vmm_types *types, struct vmm_table *table, struct vmm_part part)
{
    struct vmm_table *child;
    struct vmm_use *use;

    if (!part.level)
        return;
    child = vmm_table_at(types, part.address, part.level, part.size);
    use = child->uses;
    while (use->parent != table)
        use++;
    if (--use->count)
        return;
    *use = child->uses[--child->use_count];
    release(types, child);
}

/* The first entry from OFFSET on whose bytes differ in two tables of SIZE bytes; SIZE: none. */
static uint32_t next_difference(const uint8_t *a, const uint8_t *b, uint32_t offset, uint32_t size,
                                uint32_t entry_size)
{
    enum { STRIDE = 64 };

    while (offset < size) {
        uint32_t count = size - offset < STRIDE ? size - offset : STRIDE;

        if (memcmp(a + offset, b + offset, count)) {
            while (!memcmp(a + offset, b + offset, sizeof(uint32_t)))
                offset += sizeof(uint32_t);
            return offset & -entry_size;
        }
        offset += count;
    }
    return size;
}

/* Go from the entries that counted to those in NOW.  Gives how many have another meaning, -1
 * if one is refused: then memory gets back what was there, with RESTORE. */
static int follow(struct vmm_types *types, struct vmm_table *table, const uint8_t *now,
                  bool restore)
{
    uint32_t size = types->format.entry_size, offset = 0;
    int different = 0;

    while ((offset = next_difference(table->entries, now, offset, table->size, size))
           < table->size) {
        uint64_t before, after;
        struct vmm_part old, new;

        before = vmm_types_get(types, table->entries + offset);
        after = vmm_types_get(types, now + offset);
        old = part_of(types, table->level, before);
        new = part_of(types, table->level, after);
        if (!same(old, new)) {
            if (!take(types, table, offset, new)) {
                char why[sizeof types->refusal];

                memcpy(why, types->refusal, sizeof why);
                if (restore)
                    vmm_types_store(types, table->base + offset, before);
                refuse(types, "entry 0x%llx at 0x%llx: %.400s", (unsigned long long)after,
                       (unsigned long long)(table->base + offset), why);
                return -1;
            }
            give(types, table, old);
            different++;
        }
        vmm_types_put(types, table->entries + offset, after);
        offset += size;
    }
    return different;
}

/* Validate what has been stored to a table in use; as follow(). */
int vmm_types_changed(struct vmm_types *types, struct vmm_table *table)
{
    uint8_t buffer[VMM_TABLE_FRAMES * PAGE];
    const uint8_t *now = vmm_types_content(types, table->base, table->size, buffer);

    return now ? follow(types, table, now, true) : 0;
}

static bool holds_table(const struct vmm_types *types, struct vmm_part part)
{
    for (uint64_t at = part.address; at < part.address + part.span; at += PAGE)
        if (at < ADDRESSES && types->frames[at >> 12])
            return true;
    return false;
}

/* Validate the entry at an offset before it is stored.  Unlike a store, this may not map a
 * frame that holds a table writable: who asks knows. */
bool vmm_types_propose(struct vmm_types *types, struct vmm_table *table, uint32_t offset,
                       uint64_t value)
{
    struct vmm_part old = vmm_types_part(types, table, offset);
    struct vmm_part new = part_of(types, table->level, value);

    if (new.writable && holds_table(types, new))
        return refuse(types, "it maps a table, at 0x%llx, writable",
                      (unsigned long long)new.address);
    if (!same(old, new)) {
        if (!take(types, table, offset, new))
            return false;
        give(types, table, old);
    }
    vmm_types_put(types, table->entries + offset, value);
    return true;
}

/* ---- uses -------------------------------------------------------------------------------- */

static void release(struct vmm_types *types, struct vmm_table *table)
{
    static const uint8_t nothing[VMM_TABLE_FRAMES * PAGE];
    uint32_t size = types->format.entry_size, offset = 0;

    if (table->pins || table->use_count)
        return;
    if (vmm_level_has_tables(&types->format, table->level))
        while ((offset = next_difference(table->entries, nothing, offset, table->size, size))
               < table->size) {
            give(types, table, vmm_types_part(types, table, offset));
            offset += size;
        }
    vmm_table_leaves(types, table);
    free(table->uses);
    free(table);
}

static struct vmm_table *validate(struct vmm_types *types, uint64_t base, uint32_t level,
                                  uint32_t size)
{
    uint8_t buffer[VMM_TABLE_FRAMES * PAGE];
    const uint8_t *now = vmm_types_content(types, base, size, buffer);
    struct vmm_table *table;

    if (!now) {
        refuse(types, "no memory holds a table at 0x%llx", (unsigned long long)base);
        return NULL;
    }
    table = calloc(1, sizeof *table + size); /* of entries that are all nothing */
    if (!table)
        vmm_engine_abort("no memory for the account of a guest's tables");
    table->base = base;
    table->level = level;
    table->size = size;
    vmm_table_enters(types, table);
    if (follow(types, table, now, false) < 0) {
        release(types, table);
        return NULL;
    }
    return table;
}

/* The table, valid from now on; NULL if it cannot be. */
static struct vmm_table *known(struct vmm_types *types, uint64_t base, uint32_t level,
                               uint32_t size)
{
    struct vmm_table *table = vmm_table_at(types, base, level, size);

    return table ? table : validate(types, base, level, size);
}

static bool acquire(struct vmm_types *types, struct vmm_table *parent, uint32_t offset,
                    uint64_t base, uint32_t level, uint32_t size)
{
    struct vmm_table *table = known(types, base, level, size);
    uint32_t i = 0;

    if (!table)
        return false;
    while (i < table->use_count && table->uses[i].parent != parent)
        i++;
    if (i == table->use_count) {
        if (table->use_count == table->use_room) {
            table->use_room = 2 * table->use_room + 2;
            table->uses = realloc(table->uses, table->use_room * sizeof *table->uses);
            if (!table->uses)
                vmm_engine_abort("no memory for the account of a guest's tables");
        }
        table->uses[table->use_count++] = (struct vmm_use){.parent = parent};
    }
    table->uses[i].count++;
    table->uses[i].offset = offset;
    return true;
}

/* Validate a root and all below it; NULL, and nothing done, if it cannot be. */
struct vmm_table *vmm_types_pin(struct vmm_types *types, uint64_t base, uint32_t level,
                                uint32_t size)
{
    struct vmm_table *table;

    if (base + size > ADDRESSES) {
        refuse(types, "no memory holds a table at 0x%llx", (unsigned long long)base);
        return NULL;
    }
    table = known(types, base, level, size);
    if (table)
        table->pins++;
    return table;
}

void vmm_types_unpin(struct vmm_types *types, struct vmm_table *root)
{
    root->pins--;
    release(types, root);
}

/* Nothing is in use any more. */
void vmm_types_clear(struct vmm_types *types)
{
    for (uint32_t frame = types->frames_begin; frame < types->frames_end; frame++)
        while (types->frames[frame]) {
            struct vmm_table *table = types->frames[frame];

            vmm_table_leaves(types, table);
            free(table->uses);
            free(table);
        }
    types->frames_begin = VMM_PAGES;
    types->frames_end = 0;
}
