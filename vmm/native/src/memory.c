/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest asks of its memory policy, answered with no Python where that can be.
 *
 * For who emulates an instruction or answers a hypercall, in generated code (from a helper)
 * or out of it, after the guest's registers have been written.  False: nothing has been
 * done, or what has been done may be done again, and the monitor is to be told.
 *
 * FILL_ENGINE (policy nested): tables are memory like any other.  FILL_EXPOSED: table_guard.c.
 * Policies strict and lazy, where the native layer keeps the shadow tables: shadow.c.
 */
#include "table_guard.h"

enum { UPDATE = 8, VALUE = 4 /* struct hyper_update of guests/runtime/hypercall.h */ };
enum { MOST_UPDATES = 4096 /* of one batch */ };

static bool engine_walks(const struct vmm_cpu *v)
{
    return v->vcpu->fill_mode == VMM_FILL_ENGINE;
}

/* A register that governs translation has been written. */
bool vmm_memory_context(struct vmm_cpu *v)
{
    if (v->shadow)
        return vmm_shadow_context(v);
    if (!engine_walks(v))
        return vmm_guard_context(v);
    v->asked_switches++;
    vmm_flush_tlb(v);
    return true;
}

/* The guest flushed the translations of a page, or ALL of them. */
bool vmm_memory_flush(struct vmm_cpu *v, uint32_t address, bool all)
{
    if (v->shadow)
        return all ? vmm_shadow_flush_all(v) : vmm_shadow_flush_page(v, address);
    if (!engine_walks(v))
        return vmm_guard_flush(v, address, all);
    v->asked_flushes++;
    if (all)
        vmm_flush_tlb(v);
    else
        vmm_flush_page(v, address);
    return true;
}

/* A paravirtual guest will not enter the space of ROOT and TAG (HYPER_RELEASE) again. */
bool vmm_memory_release(struct vmm_cpu *v, uint32_t root, uint32_t tag)
{
    return vmm_guard_release_space(v, root, tag) || vmm_memory_flush(v, 0, true);
}

static bool update_followed(struct vmm_cpu *v, uint32_t from, uint32_t count)
{
    struct vmm_table_update updates[MOST_UPDATES];

    if (count > MOST_UPDATES)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = from + UPDATE * i;

        if (!vmm_is_ram(v, at) || !vmm_is_ram(v, at + VALUE))
            return false;
        updates[i].address = vmm_load_word(v, at);
        updates[i].value = vmm_load_word(v, at + VALUE);
    }
    return v->shadow ? vmm_shadow_update(v, updates, count) : vmm_guard_batch(v, updates, count);
}

/* Set COUNT entries of page tables as the structures at physical address UPDATES say. */
bool vmm_memory_update(struct vmm_cpu *v, uint32_t updates, uint32_t count)
{
    if (!engine_walks(v))
        return update_followed(v, updates, count);
    for (uint32_t at = updates; at - updates < UPDATE * count; at += UPDATE) {
        uint32_t entry;

        if (!vmm_is_ram(v, at) || !vmm_is_ram(v, at + VALUE)
            || !vmm_is_ram(v, entry = vmm_load_word(v, at))) {
            vmm_flush_tlb(v);
            return false;
        }
        vmm_store_word(v, entry, vmm_load_word(v, at + VALUE));
    }
    v->asked_updates += count;
    vmm_flush_tlb(v);
    return true;
}
