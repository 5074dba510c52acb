/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native side of a processor: mechanism only, no policy.
 *
 * This library defines functions with the same names as the engine's own and
 * is loaded before it, so the engine's calls come here first.  A struct
 * vmm_cpu is the state of one engine; Python sees the same struct through
 * ctypes (vmm/native/library.py mirrors it field by field).
 */
#ifndef VMM_H
#define VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmm_arch { VMM_SPARC, VMM_ARM, VMM_X86 };

/* What a trap callback wants done. */
enum vmm_action { VMM_NATIVE, VMM_HANDLED, VMM_STOP };

/* Why vmm_run() came back.  The order is mirrored in vmm/cpu/engine.py. */
enum vmm_reason {
    VMM_REASON_NONE,
    VMM_REASON_STOPPED,     /* a callback asked for it */
    VMM_REASON_HALTED,      /* asleep and nothing can wake it */
    VMM_REASON_ERROR_MODE,  /* SPARC: trap with traps disabled */
    VMM_REASON_SHUTDOWN,    /* x86: triple fault */
    VMM_REASON_ABORT,       /* the engine gave up: text in message */
    VMM_REASON_ENGINE_ERROR, /* uc_emu_start failed: code in engine_error */
    VMM_REASON_UNHANDLED    /* ARM: a trap taken by vectors that the guest did not set */
};

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
#define VMM_HOLE (1ull << 37)         /* one page that answers for nobody (x86) */
#define VMM_BEHIND (1ull << 38)       /* where RAM lives that is behind other pages */
#define VMM_TRAP_KINDS 768
#define VMM_KIND_SOFTWARE 256         /* x86: INT n is n + 256 */
#define VMM_KIND_INTERRUPT 512        /* x86: a hardware interrupt is n + 512 */
#define VMM_KIND_SEMIHOSTING 16        /* ARM: the supervisor call that is the debugger's */
#define VMM_KIND_RETURN 768           /* in the ledger, while told: see vmm_returned() */

/* What on_exit is told of besides traps. */
enum vmm_exit_kind {
    VMM_KIND_VIRTUAL_INTERRUPT = 1024, /* a request that vcpu->open lets in */
    VMM_KIND_SITE = 1025, /* a sensitive instruction was reached */
    VMM_KIND_HYPERCALL = 1030 /* x86: a paravirtual kernel calls its monitor */
};

#define VMM_AT_BREAKPOINT (1u << 30)          /* in place of a block's length: a breakpoint's index */
#define VMM_AT_SITE (1u << 31)       /* ... an instruction that a monitor has replaced */
#define VMM_AT_INTERCEPT (1u << 29)           /* with it: an intercepted instruction's slot instead */
#define VMM_BREAKPOINT_CHARGE (3ll << 61)     /* more than any budget, and left stays in range */

/* What is watched: bits, the engine's own for a marked page. */
enum vmm_watch_kind { VMM_WATCH_READ = 1, VMM_WATCH_WRITE = 2 };
enum vmm_watch_space { VMM_SPACE_MEMORY, VMM_SPACE_PORTS };

#define VMM_IRQ_EVENT (1u << 30)      /* our bits in CPUState.interrupt_request */
#define VMM_IRQ_STORED (1u << 29)     /* through.c: an instruction has stored where it may not */
#define VMM_TURN 20000 /* instructions that a processor runs while another one could */
#define VMM_STALE 256 /* pages that peers have stored to during one turn */
#define VMM_THROUGH 16 /* pages that one instruction may store to: an x86 task switch takes eight */

struct vmm_trap_record {
    uint64_t count; /* instructions begun, the trapping one included */
    uint32_t kind;
    uint32_t pc;
    uint32_t status;
    uint32_t info;
};

#define VMM_RECENT 16
#define VMM_HOT 64 /* a power of two */
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
#define VMM_MODELS 8
#define VMM_CELLS 16
#define VMM_PORT (1ull << 62) /* flag of a hot address: an I/O port */

