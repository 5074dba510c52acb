/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's tables, walked by the engine and validated here: vmm/monitor/memory/table_guard.py.
 *
 * That is the readable form of the same; tests/monitor/test_native_guard.py runs both side by
 * side.  What is refused here comes to Python, which asks again, is refused too, and says why.
 *
 * How an architecture plugs in.  The format of its entries is a function in page_formats.c, and
 * where its walks begin one in guard_context.c; what a guest asks for comes by memory.c, whoever
 * asks: an instruction that is emulated or a hypercall.  Without the second its changes of
 * context come to Python, and all else is done here.
 */
#include "table_guard.h"

#include <stdlib.h>
#include <string.h>

struct vmm_guard *vmm_guard_new(struct vmm_cpu *v, const struct vmm_types_calls *calls,
                                struct vmm_memory_counters *counters, uint64_t owned_begin,
                                uint64_t owned_end)
{
    struct vmm_guard *guard = calloc(1, sizeof *guard);

    if (!guard || !vmm_types_open(&guard->types)) {
        free(guard);
        return NULL;
    }
    guard->types.cpu = v;
    guard->types.calls = *calls;
    guard->counters = counters;
    guard->types.owned_begin = owned_begin;
    guard->types.owned_end = owned_end;
    return guard;
}

void vmm_guard_free(struct vmm_guard *guard)
{
    vmm_types_close(&guard->types);
    free(guard);
}

/* Where the guest's main memory is, and the byte that is read where nobody answers. */
void vmm_guard_set_memory(struct vmm_guard *guard, uint64_t begin, uint64_t end, uint8_t *at,
                          uint32_t floating)
{
    guard->types.floating = floating;
    guard->types.ram_begin = begin;
    guard->types.ram_end = end;
    guard->types.ram = at;
}

/* Begin anew, with entries of this format. */
void vmm_guard_begin(struct vmm_guard *guard, const struct vmm_format *format)
{
    vmm_guard_clear(guard);
    guard->types.format = *format;
}

void vmm_guard_clear(struct vmm_guard *guard)
{
    vmm_types_clear(&guard->types);
    guard->root_count = guard->storing_used = 0;
    guard->refused = 0;
    guard->generation++;
}

/* Whether a store has been refused since this was last asked. */
bool vmm_guard_refused(struct vmm_guard *guard)
{
    bool refused = guard->refused;

    guard->refused = 0;
    return refused;
}

const char *vmm_guard_refusal(const struct vmm_guard *guard)
{
    return guard->types.refusal;
}

uint64_t vmm_guard_generation(const struct vmm_guard *guard)
{
    return guard->generation;
}

bool vmm_guard_has_format(const struct vmm_guard *guard, const struct vmm_format *format)
{
    return !memcmp(&guard->types.format, format, sizeof *format);
}

/* ---- roots --------------------------------------------------------------------------------- */

static void let_go(struct vmm_guard *guard, uint32_t index)
{
    struct vmm_table *root = guard->roots[index];

    memmove(&guard->roots[index], &guard->roots[index + 1],
            (--guard->root_count - index) * sizeof *guard->roots);
    vmm_types_unpin(&guard->types, root);
}

static bool is_root(const struct vmm_table *table, const struct vmm_root *root)
{
    return table->base == root->base && table->level == root->level && table->size == root->size;
}

/* The roots are walked from now on.  False if they cannot be: nothing is then but that. */
bool vmm_guard_enter(struct vmm_guard *guard, const struct vmm_root *roots, uint32_t count)
{
    struct vmm_types *types = &guard->types;

    for (uint32_t i = 0; i < guard->root_count; i++)
        guard->roots[i]->current = 0;
    types->stale = true;
    for (uint32_t i = 0; i < count; i++) {
        struct vmm_table *table;
        uint32_t at = 0;

        while (at < guard->root_count && !is_root(guard->roots[at], &roots[i]))
            at++;
        if (at < guard->root_count) {
            table = guard->roots[at];
            memmove(&guard->roots[at], &guard->roots[at + 1],
                    (--guard->root_count - at) * sizeof *guard->roots);
        } else {
            table = vmm_types_pin(types, roots[i].base, roots[i].level, roots[i].size);
            if (!table)
                return false;
            guard->counters->walks++;
        }
        table->current++;
        table->begins = roots[i].begins;
        guard->roots[guard->root_count++] = table;
    }
    while (guard->root_count > VMM_ROOTS)
        let_go(guard, 0);
    vmm_guard_flush_if_stale(guard);
    return true;
}

/* A root that will not be entered again, unless it is in use now: its tables are memory. */
void vmm_guard_release(struct vmm_guard *guard, uint64_t base)
{
    for (uint32_t i = guard->root_count; i-- > 0;)
        if (guard->roots[i]->base == base && !guard->roots[i]->current)
            let_go(guard, i);
}

/* What a frame is used for: 0 nothing, 1 to 4 a table of that level, 5 memory that a table
 * maps writable. */
uint32_t vmm_guard_type_of(const struct vmm_guard *guard, uint32_t frame)
{
    const struct vmm_types *types = &guard->types;
    const struct vmm_table *table = NULL;
    uint32_t least = 0;

    while ((table = vmm_table_after(types, table, frame))) {
        uint32_t level = table->level & 3 ? table->level & 3 : 4; /* LPAE's have 4 added */

        if (!least || level < least)
            least = level;
    }
    for (uint32_t at = types->frames_begin; !least && at < types->frames_end; at++)
        while (!least && (table = vmm_table_after(types, table, at)))
            if (vmm_types_map_writable(types, table, (uint64_t)frame << 12))
                least = 5;
    return least;
}

