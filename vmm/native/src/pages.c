/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of physical pages, and what goes when it or the memory behind it changes: translations of
 * addresses and of code. */
#include "vmm.h"

#include <string.h>

void vmm_map_pages(struct vmm_cpu *v, uint64_t base, uint64_t size, int kind)
{
    for (uint64_t page = base >> 12; page <= (base + size - 1) >> 12 && page < VMM_PAGES; page++)
        v->pages[page] = (uint8_t)kind;
    memset(v->places_of_pages, 0, sizeof v->places_of_pages); /* there may be other memory now */
}

/* All translations are gone: no page has code until instructions are fetched from it
 * again, which the empty TLB makes sure to be noticed.  A monitor's views keep
 * translations of their own, so theirs stay marked. */
static void unmark_code(struct vmm_cpu *v)
{
    if (v->vcpu)
        return;
    for (uint32_t page = 0; page < VMM_PAGES; page++)
        v->pages[page] &= (uint8_t)~VMM_PAGE_CODE;
    vmm_flush_tlb(v);
}

/* The code buffer starts over: other blocks come to be at the places of those that were known. */
void vmm_forget_places(struct vmm_cpu *v)
{
    memset(v->known, 0, sizeof v->known);
    memset(v->nexts, 0, sizeof v->nexts);
}

/* All translations go, and the running block is left at its end. */
void vmm_forget_all_code(struct vmm_cpu *v)
{
    static const char *const names[] = {"tb_flush_sparc", "tb_flush_arm", "tb_flush_x86_64"};

    vmm_forget_places(v);
    ((void (*)(void *))(uintptr_t)vmm_original(names[v->arch]))(v->cpu);
    vmm_kick(v);
}

/* Somebody other than the guest wrote SIZE bytes at physical BASE.  If code was
 * translated from there, all translations go and the running block is left at
 * its end.  A device may fill such a page many times before code is there again. */
void vmm_forget_code(struct vmm_cpu *v, uint64_t base, uint64_t size)
{
    for (uint64_t page = base >> 12; page <= (base + size - 1) >> 12 && page < VMM_PAGES; page++)
        if (v->pages[page] & VMM_PAGE_CODE) {
            vmm_forget_all_code(v);
            unmark_code(v);
            return;
        }
}

/* Switch the RAM behind pages in or out: FLAGS are VMM_PAGE_BEHIND_LOAD and
 * VMM_PAGE_BEHIND_STORE.  Callable from a device: the next instruction sees it. */
void vmm_set_behind(struct vmm_cpu *v, uint64_t base, uint64_t size, int flags)
{
    const uint8_t changing = VMM_PAGE_BEHIND_LOAD | VMM_PAGE_BEHIND_STORE | VMM_PAGE_CODE;

    /* A page that only stores reach is not watched for code, so none may be left. */
    vmm_forget_code(v, base, size);
    for (uint64_t page = base >> 12; page <= (base + size - 1) >> 12 && page < VMM_PAGES; page++)
        v->pages[page] = (uint8_t)((v->pages[page] & ~changing) | flags);
    vmm_flush_tlb(v);
    vmm_kick(v); /* the running block may be chained to one of these pages */
}

void vmm_flush_tlb(struct vmm_cpu *v)
{
    static const char *const names[] = {"tlb_flush_sparc", "tlb_flush_arm", "tlb_flush_x86_64"};
    static void (*flush[3])(void *);

    if (!flush[v->arch])
        flush[v->arch] = (void (*)(void *))(uintptr_t)vmm_original(names[v->arch]);
    flush[v->arch](v->cpu);
}