/* A register whose value stands until some device does something: answered here. */
struct vmm_hot {
    uint64_t address; /* of the access, with VMM_PORT for a port; 0: empty */
    uint32_t size;
    uint32_t value;
};

/* When a device wants to be called back (vmm/machine/clock.py). */
#define VMM_NEVER (1ll << 62)
struct vmm_timer {
    int64_t cycle; /* VMM_NEVER: not at all */
    int64_t order; /* among those of one cycle */
};

/* A device that is modelled here (models.h) on the Python device's own state. */
struct vmm_model {
    uint64_t base; /* of its registers, with VMM_PORT for ports */
    uint64_t size;
    int32_t kind;
    uint32_t width; /* of the accesses it handles, bytes */
    void *state;
    /* a device with an interrupt line: */
    uint32_t *raised; /* the sources of the shared line that are high */
    uint32_t source, irq; /* IRQMP: how many lines, and the number of the first */
    void *pins; /* the state of the pair of 8259A, of the IRQMP or of the GIC */
    uint32_t processor, spare; /* whose device it is, where each has one */
    struct vmm_timer *timer; /* NULL: it has none */
};

/* A register that is, for now, nothing but a word of its device's state. */
struct vmm_cell {
    uint64_t address; /* with VMM_PORT for a port */
    uint32_t size, mask;
    uint32_t *word;
    uint32_t active, spare;
};

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

/* A watched range of virtual addresses, or of x86 I/O ports. */
struct vmm_watch {
    uint32_t address, space;
    uint64_t size;
    uint32_t kinds, spare;
};

/* One watched access.  VALUE is what was loaded or stored. */
struct vmm_access {
    uint32_t space, address, size, kind;
    uint64_t pc, value;
};
#define VMM_ACCESSES 64 /* of one instruction; more are not told */

/* What is told while a guest runs. */
enum vmm_tell {
    VMM_TELL_TRANSLATED = 1, /* a block was translated */
    VMM_TELL_BEGUN = 2,      /* a block begins */
    VMM_TELL_RETURNS = 4     /* a return from a trap, in the ledger */
};

/* Addresses, both ends included. */
struct vmm_range {
    uint32_t first, last;
};

/* Instructions to leave the guest before: those with these bits.  The first byte of an x86
 * instruction is the lowest, and prefixes do not count; the first half of a Thumb one is the
 * low half. */
struct vmm_pattern {
    uint32_t mask, value;
    uint32_t thumb; /* ARM: it is one of the Thumb set */
    uint32_t spare;
};

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
    int32_t settled; /* what of the block at helper_pc has not begun has been given back */
    int32_t kick, resume, triple;
    int32_t restored; /* the engine has just gone back to an instruction's start */
    uint32_t resume_pc, resume_npc;
    uint32_t watch_hits;      /* x86: data breakpoints met, not yet trapped */
    uint32_t check_alignment; /* ARM: SCTLR.A */
    int64_t streak_count; /* traps taken without an instruction since this count */
    int32_t streak, spare;
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
};

/* core.c */
extern __thread struct vmm_cpu *vmm_current;
extern void *vmm_engine_handle;
void *vmm_original(const char *name);

/* The processor with this register file: the running one, or any attached. */
struct vmm_cpu *vmm_of_env(void *env);

static inline int64_t vmm_count(const struct vmm_cpu *v) { return v->limit - *v->left; }

int vmm_init(void *handle, char *error, size_t size);
struct vmm_cpu *vmm_attach(void *uc, int arch, char *error, size_t size);
void vmm_detach(struct vmm_cpu *v);
int vmm_run(struct vmm_cpu *v, uint64_t pc, uint32_t npc);
void vmm_kick(struct vmm_cpu *v);
void vmm_set_event(struct vmm_cpu *v, int64_t count);
void vmm_rearm(struct vmm_cpu *v);
void vmm_set_interrupt(struct vmm_cpu *v, uint32_t bits, int on);
void vmm_stop(struct vmm_cpu *v, int reason);
void vmm_map_pages(struct vmm_cpu *v, uint64_t base, uint64_t size, int kind);
int vmm_map_device(struct vmm_cpu *v, uint64_t base, uint64_t size, uint64_t report);
void vmm_flush_tlb(struct vmm_cpu *v);
void vmm_set_behind(struct vmm_cpu *v, uint64_t base, uint64_t size, int flags);
void vmm_forget_code(struct vmm_cpu *v, uint64_t base, uint64_t size);
void vmm_forget_places(struct vmm_cpu *v);
void vmm_forget_all_code(struct vmm_cpu *v);

