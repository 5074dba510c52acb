/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watchpoints: stopping after the instruction that touched an address.
 *
 * A page with a watched byte is marked in the engine's TLB (the mark is the
 * engine's own, for watchpoints that it leaves empty), so accesses to it take
 * the slow path, which watch_thunks.inc sees; device accesses always do.  An
 * access that overlaps a watched range is made the last instruction of its
 * block, carried out, and remembered; the next boundary is a look.  Walks of
 * page tables and instruction fetches are not accesses.
 */
#include "vmm.h"
#include "offsets.h"

/* Whether ADDRESS..+SIZE and the range of W share a byte; addresses wrap at 4 GiB. */
static bool overlaps(const struct vmm_watch *w, uint32_t address, uint64_t size)
{
    return (uint32_t)(address - w->address) < w->size || (uint32_t)(w->address - address) < size;
}

/* Kinds of access (bits of enum vmm_watch_kind) that are watched in ADDRESS..+SIZE. */
uint32_t vmm_watched(const struct vmm_cpu *v, uint32_t space, uint32_t address, uint64_t size)
{
    uint32_t kinds = 0;

    for (uint32_t i = 0; i < v->watch_count; i++)
        if (v->watches[i].space == space && overlaps(&v->watches[i], address, size))
            kinds |= v->watches[i].kinds;
    return kinds;
}

/* An access is about to be made by the instruction at HOST_PC.  True if it is
 * watched; vmm_watch_done() must follow once it has happened. */
bool vmm_watch_begin(struct vmm_cpu *v, uint32_t space, uint64_t address, uint32_t size,
                     uint32_t kind, uintptr_t host_pc)
{
    struct vmm_access *access;

    if (!(vmm_watched(v, space, (uint32_t)address, size) & kind))
        return false;
    vmm_device_access_is_last(v, host_pc); /* the stop comes right after this instruction */
    if (v->access_count == VMM_ACCESSES || vmm_count_at(v, host_pc) == v->unwatched_count)
        return false;
    access = &v->accesses[v->access_count];
    access->space = space;
    access->address = (uint32_t)address;
    access->size = size;
    access->kind = kind;
    access->pc = vmm_pc_at(v, host_pc);
    v->on_watch(v);
    if (v->watch_before && vmm_in_block(v, host_pc)) {
        v->accesses[v->access_count++].value = 0;
        FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
        vmm_leave_before(v, host_pc);
    }
    return true;
}

void vmm_watch_done(struct vmm_cpu *v, uint64_t value)
{
    v->accesses[v->access_count++].value = value;
    vmm_set_interrupt(v, VMM_IRQ_EVENT, 1);
}

/* Translations of watched pages are to be made anew, with or without the mark. */
static void flush_watched(struct vmm_cpu *v)
{
    static const char *const names[] = {
        "tlb_flush_page_sparc", "tlb_flush_page_arm", "tlb_flush_page_x86_64"};
    void (*flush)(void *, uint64_t)
        = (void (*)(void *, uint64_t))(uintptr_t)vmm_original(names[v->arch]);
    enum { SMALLEST_PAGE = 1024 };

    for (uint32_t i = 0; i < v->watch_count; i++) {
        const struct vmm_watch *w = &v->watches[i];
        uint64_t first = w->address & ~(uint64_t)(SMALLEST_PAGE - 1);

        if (w->space != VMM_SPACE_MEMORY)
            continue;
        if (w->size > 0x10000) {
            vmm_flush_tlb(v);
            return;
        }
        for (uint64_t page = first; page < (uint64_t)w->address + w->size; page += SMALLEST_PAGE)
            flush(v->cpu, (uint32_t)page);
    }
}

/* Watch these ranges and no others.  WATCHES stays the caller's.  Only between runs. */
void vmm_set_watches(struct vmm_cpu *v, struct vmm_watch *watches, uint32_t count);
void vmm_set_watches(struct vmm_cpu *v, struct vmm_watch *watches, uint32_t count)
{
    flush_watched(v);
    v->watches = watches;
    v->watch_count = count;
    flush_watched(v);
}