/* ---- changes ----------------------------------------------------------------------------- */

/* Mark the tables that TABLE is reached from; whether walks of this context come to it. */
static bool search_above(struct vmm_guard *guard, struct vmm_table *table)
{
    bool found = table->current;

    table->searched = guard->types.search;
    for (uint32_t i = 0; i < table->use_count; i++)
        if (table->uses[i].parent->searched != guard->types.search)
            found = search_above(guard, table->uses[i].parent) || found;
    return found;
}

/* Whether the current roots reach TABLE.  If not, and its roots are to go, they are: it may
 * not be there any more. */
static bool reached(struct vmm_guard *guard, struct vmm_table *table, bool go)
{
    guard->types.search++;
    if (search_above(guard, table))
        return true;
    for (uint32_t i = guard->root_count; go && i-- > 0;)
        if (guard->roots[i]->searched == guard->types.search)
            let_go(guard, i);
    return false;
}

/* The next table of a frame that this look has not been at. */
static struct vmm_table *next_to_look_at(struct vmm_guard *guard, uint32_t frame)
{
    struct vmm_table *table = NULL;

    while ((table = vmm_table_after(&guard->types, table, frame)))
        if (table->looked != guard->looks) {
            table->looked = guard->looks;
            return table;
        }
    return NULL;
}

static bool overlaps(const struct vmm_table *table, uint64_t address, uint32_t size)
{
    return table->base < address + size && address < table->base + table->size;
}

/* So many bytes have been stored to, all in one frame.  Gives how many entries have another
 * meaning; -1: that may not be, and has been undone. */
static int look(struct vmm_guard *guard, uint64_t address, uint32_t size)
{
    struct vmm_table *table;
    int different = 0;

    guard->looks++;
    while ((table = next_to_look_at(guard, (uint32_t)(address >> 12)))) {
        int changed;

        if (!reached(guard, table, overlaps(table, address, size)))
            continue;
        changed = vmm_types_changed(&guard->types, table);
        if (changed < 0)
            return -1;
        different += changed;
    }
    return different;
}

bool vmm_guard_look(struct vmm_guard *guard, uint64_t address, uint32_t size)
{
    int different = look(guard, address, size);

    if (different > 0)
        guard->counters->updates += (uint64_t)different;
    vmm_guard_flush_if_stale(guard);
    return different >= 0;
}

/* The table that the current roots reach at an address; others there are let go. */
static struct vmm_table *table_for(struct vmm_guard *guard, uint64_t address)
{
    struct vmm_table *table;

    guard->looks++;
    while ((table = next_to_look_at(guard, (uint32_t)(address >> 12))))
        if (overlaps(table, address, 1) && reached(guard, table, true))
            return table;
    return NULL;
}

/* An entry of SIZE bytes of TABLE has been validated and stored.  Other tables at the same place
 * take it over: as look(). */
static int look_at_others(struct vmm_guard *guard, struct vmm_table *table, uint64_t address,
                          uint32_t size)
{
    struct vmm_table *other;
    int different = 0;

    guard->looks++;
    table->looked = guard->looks;
    while ((other = next_to_look_at(guard, (uint32_t)(address >> 12)))) {
        int changed;

        if (!overlaps(other, address, size) || !reached(guard, other, true))
            continue;
        changed = vmm_types_changed(&guard->types, other);
        if (changed < 0)
            return -1;
        different += changed;
    }
    return different;
}

static bool update_one(struct vmm_guard *guard, struct vmm_to_flush *to, uint64_t address, uint64_t value)
{
    struct vmm_types *types = &guard->types;
    uint32_t size = types->format.entry_size;
    struct vmm_table *table;
    uint32_t offset;
    uint64_t page;
    struct vmm_part old;
    int others = -1;

    if (address % size || (size == 4 && value >> 32))
        return false;
    table = table_for(guard, address);
    if (!table)
        return vmm_types_store(types, address, value);
    offset = (uint32_t)(address - table->base);
    old = vmm_types_part(types, table, offset);
    page = vmm_guard_page_of(guard, table, offset);
    if (!vmm_types_propose(types, table, offset, value))
        return false;
    vmm_guard_note_old(to, old, page);
    if (vmm_types_store(types, address, value))
        others = look_at_others(guard, table, address, size);
    if (others < 0)
        vmm_types_changed(types, table); /* it is what it was */
    to->all = to->all || others > 0;
    return others >= 0;
}

/* Validate and store entries, in order; how many were accepted.  What is cached of what they
 * were is flushed: page by page, if those are few. */
uint32_t vmm_guard_update(struct vmm_guard *guard, const struct vmm_guard_entry *entries,
                          uint32_t count)
{
    struct vmm_to_flush to = {.count = 0};
    uint32_t accepted = 0;

    while (accepted < count
           && update_one(guard, &to, entries[accepted].address, entries[accepted].value))
        accepted++;
    guard->counters->updates += accepted;
    vmm_guard_flush_noted(guard, &to);
    return accepted;
}

/* The same for a guest's batch. */
bool vmm_guard_batch(struct vmm_cpu *v, const struct vmm_table_update *updates, uint32_t count)
{
    struct vmm_guard *guard = vmm_guard_of(v);
    struct vmm_to_flush to = {.count = 0};
    uint32_t accepted = 0;

    if (!guard)
        return false;
    while (accepted < count
           && update_one(guard, &to, updates[accepted].address, updates[accepted].value))
        accepted++;
    guard->counters->updates += accepted;
    vmm_guard_flush_noted(guard, &to);
    return accepted == count;
}