/* trap.c */
typedef bool (*vmm_exec_fn)(void *cpu, int request);
extern vmm_exec_fn vmm_exec_original[3];
bool vmm_gate(void *uc, int number);
bool vmm_exec_interrupt(void *cpu, int request);
int vmm_trap(struct vmm_cpu *v, uint32_t kind, uint32_t pc, uint32_t status, uint32_t info);
void vmm_ledger_add(struct vmm_cpu *v, const struct vmm_trap_record *record);

bool vmm_halted(struct vmm_cpu *v);

/* peers.c */
void vmm_join(struct vmm_cpu *v, struct vmm_cpu *first);
void vmm_part(struct vmm_cpu *v);
void vmm_withdraw_translations(struct vmm_cpu *v);
void vmm_stored_to_code(struct vmm_cpu *v, uint64_t ram_address);
void vmm_take_turn(struct vmm_cpu *v, struct vmm_cpu *from);
void vmm_wake(struct vmm_cpu *v);
void vmm_turn_ends_soon(struct vmm_cpu *v);

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

/* exposed.c */
int vmm_walk_index(const struct vmm_cpu *v, int mmu_index);
bool vmm_set_role(struct vmm_cpu *v, uint32_t frame, uint32_t role);
int vmm_exposed_rights(struct vmm_cpu *v, uint64_t physical, int prot);
void vmm_free_roles(struct vmm_cpu *v);

/* physical.c */
void *vmm_address_space(const struct vmm_cpu *v);
bool vmm_is_ram(const struct vmm_cpu *v, uint32_t address);
uint32_t vmm_load_word(const struct vmm_cpu *v, uint32_t address);
void vmm_store_word(struct vmm_cpu *v, uint32_t address, uint32_t value);

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
void vmm_rewritten_stored(struct vmm_cpu *v, uint32_t pc, bool to_table);
void vmm_free_rewritten(struct vmm_cpu *v);

/* through.c */
bool vmm_store_through(struct vmm_cpu *v, uint32_t address);
bool vmm_stores_through(struct vmm_cpu *v, uint32_t address, uintptr_t retaddr);
void vmm_stored(struct vmm_cpu *v);

/* annotated.c */
int vmm_set_annotated(struct vmm_cpu *v, const uint32_t *pcs, uint32_t count);
bool vmm_forgets_page(struct vmm_cpu *v, uint32_t address);
bool vmm_annotated_store(struct vmm_cpu *v, uint64_t entry, uintptr_t retaddr);

/* vcpu_page.c: offsets in the page, as guests/runtime/hypercall.h and vmm/monitor/wedge.py have them */
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

static inline uint32_t vmm_para(const struct vmm_cpu *v, enum vmm_para_word word)
{
    return v->vcpu ? v->vcpu->words[word] : 0;
}

#define VMM_NO_ADDRESS (~0ull)
void vmm_set_vcpu_page(struct vmm_cpu *v, uint8_t *page, uint64_t address);
uint32_t vmm_page_get(const struct vmm_cpu *v, uint32_t offset);
void vmm_page_put(struct vmm_cpu *v, uint32_t offset, uint32_t value);

/* space.c */
struct vmm_space *vmm_space_new(void);
void vmm_space_free(struct vmm_space *space);
uint64_t vmm_space_get(const struct vmm_space *space, uint32_t address);
int vmm_space_set(struct vmm_space *space, uint32_t address, uint64_t entry);
void vmm_space_clear(struct vmm_space *space);

