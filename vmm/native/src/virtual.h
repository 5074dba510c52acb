/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual processor: its structure, who answers its translations, its sensitive instructions, and
 * what a paravirtual kernel shares with its monitor.  Mirrored in vmm/native/virtual.py. */
#ifndef VMM_VIRTUAL_H
#define VMM_VIRTUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which privilege a block was translated for. */
enum vmm_view { VMM_VIEW_BARE, VMM_VIEW_KERNEL, VMM_VIEW_USER };

/* Who answers when the engine has no translation of an address. */
enum vmm_fill_mode {
    VMM_FILL_ENGINE,  /* the engine walks, with the virtual mode's privilege */
    VMM_FILL_SHADOW,  /* the entries of a space (space.c) */
    VMM_FILL_EXPOSED, /* the engine, and stores to the tables are validated (exposed.c) */
    VMM_FILL_FLAT     /* the guest's translation is off: an address is its place */
};

#define VMM_VCPU_WORDS 124

/* A virtual processor: what virtual.c itself must know of it, and its
 * privileged registers, laid out by the monitor of its architecture. */
struct vmm_vcpu {
    uint32_t kernel;    /* virtual mode: 1 kernel, 0 user */
    uint32_t open;      /* bits of interrupt_request that may be delivered now */
    uint32_t level;     /* SPARC: PIL; of a request only what is above it is let in */
    uint32_t view;      /* enum vmm_view */
    uint32_t fill_mode; /* enum vmm_fill_mode */
    uint32_t native;    /* the guest runs at its own privilege: its traps pass as on a bare machine */
    uint32_t hides;     /* x86: monitor_x86.c keeps the guest in user mode */
    uint32_t spare;
    uint32_t words[VMM_VCPU_WORDS];
};

/* Translations of virtual pages of 4 KiB.  An entry is the page's physical address and
 * what may be done there, in kernel and in user mode; 0: not known. */
enum vmm_entry {
    VMM_ENTRY_READ = 1, VMM_ENTRY_WRITE = 2, VMM_ENTRY_EXECUTE = 4, /* kernel */
    VMM_ENTRY_USER = 3,   /* the same rights of user mode are this much to the left */
    VMM_ENTRY_SECURE = 64, /* ARM: the access is one of the secure state */
    VMM_ENTRY_PROTECTED = 128 /* the guest may write here; who follows its tables wants to know */
};

#define VMM_ENTRY_FRAME 0xfffffffff000ull
#define VMM_NOTED 64
#define VMM_THROUGH 16 /* pages that one instruction may store to: an x86 task switch takes eight */

struct vmm_space {
    uint64_t *tables[1024]; /* of 1024 entries each, for 4 MiB; NULL: all 0 */
};

/* x86: a sensitive instruction as translated code calls it (x86_sites.c). */
struct vmm_instruction {
    uint64_t argument;
    uint32_t operation;
    uint32_t next; /* with the same first byte */
    uint32_t immediate;
    uint8_t length, mode;
    bool ends; /* its block ends behind it */
    uint8_t code[15];
};

/* What finding sensitive instructions took: ScanCost of vmm/monitor/counters.py. */
struct vmm_scan_cost {
    uint64_t looked_at, replaced, nanoseconds;
};

/* Offsets in the page that a guest shares with its monitor, as guests/runtime/hypercall.h and
 * vmm/monitor/wedge.py have them. */
enum vmm_vcpu_page {
    VMM_PAGE_INTERRUPTS = 0, VMM_PAGE_PENDING = 4, VMM_PAGE_FAULT_ADDRESS = 8,
    VMM_PAGE_FAULT_STATUS = 12, VMM_PAGE_SPILL = 16, VMM_PAGE_FLAGS = 0x40, VMM_PAGE_CONTROL = 0x44
};

/* Words of a VCPU that are the same for all architectures, where theirs do not reach. */
enum vmm_para_word {
    VMM_PARA_CALLS = 96, /* hypercalls are answered */
    VMM_PARA_TRAPS,      /* where traps enter the kernel directly; 0: as the architecture has it */
    VMM_PARA_STACK,      /* the kernel's stack for traps from user mode */
    VMM_PARA_SEGMENTS    /* x86: the kernel's CS and SS, four words each */
};

