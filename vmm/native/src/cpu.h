/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of one engine.  Python sees the same structure through ctypes: vmm/native/cpu.py mirrors
 * it field by field. */
#ifndef VMM_CPU_H
#define VMM_CPU_H

#include "debug.h"
#include "devices.h"
#include "engine.h"
#include "lookaside.h"
#include "pages.h"
#include "traps.h"
#include "virtual.h"

struct vmm_cpu {
    /* the budget while C runs; generated code has it in a register (left.c) */
    int64_t *left; /* instructions until the next look; negative: look now */
    uintptr_t jit_begin; /* of generated code; watch_thunks.inc knows these places */
    uint64_t jit_size;
    int64_t limit; /* instructions begun = limit - left */
    /* set by Python */
    int64_t event_at; /* count at which on_event must run; modelled timers may be due before */
    int64_t event_cycle; /* and the cycle: the next event of Python's clock; VMM_NEVER: none */
    int64_t idle;     /* cycles that went by while halted */
    uint32_t held;       /* the outside has a say in how long a halt lasts */
    uint32_t halts_told; /* so many want to be told of each halt */
    uint64_t sleeps;     /* times that a halted processor waited for an event */
    uint64_t intercept[VMM_TRAP_KINDS / 64];
    uint32_t psci_conduit; /* ARM: 11 HVC or 13 SMC is the firmware's, 0 none */
    uint32_t semihosting;
    uint32_t ledger_on;
    uint32_t ledger_size;
    struct vmm_trap_record *ledger;
    uint32_t ledger_used;
    int32_t stop_requested; /* may be set from another thread */
    uint64_t counter_mul, counter_shift; /* ARM: counter = cycles * mul >> shift */
    uint64_t unhandled_below; /* ARM: traps that enter below this, MMU off, are nobody's */
    uint64_t virtual_offset;             /* ARM: CNTVOFF */
    /* callbacks */
    int32_t (*on_trap)(struct vmm_cpu *, uint32_t kind);
    int32_t (*on_event)(struct vmm_cpu *);
    int32_t (*on_halt)(struct vmm_cpu *);
    uint64_t (*on_read)(struct vmm_cpu *, uint64_t address, uint32_t size);
    void (*on_write)(struct vmm_cpu *, uint64_t address, uint32_t size, uint64_t value);
    uint32_t (*on_in)(struct vmm_cpu *, uint32_t port, uint32_t size);
    void (*on_out)(struct vmm_cpu *, uint32_t port, uint32_t size, uint32_t value);
    int32_t (*on_acknowledge)(struct vmm_cpu *, int32_t level);
    uint64_t (*on_sysreg)(struct vmm_cpu *, uint32_t id, int32_t is_write, uint64_t value);
    void (*on_ledger)(struct vmm_cpu *);
    /* results and counters */
    int32_t reason;
    int32_t reason_trap;
    int32_t engine_error;
    int32_t blocks_translated;
    uint64_t traps[VMM_TRAP_KINDS];
    uint64_t mmio_reads, mmio_writes, port_reads, port_writes;
    uint64_t fills, code_flushes, events, halts, device_splits;
    char message[256];
    /* the engine */
    void *uc, *cpu, *env;
    void *left_register; /* the translator's name for the budget */
    uint8_t *pages; /* VMM_PAGES bytes of enum vmm_page */
    uint8_t *code_ram;   /* bit per page of the engine's RAM that code was translated from */
    uint8_t *device_pcs; /* bit per hashed pc: instructions that touched a device */
    int32_t arch;
    int32_t running;
    /* scratch */
    uintptr_t helper_pc; /* return address of the interposed helper that is running */
    uintptr_t fill_pc;
    uint64_t fill_address;
    int32_t fill_access, fill_probe, fill_index;
    int32_t walk_index; /* the index whose rights the walk for that fill goes by */
    int32_t settled; /* what of the block at helper_pc has not begun has been given back */
    int32_t kick, resume, triple;
    int32_t restored; /* the engine has just gone back to an instruction's start */
    uint32_t resume_pc, resume_npc;
    uint32_t watch_hits;      /* x86: data breakpoints met, not yet trapped */
    uint32_t check_alignment; /* ARM: SCTLR.A */
    int64_t streak_count; /* traps taken without an instruction since this count */
    int32_t streak;
    int32_t asked;      /* somebody outside wants on_event to run soon (vmm_ask_look) */
    int32_t only_asked; /* ... which is why it runs now, and there is nothing else */
    int32_t spare;
    int64_t asked_limit; /* the limit when that was asked for; 0: it is another since */
    int64_t cycle_offset; /* ARM: PMCCNTR is the time less this, while it counts */
    uint32_t exact_clock, spare4; /* the engine's nanoseconds are cycles */
    uint64_t last_unmapped;
    uint64_t unmapped_accesses;
    struct vmm_cpu *next;
    struct vmm_hot hot[VMM_HOT];
    uint32_t hot_used, intr; /* x86: the INTR pin */
    uint32_t look; /* the look that comes is for Python, whatever the time */
    uint32_t model_count, cell_count, models_on;
    uint64_t hot_reads, hot_writes;
    int64_t clock_hz; /* cycles in a virtual second */
    int64_t *clock_sequence; /* how often a time was asked for */
    struct vmm_model models[VMM_MODELS];
    struct vmm_cell cells[VMM_CELLS];
    struct vmm_place known[VMM_PLACES];
    struct vmm_region regions[VMM_REGIONS];
    /* stay.c */
    uintptr_t frame; /* the stack pointer of generated code; 0: none runs */
    void *way_out;   /* of generated code, to the engine's loop */
    uint32_t told_expired, stay_spare; /* the block that is being left has called vmm_budget_expired() */
    struct vmm_next nexts[VMM_NEXTS];
    /* tlb.c */
    struct vmm_place_of_page places_of_pages[VMM_PLACES_OF_PAGES];
    struct vmm_entries entry_lists[VMM_MMU_INDEXES + 1];
    struct vmm_entries *entries[VMM_MMU_INDEXES]; /* of those, whose each is; the spare ones are */
    struct vmm_entries *parked_entries;           /* the parked set's (view.c) */
    struct vmm_arm_known arm_known[VMM_ARM_KNOWN]; /* monitor_arm_system.c */
    uint64_t block_groups; /* a bit per group of the engine's index of blocks that may have some */
    struct vmm_trap_record recent[VMM_RECENT]; /* the last traps, whether or not there is a ledger */
    uint64_t recent_count;
    /* x86: a Python delivery that faulted leaves the fault here */
    int32_t refault; /* nonzero: raise the fault below */
    int32_t refault_vector;
    int32_t refault_code;
    /* set by Python between runs: where to stop, ascending */
    uint32_t breakpoint_count;
    uint32_t *breakpoints;
    uint32_t breakpoint_hit; /* nonzero: the look that comes is at a breakpoint */
    uint32_t passed_pc;      /* the breakpoint met last, and when: */
    int64_t passed_count;    /* there and then it is not met again */
    /* dirty.c: pages stored to since the tracking began anew */
    uint8_t *dirty;        /* a byte per page: VMM_DIRTY_ flags */
    uint32_t *dirty_pages; /* their numbers, with VMM_DIRTY_BEHIND */
    uint32_t dirty_count;
    uint32_t tracking;
    uint32_t watch_count;
    uint32_t access_count; /* watched accesses made since the last look; the look that comes is for them */
    struct vmm_watch *watches;
    void (*on_watch)(struct vmm_cpu *); /* accesses[access_count] is about to be made */
    struct vmm_access accesses[VMM_ACCESSES];
    uint32_t watch_before, access_spare; /* stop before the instruction makes its access */
    int64_t unwatched_count; /* the instruction begun then makes its accesses unseen */
    /* tracing, set by Python between runs */
    uint64_t **begun; /* coverage.c: NULL, or for each page of pcs its counters */
    uint32_t tell;    /* blocks.c: bits of enum vmm_tell */
    uint32_t range_count;
    struct vmm_range *ranges; /* only blocks in one of these are told; none: all are */
    void (*on_block)(struct vmm_cpu *, uint32_t pc, uint32_t length, uint32_t what);
    /* virtual.c */
    struct vmm_vcpu *vcpu; /* NULL: a bare machine, and nothing of this happens */
    int32_t (*on_exit)(struct vmm_cpu *, uint32_t kind);
    int32_t (*on_fill)(struct vmm_cpu *, uint32_t address, uint32_t access);
    /* x86_sites.c: the number of the sensitive instruction at PC, 0 if it is not one */
    int32_t (*on_decode)(struct vmm_cpu *, uint32_t pc);
    struct vmm_instruction *instructions; /* from 1 */
    uint32_t instruction_heads[256]; /* by first byte: the latest */
    uint32_t decode_once; /* what is known by its bytes need not be asked for again */
    uint32_t instruction_count;
    uint32_t code_size; /* bytes at that pc, as far as its page goes */
    uint32_t spare6;
    uint8_t code[16];
    uint8_t rewritten[8192]; /* bit per hashed pc: stores that trapped too often */
    struct vmm_rewritten *account; /* rewritten.c */
    struct vmm_space *space;
    uint64_t exits;           /* calls of on_exit */
    uint64_t fill_exits;      /* calls of on_fill */
    uint32_t fill_privileged; /* the access that on_fill is told of is one of virtual kernel mode */
    uint32_t sleep;           /* on_exit asks for it: the processor halts */
    /* exposed.c */
    uint8_t *roles;         /* of frames; NULL: none has one */
    uint32_t fill_physical; /* exposed: the place that a store is about to be made to */
    uint32_t exposed_spare;
    struct vmm_guard *guard; /* exposed.c; NULL: the memory policy is another */
    /* memory.c: what the guest asked for and was done there, since the policy last counted it */
    uint64_t asked_updates, asked_flushes, asked_switches;
    /* through.c */
    void (*on_stored)(struct vmm_cpu *);
    uint32_t through[VMM_THROUGH], through_used; /* pages that the current instruction may store to */
    uint32_t through_spare;
    struct vmm_parked_tlb *parked; /* view.c: translations of the view that is not in use */
    /* annotated.c */
    uint32_t *annotated, annotated_count; /* pcs of marked stores */
    uint32_t noted_used;
    uint32_t noted[VMM_NOTED]; /* frames that they have stored to */
    uint64_t annotated_stores;
    uint32_t fill_once, once_spare; /* the translation is for this access alone */
    uint8_t *vcpu_page;        /* vcpu_page.c: one of the guest's own, or NULL */
    uint64_t vcpu_page_address; /* where the guest has it, physical */
    /* intercept.c */
    const struct vmm_pattern *patterns; /* set by vmm_set_patterns() */
    uint32_t pattern_count;
    uint32_t instruction; /* nonzero: the look that comes is before one, its pattern's index plus one */
    struct vmm_intercepted *met;
    int32_t (*on_instruction)(struct vmm_cpu *, uint32_t pattern);
    int64_t resumed_count; /* there and then the guest goes on without another exit */
    uint32_t resumed_pc, intercept_spare;
    /* stage.c */
    uint8_t *second_stage; /* a byte per page: 1 read, 2 write, 4 execute; NULL: no second stage */
    uint32_t *stage_frames; /* a frame per page: where it is; NULL: each is where the guest has it */
    int32_t (*on_stage)(struct vmm_cpu *, uint32_t address, uint32_t access);
    /* peers.c */
    struct vmm_cpu *peer;    /* the next processor of the machine, in a ring; NULL: it is alone */
    int64_t *turn_end;       /* the count at which the present turn is over, or VMM_NEVER */
    uint32_t number, peer_spare; /* which of the machine's processors it is */
    uint32_t borrows_pages;  /* `pages` is a peer's */
    uint32_t withdrawn;      /* translations have to go before its next turn */
    uint32_t yielded;        /* it waits for an event, and gives up its turn */
    uint32_t stale_count;    /* more than VMM_STALE: all code is stale */
    uint64_t stale[VMM_STALE]; /* pages of the engine's RAM whose code has to go */
    struct vmm_scan_cost *scan; /* x86: NULL: sensitive instructions are on_decode's to find */
    /* shadow.c */
    struct vmm_shadow *shadow; /* NULL: the memory policy is Python's */
    void (*on_table_store)(struct vmm_cpu *); /* in a fill: a store to a page of tables has trapped */
    uint8_t tell_stores; /* to the profile: of each */
    uint8_t rewrites;    /* those that trap often are rewritten */
    uint16_t shadow_spare;
    struct vmm_code *code_pages;   /* code_pages.c: NULL: none are kept */
    struct vmm_cache *code_cache;  /* code_cache.c */
    uint32_t serial;      /* of the attachment: what is remembered by it is not another engine's */
    struct vmm_narrowing *narrowing; /* x86_width.c: its working memory */
    struct vmm_fetch fetched[VMM_FETCHES_KEPT]; /* device.c: code that a device has given */
};

/* Instructions begun. */
static inline int64_t vmm_count(const struct vmm_cpu *v) { return v->limit - *v->left; }

/* A word of the virtual processor; 0 where there is none. */
static inline uint32_t vmm_para(const struct vmm_cpu *v, enum vmm_para_word word)
{
    return v->vcpu ? v->vcpu->words[word] : 0;
}

/* Where the second stage has a guest-physical address. */
static inline uint64_t vmm_moved(const struct vmm_cpu *v, uint64_t address)
{
    if (!v->stage_frames || address >> 12 >= VMM_PAGES)
        return address;
    return (uint64_t)v->stage_frames[address >> 12] << 12 | (address & 0xfff);
}

#endif
