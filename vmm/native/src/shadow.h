/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow tables kept by the native layer: policies `strict` and `lazy` without Python.
 *
 * vmm/monitor/memory/strict.py and lazy.py are the same policies to read; tests hold the two
 * against each other.  vmm/monitor/memory/native.py attaches this one to a processor
 * (v->shadow) and walks the tables that are too rare to be walked here (those that are not in
 * RAM), and what SPARC's no-fault mode refuses.
 *
 * What may be called from where.  All of these but vmm_shadow_fill() may be called from any
 * C that emulates an instruction or answers a hypercall (which calls memory.c's, for
 * whatever policy), after the guest's registers have been written and before the guest goes
 * on, in generated code (from a helper) or out of it.  They read the registers where the engine has them and need no other state shown.
 * They flush the engine's TLB as far as the guest's operation asks for it.  They never
 * touch the budget (left.c), never raise, never leave the block and never call Python, so
 * a helper may go on behind the call.  Who has just changed what an address means must
 * not fetch the next instruction by the old meaning: end the block, as for a write of CR3
 * on a bare machine.  False means that nothing was done and the monitor has to be told
 * (on_exit), which does the same in Python.
 */
#ifndef SHADOW_H
#define SHADOW_H

#include "vmm.h"

/* What translating took: MemoryCounters of vmm/monitor/memory/base.py. */
struct vmm_memory_counters {
    uint64_t faults, hidden_faults, updates, walks, flushes, switches;
};

/* An entry of the guest's tables that a translation is made from. */
struct vmm_source {
    uint64_t address, value;
    uint32_t size, spare; /* 4 or 8 bytes */
};

/* One change that a paravirtual guest asks for. */
struct vmm_table_update {
    uint32_t address, value;
};

/* A register that governs translation has been written, with whatever value. */
bool vmm_shadow_context(struct vmm_cpu *v);

/* The guest flushed the translations of the page at ADDRESS, or all of them. */
bool vmm_shadow_flush_page(struct vmm_cpu *v, uint32_t address);
bool vmm_shadow_flush_all(struct vmm_cpu *v);

/* Where virtual kernel mode finds ADDRESS, with no flag set and no fault raised.  False: not
 * known here (it may be nowhere). */
bool vmm_shadow_physical(struct vmm_cpu *v, uint32_t address, uint64_t *physical);

/* A store of SIZE bytes has been made for the guest to physical ADDRESS, by a way that no
 * translation sees.  Policy lazy need not be told. */
bool vmm_shadow_wrote(struct vmm_cpu *v, uint64_t address, uint64_t size);

/* Virtual kernel mode is about to store the word VALUE at ADDRESS.  True: the page is one
 * that holds tables, and the store has been made and followed. */
bool vmm_shadow_store(struct vmm_cpu *v, uint32_t address, uint32_t value);

/* Set entries of the guest's tables, in this order, and follow them. */
bool vmm_shadow_update(struct vmm_cpu *v, const struct vmm_table_update *updates, uint32_t count);

/* In a fill (virtual.c): put in the entry that an access needs, or keep the fault that it
 * raises; in NUMBER what on_fill would answer.  False: on_fill has to be asked. */
bool vmm_shadow_fill(struct vmm_cpu *v, uint32_t address, uint32_t access, int *number);

/* The instruction that was let store through (through.c) has ended. */
bool vmm_shadow_stored(struct vmm_cpu *v);

/* For vmm/monitor/memory/native.py. */
enum vmm_shadow_feature {
    VMM_SHADOW_STRICT = 1, /* policy strict; else lazy */
    VMM_SHADOW_PXN = 2     /* ARM: short descriptors have PXN */
};
int vmm_shadow_new(struct vmm_cpu *v, uint32_t features, struct vmm_memory_counters *counters);
void vmm_shadow_free(struct vmm_cpu *v);
int vmm_shadow_window(struct vmm_cpu *v, uint64_t base, uint64_t size, uint8_t *host, int writable);
void vmm_shadow_enter(struct vmm_cpu *v, uint32_t address, uint32_t access, uint64_t entry,
                      const struct vmm_source *sources, uint32_t count, uint32_t span);
void vmm_shadow_make_up(struct vmm_cpu *v, uint32_t address, uint64_t entry);
void vmm_shadow_forget(struct vmm_cpu *v);
bool vmm_shadow_protects(struct vmm_cpu *v, uint32_t frame);

#endif
