/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical pages: how each answers, and which were stored to.  Mirrored in vmm/native/pages.py. */
#ifndef VMM_PAGES_H
#define VMM_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a physical page answers. */
enum vmm_page {
    VMM_PAGE_NONE,   /* nobody: bus error or all ones */
    VMM_PAGE_RAM,
    VMM_PAGE_DEVICE, /* every access is a device access */
    VMM_PAGE_ROM,    /* reads and fetches from memory, writes to the alias device */
    VMM_PAGE_ALIAS,  /* every access goes to the alias device (flash being programmed) */
    VMM_PAGE_BEHIND_LOAD = 0x10,  /* flag: loads and fetches reach the RAM behind the page */
    VMM_PAGE_BEHIND_STORE = 0x20, /* flag: stores reach it */
    VMM_PAGE_SECURE = 0x40, /* flag: answers only accesses from the ARM secure state */
    VMM_PAGE_CODE = 0x80, /* flag: instructions were fetched from here */
    VMM_PAGE_KIND = 0x0f  /* all but the flags */
};

#define VMM_PAGES (1u << 20)          /* 4 GiB of 4 KiB pages */
#define VMM_ALIAS (1ull << 36)        /* where alias devices live */
#define VMM_SPARC_ALIAS 0xe0000000ull /* there: its TLB keeps 32 bits of an address */
#define VMM_HOLE (1ull << 37)         /* one page that answers for nobody */
#define VMM_SPARC_HOLE 0xffeff000ull  /* SPARC's, behind the alias */
#define VMM_BEHIND (1ull << 38)       /* where RAM lives that is behind other pages */

/* Of a page: what of it was stored to, since that is followed. */
#define VMM_DIRTY_PAGE 1u
#define VMM_DIRTY_SHADOW 2u
#define VMM_DIRTY_BEHIND (1u << 31) /* of a listed page: it is the RAM behind it */

struct vmm_cpu;

/* pages.c */
void vmm_map_pages(struct vmm_cpu *v, uint64_t base, uint64_t size, int kind);
void vmm_set_behind(struct vmm_cpu *v, uint64_t base, uint64_t size, int flags);
void vmm_flush_tlb(struct vmm_cpu *v);
void vmm_forget_code(struct vmm_cpu *v, uint64_t base, uint64_t size);
void vmm_forget_places(struct vmm_cpu *v);
void vmm_forget_all_code(struct vmm_cpu *v);

/* dirty.c */
int vmm_track_stores(struct vmm_cpu *v);
void vmm_mark_dirty(struct vmm_cpu *v, uint64_t address, uint64_t size);
bool vmm_is_dirty(const struct vmm_cpu *v, uint64_t address);

/* physical.c */
void *vmm_address_space(const struct vmm_cpu *v);
bool vmm_is_ram(const struct vmm_cpu *v, uint32_t address);
uint32_t vmm_load_word(const struct vmm_cpu *v, uint32_t address);
void vmm_store_word(struct vmm_cpu *v, uint32_t address, uint32_t value);

#endif
