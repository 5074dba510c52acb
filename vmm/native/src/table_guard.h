/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's tables under guard: table_guard.c says how an architecture plugs in. */
#ifndef TABLE_GUARD_H
#define TABLE_GUARD_H

#include "frame_types.h"
#include "shadow.h"

#define VMM_ROOTS 64       /* kept validated at most, besides current ones */
#define VMM_FLUSH_PAGES 16 /* by one batch; more than that, and all are flushed */

/* A table that walks begin in. */
struct vmm_root {
    uint64_t base; /* physical */
    uint32_t level, size;
    uint64_t begins; /* the virtual address that its first entry stands for */
};

struct vmm_guard_entry {
    uint64_t address, value; /* of an entry, physical */
};

struct vmm_guard {
    struct vmm_types types;
    struct vmm_table *roots[VMM_ROOTS + 4]; /* validated, the one entered longest ago first */
    uint32_t root_count, looks;
    uint64_t generation; /* changes whenever the processor forgets translations */
    struct vmm_memory_counters *counters;
    uint64_t storing[VMM_THROUGH]; /* where the current instruction stores to tables */
    uint32_t storing_used, refused;
};

struct vmm_guard *vmm_guard_new(struct vmm_cpu *v, const struct vmm_types_calls *calls,
                                struct vmm_memory_counters *counters, uint64_t owned_begin,
                                uint64_t owned_end);
void vmm_guard_free(struct vmm_guard *guard);
void vmm_guard_set_memory(struct vmm_guard *guard, uint64_t begin, uint64_t end, uint8_t *at,
                          uint32_t floating);
void vmm_guard_begin(struct vmm_guard *guard, const struct vmm_format *format);
void vmm_guard_clear(struct vmm_guard *guard);
bool vmm_guard_refused(struct vmm_guard *guard);
const char *vmm_guard_refusal(const struct vmm_guard *guard);
bool vmm_guard_has_format(const struct vmm_guard *guard, const struct vmm_format *format);
uint64_t vmm_guard_generation(const struct vmm_guard *guard);
bool vmm_guard_enter(struct vmm_guard *guard, const struct vmm_root *roots, uint32_t count);
void vmm_guard_release(struct vmm_guard *guard, uint64_t base);
void vmm_guard_forget(struct vmm_guard *guard, uint64_t page);
uint32_t vmm_guard_type_of(const struct vmm_guard *guard, uint32_t frame);
bool vmm_guard_look(struct vmm_guard *guard, uint64_t address, uint32_t size);
uint32_t vmm_guard_update(struct vmm_guard *guard, const struct vmm_guard_entry *entries,
                          uint32_t count);

/* guard_flush.c: what a batch has to have forgotten when it is done. */
struct vmm_to_flush {
    uint64_t pages[VMM_FLUSH_PAGES];
    uint32_t count;
    bool all;
};
void vmm_guard_flush_if_stale(struct vmm_guard *guard);
uint64_t vmm_guard_page_of(const struct vmm_guard *guard, const struct vmm_table *table,
                           uint32_t offset);
void vmm_guard_note_old(struct vmm_to_flush *to, struct vmm_part old, uint64_t page);
void vmm_guard_flush_noted(struct vmm_guard *guard, const struct vmm_to_flush *to);

/* guard_answers.c, for who answers a guest (memory.c, exposed.c, through.c).  False, and at most done what may be
 * done again: Python has to. */
struct vmm_guard *vmm_guard_of(const struct vmm_cpu *v);
bool vmm_guard_context(struct vmm_cpu *v); /* guard_context.c */
bool vmm_guard_batch(struct vmm_cpu *v, const struct vmm_table_update *updates, uint32_t count);
bool vmm_guard_flush(struct vmm_cpu *v, uint32_t address, bool all);
bool vmm_guard_release_space(struct vmm_cpu *v, uint32_t root, uint32_t tag);
bool vmm_guard_fill(struct vmm_cpu *v, uint32_t address);
bool vmm_guard_stored(struct vmm_cpu *v);

#endif