/* x86_watch.c */
bool vmm_watch_trap(struct vmm_cpu *v);
void vmm_breakpoint_trap(struct vmm_cpu *v);

/* arm_checks.c */
bool vmm_arm_mmu_on(struct vmm_cpu *v);
void vmm_arm_before_instruction(struct vmm_cpu *v, uint32_t pc);
void vmm_arm_after_instruction(void);
uint32_t vmm_arm_memop(uint32_t memop);

/* left.c */
int vmm_take_register(struct vmm_cpu *v, char *error, size_t size);
bool vmm_keeps_budget(int arch, const void *helper);
void vmm_join_charge(uint8_t *code);
/* fast_access.c */
void vmm_shorten_accesses(const struct vmm_cpu *v, void *context);
void vmm_clear_upper_halves(const struct vmm_cpu *v, void *context);

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

/* stay.c */
bool vmm_delivered(struct vmm_cpu *v);
void *helper_lookup_tb_ptr_sparc(void *env);
void *helper_lookup_tb_ptr_arm(void *env);
void *helper_lookup_tb_ptr_x86_64(void *env);
void vmm_next_block(struct vmm_cpu *v, void *(*next)(void *)) __attribute__((noreturn));

/* budget.c: called by the thunks of each architecture */
void vmm_budget_expired(struct vmm_cpu *v, uint32_t block);
void vmm_block_expired(uintptr_t result);

/* device.c */
bool vmm_hot_value(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t *value);
void vmm_set_hot(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t value);
void vmm_clear_hot(struct vmm_cpu *v);
/* dirty.c */
#define VMM_DIRTY_PAGE 1u
#define VMM_DIRTY_SHADOW 2u
#define VMM_DIRTY_BEHIND (1u << 31) /* of a listed page: it is the RAM behind it */
int vmm_track_stores(struct vmm_cpu *v);
void vmm_mark_dirty(struct vmm_cpu *v, uint64_t address, uint64_t size);
bool vmm_is_dirty(const struct vmm_cpu *v, uint64_t address);

/* model.c */
bool vmm_model_read(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t *value);
bool vmm_model_write(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t value);
int vmm_acknowledge(struct vmm_cpu *v, int level);

/* timer.c */
int64_t vmm_next_look(struct vmm_cpu *v);
void vmm_timer_set(struct vmm_cpu *v, struct vmm_timer *timer, int64_t cycle);
struct vmm_model *vmm_next_timer(struct vmm_cpu *v);
bool vmm_expire_due(struct vmm_cpu *v);
bool vmm_timers_run(struct vmm_cpu *v);

/* halt.c */
bool vmm_sleep(struct vmm_cpu *v);

/* coverage.c */
uint64_t *vmm_begun_counter(struct vmm_cpu *v, uint64_t pc);
bool vmm_set_coverage(struct vmm_cpu *v, int on);
const uint64_t *vmm_coverage_page(const struct vmm_cpu *v, uint32_t *page);

/* blocks.c */
bool vmm_tells(const struct vmm_cpu *v, uint32_t what, uint32_t pc);
void vmm_block_begins(struct vmm_cpu *v, const void *tb);
bool vmm_may_return(const struct vmm_cpu *v, const void *helper, uint32_t *sure);
void vmm_returned(struct vmm_cpu *v, uint32_t sure);

/* breakpoint.c */
int64_t vmm_stop_before(struct vmm_cpu *v, uint32_t pc);
bool vmm_ends_before(struct vmm_cpu *v, uint32_t head, uint32_t pc);
bool vmm_breakpoint_met(struct vmm_cpu *v, uint32_t block);

/* intercept.c */
int vmm_intercept_at(struct vmm_cpu *v, uint32_t pc);
bool vmm_intercept_met(struct vmm_cpu *v, uint32_t slot);
void vmm_intercept_exit(struct vmm_cpu *v);
bool vmm_set_patterns(struct vmm_cpu *v, const struct vmm_pattern *patterns, uint32_t count);

