/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine has found out, kept so that it need not find it out again: blocks, translations,
 * regions, system registers.  Mirrored in vmm/native/lookaside.py. */
#ifndef VMM_LOOKASIDE_H
#define VMM_LOOKASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMM_REGIONS 64 /* a power of two */
#define VMM_PLACES 1024 /* a power of two */
#define VMM_NEXTS 1024 /* a power of two */
#define VMM_PLACES_OF_PAGES 512 /* a power of two */
#define VMM_ENTRIES 1024 /* of one index, at most, that are noted */
#define VMM_ENTRIES_KNOWN 128 /* with more of them in use the engine flushes, which may resize its table */
#define VMM_LARGE_PAGES 8
#define VMM_ARM_KNOWN 64 /* a power of two */
#define VMM_MMU_INDEXES 12 /* ARM has most */
#define VMM_BLOCK_GROUP 64 /* of the 4096 blocks in the engine's index */

/* What is known of a return address in the code buffer: how many instructions of
 * its block come after the one it belongs to. */
struct vmm_place {
    uintptr_t host_pc;
    int64_t rest;
};

/* A block that was found for a state of the register file (stay_thunks.inc). */
struct vmm_next {
    const void *tb;
    void *code;
    uint64_t state[3];
};

/* What the engine has found out for a page of RAM (tlb.c). */
struct vmm_place_of_page {
    uint64_t page; /* its physical address, plus 1; 0: none */
    uint64_t physical, host, offset; /* as its TLB has them */
    uint32_t attributes, spare;
};

/* A system register of ARM's that was asked for lately, as the engine describes it. */
struct vmm_arm_known {
    void *register_info;
    uint64_t key;
};

struct vmm_large_page {
    uint64_t address, mask; /* virtual */
};

/* Where translations were put since they were last thrown away. */
struct vmm_entries {
    uint32_t count; /* more than VMM_ENTRIES_KNOWN: not known */
    uint32_t large_count;
    uint64_t used[VMM_ENTRIES / 64]; /* a bit for each */
    struct vmm_large_page large[VMM_LARGE_PAGES]; /* that some of them are parts of */
};

/* Which of the engine's memory regions a physical page belongs to. */
struct vmm_region {
    uint64_t page;
    void *region;
};

struct vmm_cpu;

/* tlb.c */
bool vmm_put_translation(struct vmm_cpu *v, uint64_t va, uint64_t pa, uint32_t attrs, int prot,
                         uint32_t index, bool code);
void vmm_translation_put(struct vmm_cpu *v, uint64_t va, uint64_t pa, uint32_t attrs, uint32_t index,
                         bool ram, bool code);
void vmm_entries_unknown(struct vmm_cpu *v, uint32_t index);
bool vmm_note_large(struct vmm_cpu *v, uint64_t va, uint64_t size, uint32_t index);
bool vmm_pages_are_of_4k(const struct vmm_cpu *v);
uint16_t vmm_flush_one_page(struct vmm_cpu *v, uint64_t address, uint16_t indexes);
void vmm_block_indexed(struct vmm_cpu *v, uint32_t index);
bool vmm_watch_code(struct vmm_cpu *v, uint64_t start, uint64_t length);
bool vmm_flush_translations(struct vmm_cpu *v, uint16_t indexes);
void vmm_translations_flushed(struct vmm_cpu *v, uint16_t indexes);

/* view.c */
void vmm_set_view(struct vmm_cpu *v, uint32_t view);
void vmm_flush_page(struct vmm_cpu *v, uint32_t address);
bool vmm_tlb_is_known(const struct vmm_cpu *v);
uint32_t vmm_user_index(const struct vmm_cpu *v);
void vmm_free_parked(struct vmm_cpu *v);
void vmm_parked_flushed(void *env);
bool vmm_parked_exchange(void *env);
void vmm_parked_page_flushed(struct vmm_cpu *v, uint64_t address);
void vmm_keep_watching(struct vmm_cpu *v, uint64_t address, int mmu_index);
/* A page of RAM; one that is looked at, at each store, for code that was translated from it. */
enum vmm_at_hand { VMM_NOT_AT_HAND, VMM_AT_HAND, VMM_AT_HAND_WATCHED };
enum vmm_at_hand vmm_translation_at_hand(const struct vmm_cpu *v, uint32_t address, int access,
                                         int mmu_index);

#endif
