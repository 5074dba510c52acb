/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the account of frames' types (frame_types.c): their bytes, and which are where. */
#include "frame_types.h"

#include <string.h>

/* ---- memory ---------------------------------------------------------------------------- */

static bool in_ram(const struct vmm_types *types, uint64_t address, uint64_t size)
{
    return address >= types->ram_begin && address + size <= types->ram_end;
}

/* The content of a table, which may be put into BUFFER.  NULL: it is a device's. */
const uint8_t *vmm_types_content(const struct vmm_types *types, uint64_t base, uint32_t size,
                              uint8_t *buffer)
{
    int32_t answer;

    if (in_ram(types, base, size))
        return types->ram + (base - types->ram_begin);
    answer = types->calls.read(base, size, buffer);
    if (answer < 0)
        memset(buffer, types->floating, size);
    return answer ? buffer : NULL;
}

uint64_t vmm_types_get(const struct vmm_types *types, const uint8_t *bytes)
{
    uint64_t wide;
    uint32_t word;

    if (types->format.entry_size == 8) {
        memcpy(&wide, bytes, sizeof wide);
        return types->format.big_endian ? __builtin_bswap64(wide) : wide;
    }
    memcpy(&word, bytes, sizeof word);
    return types->format.big_endian ? __builtin_bswap32(word) : word;
}

void vmm_types_put(const struct vmm_types *types, uint8_t *bytes, uint64_t value)
{
    uint32_t word = (uint32_t)value;

    if (types->format.big_endian) {
        value = __builtin_bswap64(value);
        word = __builtin_bswap32(word);
    }
    if (types->format.entry_size == 8)
        memcpy(bytes, &value, sizeof value);
    else
        memcpy(bytes, &word, sizeof word);
}

/* Store an entry into the guest's memory.  False: that is not RAM. */
bool vmm_types_store(struct vmm_types *types, uint64_t address, uint64_t value)
{
    uint32_t size = types->format.entry_size;

    if (!in_ram(types, address, size))
        return types->calls.write(address, size, value);
    if (!types->cpu) {
        vmm_types_put(types, types->ram + (address - types->ram_begin), value);
        return true;
    }
    vmm_store_word(types->cpu, (uint32_t)address, (uint32_t)value);
    if (size == 8) /* of little-endian guests */
        vmm_store_word(types->cpu, (uint32_t)address + 4, (uint32_t)(value >> 32));
    return true;
}

/* ---- tables by place ------------------------------------------------------------------- */

/* The table after one in a frame, by address; the first after NULL. */
struct vmm_table *vmm_table_after(const struct vmm_types *types, const struct vmm_table *table,
                                  uint32_t frame)
{
    if (frame >= VMM_PAGES)
        return NULL;
    return table ? table->next[frame - (table->base >> 12)] : types->frames[frame];
}

/* One place may be a table of several levels: a directory may map itself. */
struct vmm_table *vmm_table_at(const struct vmm_types *types, uint64_t base, uint32_t level,
                               uint32_t size)
{
    struct vmm_table *table = NULL;

    while ((table = vmm_table_after(types, table, (uint32_t)(base >> 12))))
        if (table->base == base && table->level == level && table->size == size)
            return table;
    return NULL;
}

static bool is_before(const struct vmm_table *a, const struct vmm_table *b)
{
    if (a->base != b->base)
        return a->base < b->base;
    return a->level != b->level ? a->level < b->level : a->size < b->size;
}

static void tell(struct vmm_types *types, uint32_t frame, bool used)
{
    if (types->closed)
        return;
    if (!types->cpu)
        types->calls.on_table(frame, used);
    else if (!vmm_set_role(types->cpu, frame, used))
        vmm_engine_abort("no memory for the roles of frames");
    if (used) {
        types->stale = true; /* translations may let stores to it pass */
        if (frame < types->frames_begin)
            types->frames_begin = frame;
        if (frame >= types->frames_end)
            types->frames_end = frame + 1;
    }
}

static void enter_frame(struct vmm_types *types, struct vmm_table *table, uint32_t frame)
{
    uint32_t first = (uint32_t)(table->base >> 12);
    struct vmm_table **link = &types->frames[frame];
    bool was_empty = !*link;

    while (*link && is_before(*link, table))
        link = &(*link)->next[frame - ((*link)->base >> 12)];
    table->next[frame - first] = *link;
    *link = table;
    if (was_empty)
        tell(types, frame, true);
}

static void leave_frame(struct vmm_types *types, struct vmm_table *table, uint32_t frame)
{
    struct vmm_table **link = &types->frames[frame];

    while (*link != table)
        link = &(*link)->next[frame - ((*link)->base >> 12)];
    *link = table->next[frame - (table->base >> 12)];
    if (!types->frames[frame])
        tell(types, frame, false);
}

static void each_frame(struct vmm_types *types, struct vmm_table *table,
                       void (*perform)(struct vmm_types *, struct vmm_table *, uint32_t))
{
    uint32_t last = (uint32_t)((table->base + table->size - 1) >> 12);

    for (uint32_t frame = (uint32_t)(table->base >> 12); frame <= last; frame++)
        perform(types, table, frame);
}

/* The table is in use from now on, in each frame that it is in. */
void vmm_table_enters(struct vmm_types *types, struct vmm_table *table)
{
    each_frame(types, table, enter_frame);
}

void vmm_table_leaves(struct vmm_types *types, struct vmm_table *table)
{
    each_frame(types, table, leave_frame);
}