/* stage.c */
int vmm_second_stage(struct vmm_cpu *v, uint64_t pa);

/* Where the second stage has a guest-physical address. */
static inline uint64_t vmm_moved(const struct vmm_cpu *v, uint64_t address)
{
    if (!v->stage_frames || address >> 12 >= VMM_PAGES)
        return address;
    return (uint64_t)v->stage_frames[address >> 12] << 12 | (address & 0xfff);
}

/* watch.c */
uint32_t vmm_watched(const struct vmm_cpu *v, uint32_t space, uint32_t address, uint64_t size);
bool vmm_watch_begin(struct vmm_cpu *v, uint32_t space, uint64_t address, uint32_t size,
                     uint32_t kind, uintptr_t host_pc);
void vmm_watch_done(struct vmm_cpu *v, uint64_t value);

/* code.c: which instruction of a translated block */
int vmm_instruction_index(const void *tb, uintptr_t host_pc, const uint64_t *data, int arch);
bool vmm_in_block(struct vmm_cpu *v, uintptr_t host_pc);
uint32_t vmm_pc_at(struct vmm_cpu *v, uintptr_t host_pc);
void vmm_leave_block(struct vmm_cpu *v) __attribute__((noreturn));
void vmm_leave_before(struct vmm_cpu *v, uintptr_t host_pc) __attribute__((noreturn));
void vmm_charge_until(struct vmm_cpu *v, uintptr_t host_pc);
void vmm_forget_block(struct vmm_cpu *v, uintptr_t host_pc);
int64_t vmm_count_at(struct vmm_cpu *v, uintptr_t host_pc);
void vmm_starts_over(struct vmm_cpu *v);
extern __thread int vmm_short_blocks; /* this many more blocks are to be short */
void vmm_device_access_is_last(struct vmm_cpu *v, uintptr_t host_pc);
bool vmm_device_pc(const struct vmm_cpu *v, uint64_t pc);

/* abort.c */
int vmm_take_aborts(void *handle, char *error, size_t size);
void vmm_engine_abort(const char *text) __attribute__((noreturn));
int vmm_redirect_import(const void *link_map, const char *name, void *to);

/* jump.c */
int vmm_take_jumps(const void *map);

/* clock.c */
int vmm_take_clock(const void *map);

/* output.c */
int vmm_take_output(const void *map);
const char *vmm_engine_said(void);
uint64_t vmm_engine_prints(void);

/* sparc_asi.c, x86_checks.c: called before an instruction is translated */
void vmm_sparc_before_instruction(uint32_t pc, void *context);
uint32_t vmm_sparc_memop(uint32_t memop);
bool vmm_sparc_nowhere(uint32_t code);
bool vmm_sparc_privileged(uint32_t code);
bool vmm_sparc_ends_block(void);
void vmm_x86_before_instruction(struct vmm_cpu *v, uint64_t pc, void *db, uint64_t *start);
void vmm_x86_narrow(struct vmm_cpu *v, void *context);
bool vmm_knows_operations(int arch, const void *context);
bool vmm_x86_lockable(uint32_t opcode, uint32_t modrm);

/* arm_faults.c */
void vmm_arm_loaded(const uint32_t *result, size_t size);

/* x86_conditions.c */
void vmm_x86_settle(struct vmm_cpu *v, void *db, uint64_t *start, uint32_t opcode, uint64_t modrm_at);
void vmm_x86_called(void *context, const void *function);
void vmm_x86_settled(struct vmm_cpu *v);

/* access to engine structures */
#define FIELD(type, base, offset) (*(type *)((char *)(base) + (offset)))

/* The engine's own function of this name, looked up once. */
#define ORIGINAL(type, variable, name)                 \
    static type variable;                              \
    if (__builtin_expect(!variable, 0))                \
        variable = (type)(uintptr_t)vmm_original(name)

#define GUEST_RETURN ((uintptr_t)__builtin_return_address(0))

#endif
