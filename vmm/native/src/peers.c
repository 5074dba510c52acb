/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several processors of one machine: engines on the same memory that take turns.
 *
 * Only one of them runs at a time, and all of them go by one account of instructions and
 * time: whoever takes the turn goes on where the one before has stopped.  What one does to
 * the others (it withdraws translations, it stores to pages that they have translated code
 * from) is noted, and done to each when its turn comes, which is before it could notice.
 */
#include "vmm.h"
#include "offsets.h"

#include <stdlib.h>

/* V becomes one more processor of FIRST's machine.  Before anything is mapped. */
void vmm_join(struct vmm_cpu *v, struct vmm_cpu *first)
{
    free(v->pages);
    v->pages = first->pages;
    v->borrows_pages = 1;
    for (const struct vmm_cpu *peer = first->peer; peer && peer != first; peer = peer->peer)
        v->number++;
    v->number++;
    v->peer = first->peer ? first->peer : first;
    first->peer = v;
}

/* V is going away. */
void vmm_part(struct vmm_cpu *v)
{
    struct vmm_cpu *before = v->peer;

    if (!before)
        return;
    while (before->peer != v)
        before = before->peer;
    before->peer = v->peer == before ? NULL : v->peer;
    v->peer = NULL;
}

/* Translations of V's peers may no longer be what the tables, or the pages' kinds, say. */
void vmm_withdraw_translations(struct vmm_cpu *v)
{
    for (struct vmm_cpu *peer = v->peer; peer && peer != v; peer = peer->peer)
        peer->withdrawn = 1;
}

/* V stores to a page of the engines' RAM.  Code that peers have translated from it goes. */
void vmm_stored_to_code(struct vmm_cpu *v, uint64_t ram_address)
{
    uint64_t page = ram_address >> 12;
    uint8_t bit = (uint8_t)(1u << (page & 7));

    for (struct vmm_cpu *peer = v->peer; peer && peer != v; peer = peer->peer)
        if (page < VMM_PAGES && peer->code_ram[page >> 3] & bit) {
            peer->code_ram[page >> 3] &= (uint8_t)~bit;
            if (peer->stale_count < VMM_STALE)
                peer->stale[peer->stale_count] = page << 12;
            peer->stale_count++;
        }
}

static void forget_stale_code(struct vmm_cpu *v)
{
    typedef void (*flush_fn)(void *);
    typedef void (*range_fn)(void *, uint64_t, uint64_t);
    ORIGINAL(range_fn, invalidate, "tb_invalidate_phys_range_arm");
    ORIGINAL(flush_fn, flush, "tb_flush_arm");

    if (v->stale_count > VMM_STALE) {
        vmm_forget_places(v);
        flush(v->cpu);
    } else {
        for (uint32_t i = 0; i < v->stale_count; i++)
            invalidate(v->uc, v->stale[i], v->stale[i] + 0x1000);
    }
    v->stale_count = 0;
}

/* V goes on where FROM has stopped.  Its exclusive monitor is open again, which the
 * architecture allows at any time (ARM DDI 0406C, A3.4): what was loaded may have changed. */
void vmm_take_turn(struct vmm_cpu *v, struct vmm_cpu *from)
{
    int64_t count = vmm_count(from);

    v->kick = 0;
    v->event_at = v->event_cycle = *v->left = VMM_NEVER;
    v->limit = VMM_NEVER + count;
    v->idle = from->idle;
    v->breakpoint_hit = 0;
    v->passed_count = v->resumed_count = -1;
    FIELD(int64_t, v->env, ARM_EXCLUSIVE_ADDRESS) = -1;
    vmm_clear_hot(from);
    if (v->stale_count)
        forget_stale_code(v);
    if (v->withdrawn) {
        v->withdrawn = 0;
        vmm_flush_tlb(v);
    }
}

/* Another processor than V may have become able to run: V's turn is no longer without end. */
void vmm_turn_ends_soon(struct vmm_cpu *v)
{
    if (!v->turn_end || *v->turn_end != VMM_NEVER)
        return;
    *v->turn_end = vmm_count(v) + VMM_TURN;
    if (*v->turn_end < v->event_at)
        v->event_at = *v->turn_end;
    vmm_rearm(v);
}

/* A processor that slept is to go on. */
void vmm_wake(struct vmm_cpu *v)
{
    FIELD(uint32_t, v->cpu, CPU_HALTED) = 0;
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
}
