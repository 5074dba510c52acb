/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processor is to forget when tables under guard change: pages where that can be said
 * (the readable form is in vmm/monitor/memory/table_guard.py).
 */
#include "table_guard.h"

/* Of a page, or of VMM_ALL_PAGES. */
void vmm_guard_forget(struct vmm_guard *guard, uint64_t page)
{
    struct vmm_types *types = &guard->types;

    guard->generation++;
    if (!types->cpu)
        types->calls.on_flush(page);
    else if (page == VMM_ALL_PAGES)
        vmm_flush_tlb(types->cpu);
    else
        vmm_flush_page(types->cpu, (uint32_t)page);
    if (page == VMM_ALL_PAGES)
        types->stale = false;
}

void vmm_guard_flush_if_stale(struct vmm_guard *guard)
{
    if (guard->types.stale)
        vmm_guard_forget(guard, VMM_ALL_PAGES);
}

/* The page that the entry at an offset of TABLE translates, in the only place where walks of
 * the current context find it.  VMM_ALL_PAGES: there may be more, or it is no single page. */
uint64_t vmm_guard_page_of(const struct vmm_guard *guard, const struct vmm_table *table,
                           uint32_t offset)
{
    const struct vmm_types *types = &guard->types;
    uint32_t size = types->format.entry_size;
    uint64_t page = (uint64_t)(offset / size) << vmm_level_shift(&types->format, table->level);

    if (vmm_types_part(types, table, offset).span != 1 << 12)
        return VMM_ALL_PAGES;
    while (!table->pins) {
        const struct vmm_use *use = table->uses;
        const struct vmm_table *parent = use->parent;
        struct vmm_part named = {0};

        /* The entry that came last need not be the one that is left. */
        if (table->use_count == 1 && use->count == 1)
            named = vmm_types_part(types, parent, use->offset);
        if (named.address != table->base || named.level != table->level)
            return VMM_ALL_PAGES;
        page += (uint64_t)(use->offset / size) << vmm_level_shift(&types->format, parent->level);
        table = parent;
    }
    return table->current == 1 && !table->use_count ? table->begins + page : VMM_ALL_PAGES;
}

/* An entry that stood for OLD, the translation of PAGE, is another now. */
void vmm_guard_note_old(struct vmm_to_flush *to, struct vmm_part old, uint64_t page)
{
    if (old.level || (old.span && (page == VMM_ALL_PAGES || to->count == VMM_FLUSH_PAGES)))
        to->all = true;
    else if (old.span)
        to->pages[to->count++] = page;
}

/* A batch is done. */
void vmm_guard_flush_noted(struct vmm_guard *guard, const struct vmm_to_flush *to)
{
    guard->generation++;
    if (to->all)
        guard->types.stale = true;
    for (uint32_t i = 0; !guard->types.stale && i < to->count; i++)
        vmm_guard_forget(guard, to->pages[i]);
    vmm_guard_flush_if_stale(guard);
}