/* The hypercalls that the native layer answers (guests/runtime/hypercall.h). */
enum vmm_hypercall {
    VMM_HYPER_STACK = 4, VMM_HYPER_RETURN, VMM_HYPER_SPACE, VMM_HYPER_UPDATE, VMM_HYPER_FLUSH,
    VMM_HYPER_FLUSH_SPACE, VMM_HYPER_FPU, VMM_HYPER_OPENED = 13, VMM_HYPER_WINDOWS, VMM_HYPER_RELEASE
};
#define VMM_HYPER_ERROR 0xffffffffu

#define VMM_NO_ADDRESS (~0ull)

struct vmm_cpu;

/* virtual.c */
void vmm_exit(struct vmm_cpu *v, uint32_t kind);
void vmm_tell_monitor(struct vmm_cpu *v, uint32_t kind);
void vmm_virtual_trap(struct vmm_cpu *v, int number);
bool vmm_virtual_interrupt(struct vmm_cpu *v, uint32_t request);
void vmm_virtual_begins(struct vmm_cpu *v);
uint64_t vmm_virtual_fill(struct vmm_cpu *v, uint32_t address, int access, int mmu_index,
                          uintptr_t retaddr, int *rights);
void vmm_restart(struct vmm_cpu *v);
int vmm_ask_fill(struct vmm_cpu *v, uint32_t address, uint32_t access);
void vmm_refuse_fill(struct vmm_cpu *v, int number, uintptr_t retaddr);
void vmm_shown(struct vmm_cpu *v, void (*told)(struct vmm_cpu *));
void vmm_real_mmu_stays_on(struct vmm_cpu *v);

/* space.c */
struct vmm_space *vmm_space_new(void);
void vmm_space_free(struct vmm_space *space);
uint64_t vmm_space_get(const struct vmm_space *space, uint32_t address);
int vmm_space_set(struct vmm_space *space, uint32_t address, uint64_t entry);
void vmm_space_clear(struct vmm_space *space);

/* exposed.c */
int vmm_walk_index(const struct vmm_cpu *v, int mmu_index);
bool vmm_set_role(struct vmm_cpu *v, uint32_t frame, uint32_t role);
int vmm_exposed_rights(struct vmm_cpu *v, uint64_t physical, int prot);
void vmm_free_roles(struct vmm_cpu *v);

/* stage.c */
int vmm_second_stage(struct vmm_cpu *v, uint64_t pa);

/* through.c */
bool vmm_store_through(struct vmm_cpu *v, uint32_t address);
bool vmm_stores_through(struct vmm_cpu *v, uint32_t address, uintptr_t retaddr);
void vmm_stored(struct vmm_cpu *v);

/* memory.c */
bool vmm_memory_context(struct vmm_cpu *v);
bool vmm_memory_flush(struct vmm_cpu *v, uint32_t address, bool all);
bool vmm_memory_release(struct vmm_cpu *v, uint32_t root, uint32_t tag);
bool vmm_memory_update(struct vmm_cpu *v, uint32_t updates, uint32_t count);

/* code_pages.c, code_cache.c */
void vmm_free_code_pages(struct vmm_cpu *v);
void vmm_free_code_cache(struct vmm_cpu *v);

/* rewritten.c */
void vmm_store_trapped(struct vmm_cpu *v, uint32_t pc);
bool vmm_is_rewritten(const struct vmm_cpu *v, uint32_t pc);
void vmm_rewritten_begins(struct vmm_cpu *v, uint32_t pc, uintptr_t retaddr);
void vmm_rewritten_stored(struct vmm_cpu *v, uint32_t pc, bool to_table);
void vmm_free_rewritten(struct vmm_cpu *v);

/* annotated.c */
int vmm_set_annotated(struct vmm_cpu *v, const uint32_t *pcs, uint32_t count);
bool vmm_forgets_page(struct vmm_cpu *v, uint32_t address);
bool vmm_annotated_store(struct vmm_cpu *v, uint64_t entry, uintptr_t retaddr);

/* vcpu_page.c */
void vmm_set_vcpu_page(struct vmm_cpu *v, uint8_t *page, uint64_t address);
uint32_t vmm_page_get(const struct vmm_cpu *v, uint32_t offset);
void vmm_page_put(struct vmm_cpu *v, uint32_t offset, uint32_t value);

#endif
