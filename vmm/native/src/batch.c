/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Batches of page table entries (HYPER_UPDATE) that policy `exposed` need not look at first.
 *
 * An entry of a last-level table that maps one page, or nothing, can be refused for nothing but
 * mapping a table writable, and the roles of frames say which those are.  A batch of such
 * entries, and of entries in frames without tables, is stored here and the frames are
 * noted; the policy follows them before anything else is asked of it, as it follows
 * stores that a build has marked (annotated.c).  Any other batch is the monitor's.
 */
#include "offsets.h"
#include "vmm.h"

#include <string.h>

enum { MOST = 512 /* updates that are made here */, ENTRY = 4 };

/* The guest's largest RAM, of SIZE bytes at BASE, is at HOST; NULL: batches are the monitor's. */
void vmm_set_batches(struct vmm_cpu *v, uint8_t *host, uint64_t base, uint64_t size)
{
    v->batch_ram = host;
    v->batch_base = base;
    v->batch_size = size;
}

/* SIZE bytes of that RAM, or NULL. */
static uint8_t *ram(const struct vmm_cpu *v, uint32_t address, uint32_t size)
{
    if (address < v->batch_base || address - v->batch_base + size > v->batch_size)
        return NULL;
    return v->batch_ram + (address - v->batch_base);
}

static uint32_t get(const struct vmm_cpu *v, const uint8_t *host)
{
    uint32_t value;

    memcpy(&value, host, sizeof value);
    return v->arch == VMM_SPARC ? __builtin_bswap32(value) : value;
}

static void put(const struct vmm_cpu *v, uint8_t *host, uint32_t value)
{
    value = v->arch == VMM_SPARC ? __builtin_bswap32(value) : value;
    memcpy(host, &value, sizeof value);
}

/* ---- entries of last-level tables -------------------------------------------------------- */

enum meaning { NOTHING, PAGE, OTHER };

/* ARM DDI 0406C, B3.5.1: a small page; AP[2:0] of 1, 2 and 3 lets somebody store. */
static enum meaning arm_entry(uint32_t value, uint32_t *frame, bool *writable)
{
    enum { LARGE = 1 };
    uint32_t access = (value >> 4 & 3) | (value >> 7 & 4);

    *frame = value >> 12;
    *writable = access >= 1 && access <= 3;
    return !(value & 3) ? NOTHING : (value & 3) == LARGE ? OTHER : PAGE;
}

/* Intel SDM volume 3A, 4.3. */
static enum meaning x86_entry(const struct vmm_cpu *v, uint32_t value, uint32_t *frame, bool *writable)
{
    *frame = value >> 12;
    *writable = value >> 1 & 1;
    if (!(value & 1))
        return NOTHING;
    return FIELD(int32_t, v->env, X86_A20_MASK) == -1 ? PAGE : OTHER;
}

/* SPARC V8 manual, H.3 and table H-3. */
static enum meaning sparc_entry(uint32_t value, uint32_t *frame, bool *writable)
{
    enum { PTE = 2, STORES = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 };

    *frame = value >> 8;
    *writable = STORES >> (value >> 2 & 7) & 1;
    return !(value & 3) ? NOTHING : (value & 3) == PTE ? PAGE : OTHER;
}

static enum meaning meaning_of(const struct vmm_cpu *v, uint32_t value, uint32_t *frame, bool *writable)
{
    switch (v->arch) {
    case VMM_ARM: return arm_entry(value, frame, writable);
    case VMM_X86: return x86_entry(v, value, frame, writable);
    default: return sparc_entry(value, frame, writable);
    }
}

/* Whether a last-level table may hold this entry, whatever else there is. */
static bool may_be(const struct vmm_cpu *v, uint32_t value)
{
    uint32_t frame;
    bool writable;

    switch (meaning_of(v, value, &frame, &writable)) {
    case NOTHING: return true;
    case PAGE: return !writable || frame >= VMM_PAGES || !v->roles || !v->roles[frame];
    default: return false;
    }
}

/* ---- batches ------------------------------------------------------------------------------ */

static bool holds_table(const struct vmm_cpu *v, uint32_t address)
{
    return v->roles && v->roles[address >> 12];
}

static bool is_last_table(const struct vmm_cpu *v, uint32_t address)
{
    return v->roles[address >> 12] >> (address % 4096 / VMM_ROLE_CHUNK) & 1;
}

/* Whether the entry at ADDRESS can be made this one here. */
static bool is_plain(const struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    if (address % ENTRY || !ram(v, address, ENTRY) || v->pages[address >> 12] != VMM_PAGE_RAM)
        return false;
    return !holds_table(v, address) || (is_last_table(v, address) && may_be(v, value));
}

static bool is_last_noted(const struct vmm_cpu *v, uint32_t frame)
{
    return v->noted_used && v->noted[v->noted_used - 1] == frame;
}

/* Store it.  True: a translation may have been made from what was there. */
static bool make(struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    uint8_t *host = ram(v, address, ENTRY);
    uint32_t frame, before = get(v, host);
    bool writable, in_use = holds_table(v, address);

    put(v, host, value);
    if (v->tracking)
        vmm_mark_dirty(v, address, ENTRY);
    if (in_use && !is_last_noted(v, address >> 12))
        v->noted[v->noted_used++] = address >> 12;
    return in_use && meaning_of(v, before, &frame, &writable) != NOTHING;
}

/* COUNT pairs of words, address and value, are at physical address UPDATES: set those entries.
 * False: nothing was done, and the monitor has to be asked. */
bool vmm_batch(struct vmm_cpu *v, uint32_t updates, uint32_t count)
{
    uint32_t room = VMM_NOTED - v->noted_used, last = UINT32_MAX;
    struct update {
        uint32_t address, value;
    } batch[MOST]; /* a copy: the batch may change its own list */
    const uint8_t *pairs;
    bool stale = false;

    if (!v->batch_ram || !v->vcpu || v->vcpu->fill_mode != VMM_FILL_EXPOSED || count > MOST)
        return false;
    pairs = ram(v, updates, count * sizeof *batch);
    if (!pairs)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct update *one = &batch[i];

        one->address = get(v, pairs + i * sizeof *one);
        one->value = get(v, pairs + i * sizeof *one + ENTRY);
        if (!is_plain(v, one->address, one->value))
            return false;
        if (!holds_table(v, one->address) || one->address >> 12 == last)
            continue;
        if (!room--)
            return false;
        last = one->address >> 12;
    }
    for (uint32_t i = 0; i < count; i++)
        stale |= make(v, batch[i].address, batch[i].value);
    if (stale)
        vmm_flush_tlb(v);
    return true;
}
