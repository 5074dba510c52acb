/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shadow policies answer: vmm/monitor/memory/lazy.py and strict.py in C (shadow.h). */
#include "shadow_state.h"
#include "offsets.h"

#include <stdlib.h>

/* ---- as Python sets it up ---------------------------------------------------------------- */

/* Keep shadow tables for a processor from here on, and count in COUNTERS.  0; -1 if there is
 * no memory for it. */
int vmm_shadow_new(struct vmm_cpu *v, uint32_t features, struct vmm_memory_counters *counters)
{
    static const struct shadow_format *const formats[] = {
        [VMM_SPARC] = &vmm_shadow_sparc, [VMM_ARM] = &vmm_shadow_arm, [VMM_X86] = &vmm_shadow_x86,
    };
    struct vmm_shadow *s = calloc(1, sizeof *s);

    if (!s)
        return -1;
    s->features = features;
    s->strict = features & VMM_SHADOW_STRICT;
    s->counters = counters;
    s->format = formats[v->arch];
    v->shadow = s;
    if (s->format->begin)
        s->format->begin(v);
    return 0;
}

/* RAM (or ROM) in which tables are walked here; -1 if there is no room for one more. */
int vmm_shadow_window(struct vmm_cpu *v, uint64_t base, uint64_t size, uint8_t *host, int writable)
{
    struct vmm_shadow *s = v->shadow;

    if (s->windows == SHADOW_WINDOWS)
        return -1;
    s->window[s->windows++]
        = (struct shadow_window){base, base + size, host, writable != 0};
    return 0;
}

static void end_made_up(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    while (s->made_up_used) {
        uint32_t address = s->made_up[--s->made_up_used];

        vmm_shadow_space_put(v, address, 0);
        vmm_flush_page(v, address);
    }
}

/* Make up a translation of the current space that is in no table, until the context changes. */
void vmm_shadow_make_up(struct vmm_cpu *v, uint32_t address, uint64_t entry)
{
    struct vmm_shadow *s = v->shadow;

    if (s->made_up_used == SHADOW_MADE_UP)
        end_made_up(v);
    s->made_up[s->made_up_used++] = address;
    vmm_shadow_space_put(v, address, entry);
}

void vmm_shadow_free(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    if (!s)
        return;
    vmm_shadow_delete_all(v);
    free(s);
    v->shadow = NULL;
}

/* ---- contexts ------------------------------------------------------------------------------ */

static void follow_context(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_key key;

    s->format->key(v, &key);
    vmm_shadow_switch(v, &key);
    if (!key.translates) {
        if (s->strict)
            vmm_shadow_empty_all(v); /* nothing is protected meanwhile, nothing may be relied on */
        vmm_shadow_use_none(v);
        return;
    }
    if (!s->strict)
        s->counters->updates += vmm_shadow_check(v, &s->current->own);
    vmm_shadow_use(v);
}

/* Frames that annotated stores have stored to (annotated.c) are followed before anything is
 * asked. */
static void follow_noted(struct vmm_cpu *v)
{
    uint32_t used = v->noted_used;

    v->noted_used = 0;
    if (v->shadow->strict)
        for (uint32_t i = 0; i < used; i++)
            vmm_shadow_check_frame(v, v->noted[i]);
}

bool vmm_shadow_context(struct vmm_cpu *v)
{
    if (!v->shadow)
        return false;
    follow_noted(v);
    v->shadow->counters->switches++;
    end_made_up(v);
    follow_context(v);
    return true;
}

bool vmm_shadow_flush_page(struct vmm_cpu *v, uint32_t address)
{
    struct vmm_shadow *s = v->shadow;

    if (!s)
        return false;
    follow_noted(v);
    s->counters->flushes++;
    if (s->strict)
        return true;
    vmm_shadow_drop_page(v, address & ~0xfffu);
    if (vmm_shadow_was_large(s, address)) /* other pages of it are there, made from other copies maybe */
        s->counters->updates += vmm_shadow_check(v, &s->current->own);
    return true;
}

bool vmm_shadow_flush_all(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    if (!s)
        return false;
    follow_noted(v);
    s->counters->flushes++;
    if (!s->strict)
        s->counters->updates += vmm_shadow_check(v, &s->current->own);
    return true;
}

/* Begin anew: state was put back from outside. */
void vmm_shadow_forget(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;

    s->storing_used = 0;
    s->made_up_used = 0;
    v->noted_used = 0;
    if (s->current)
        vmm_shadow_empty_all(v);
    follow_context(v);
}

/* ---- fills ------------------------------------------------------------------------------------ */

/* Whether the current space lets the kernel read a page that it may only be kept from writing:
 * only protection does.  Then it is of FRAME. */
static bool is_withheld(const struct vmm_shadow *s, uint32_t address, uint64_t *frame)
{
    const struct shadow_translation *t = vmm_shadow_translation(s, address);

    if (!t || t->withheld == SHADOW_NO_FRAME || !vmm_shadow_holds(s, t->withheld))
        return false;
    *frame = t->withheld;
    return true;
}

/* The store that fills traps: the profile may want to know, and so does who rewrites it. */
static void note_trap(struct vmm_cpu *v)
{
    if (v->tell_stores)
        vmm_shown(v, v->on_table_store);
    if (v->rewrites)
        vmm_store_trapped(v, vmm_pc_at(v, v->fill_pc));
}

/* Put in a translation that a walk has found, whose last entry stands for SPAN bytes; in a fill. */
void vmm_shadow_enter(struct vmm_cpu *v, uint32_t address, uint32_t access, uint64_t entry,
                      const struct vmm_source *sources, uint32_t count, uint32_t span)
{
    struct vmm_shadow *s = v->shadow;
    uint64_t frame = (entry & VMM_ENTRY_FRAME) >> 12;
    struct shadow_translation *t;

    s->counters->hidden_faults++;
    if (s->strict)
        vmm_shadow_walked(s, sources, count);
    t = vmm_shadow_account(v, address, sources, count);
    if (!s->strict && span > 4096)
        vmm_shadow_note_large(s, address, span);
    if (!s->strict || !vmm_shadow_holds(s, frame)) {
        if (s->strict && entry & SHADOW_WRITES)
            vmm_shadow_may_store(s, t, frame);
        vmm_shadow_space_put(v, address, entry);
        return;
    }
    if (entry & VMM_ENTRY_WRITE) {
        t->withheld = frame;
        entry |= VMM_ENTRY_PROTECTED;
    }
    vmm_shadow_space_put(v, address, entry & ~(uint64_t)SHADOW_WRITES);
    if (access == SHADOW_STORE) {
        note_trap(v);
        vmm_shadow_storing(s, frame);
        if (!vmm_store_through(v, address))
            vmm_engine_abort("one instruction stores to more pages than there can be");
    }
}

bool vmm_shadow_fill(struct vmm_cpu *v, uint32_t address, uint32_t access, int *number)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_walk found;

    if (!s)
        return false;
    follow_noted(v);
    switch (s->format->walk(v, address, access, !v->fill_privileged, true, &found)) {
    case SHADOW_UNUSUAL:
        return false;
    case SHADOW_FAULT:
        s->counters->walks++;
        s->counters->faults++;
        *number = s->format->refuse(v, address, access, found.status);
        return true;
    default:
        s->counters->walks++;
        vmm_shadow_enter(v, address, access, found.entry, found.sources, found.count,
                         found.span);
        *number = 0;
        return true;
    }
}

bool vmm_shadow_physical(struct vmm_cpu *v, uint32_t address, uint64_t *physical)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_walk found;
    uint64_t entry;

    if (!s)
        return false;
    if (!s->used) {
        *physical = address;
        return true;
    }
    entry = vmm_space_get(s->current->space, address);
    if (!(entry & VMM_ENTRY_READ)) {
        if (s->format->walk(v, address, SHADOW_LOAD, false, false, &found) != SHADOW_FOUND)
            return false;
        entry = found.entry;
    }
    *physical = (entry & VMM_ENTRY_FRAME) | (address & 0xfff);
    return true;
}

/* ---- stores to tables ------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

    return first < second ? -1 : first > second;
}

static bool is_code(const struct vmm_cpu *v, uint64_t frame)
{
    return frame >= VMM_PAGES || v->pages[frame] & VMM_PAGE_CODE;
}

bool vmm_shadow_stored(struct vmm_cpu *v)
{
    struct vmm_shadow *s = v->shadow;
    uint32_t used = s ? s->storing_used : 0;
    uint64_t frames[VMM_THROUGH];

    if (!s)
        return false;
    s->storing_used = 0;
    for (uint32_t i = 0; i < used; i++)
        frames[i] = s->storing[i];
    qsort(frames, used, sizeof *frames, by_number);
    for (uint32_t i = 0; i < used; i++)
        vmm_shadow_stored_to(v, frames[i]);
    return true;
}

bool vmm_shadow_store(struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    struct vmm_shadow *s = v->shadow;
    uint64_t frame;
    uint8_t *host;

    if (!s || !s->strict || !s->used || address & 3 || !is_withheld(s, address, &frame))
        return false;
    host = shadow_host(s, frame << 12, 4096, true);
    if (!host || is_code(v, frame))
        return false; /* its blocks have to go */
    shadow_put(v, frame << 12 | (address & 0xfff), host + (address & 0xfff), value);
    vmm_shadow_stored_to(v, frame);
    return true;
}

bool vmm_shadow_wrote(struct vmm_cpu *v, uint64_t address, uint64_t size)
{
    struct vmm_shadow *s = v->shadow;

    if (!s)
        return false;
    if (s->strict && size)
        for (uint64_t frame = address >> 12; frame <= (address + size - 1) >> 12; frame++)
            if (vmm_shadow_holds(s, frame))
                vmm_shadow_check_frame(v, frame);
    return true;
}

bool vmm_shadow_update(struct vmm_cpu *v, const struct vmm_table_update *updates, uint32_t count)
{
    struct vmm_shadow *s = v->shadow;

    if (!s || s->current->key.wide)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (updates[i].address & 3 || !shadow_host(s, updates[i].address, 4, true))
            return false;
    follow_noted(v);
    for (uint32_t i = 0; i < count; i++) {
        if (is_code(v, updates[i].address >> 12))
            vmm_store_word(v, updates[i].address, updates[i].value);
        else
            shadow_put(v, updates[i].address, shadow_host(s, updates[i].address, 4, true),
                       updates[i].value);
    }
    if (!s->strict)
        return vmm_shadow_flush_all(v);
    s->counters->updates += count;
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || updates[i].address >> 12 != updates[i - 1].address >> 12)
            vmm_shadow_wrote(v, updates[i].address, 4);
    return true;
}

bool vmm_shadow_protects(struct vmm_cpu *v, uint32_t frame)
{
    return vmm_shadow_holds(v->shadow, frame);
}
