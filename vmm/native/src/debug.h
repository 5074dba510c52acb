/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a run stops, and what is told of it: breakpoints, watchpoints, patterns of instructions,
 * blocks, coverage.  Mirrored in vmm/native/debug.py. */
#ifndef VMM_DEBUG_H
#define VMM_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMM_AT_BREAKPOINT (1u << 30) /* in place of a block's length: a breakpoint's index */
#define VMM_AT_SITE (1u << 31)       /* ... an instruction that a monitor has replaced */
#define VMM_AT_INTERCEPT (1u << 29)  /* with it: an intercepted instruction's slot instead */
#define VMM_BREAKPOINT_CHARGE (3ll << 61) /* more than any budget, and left stays in range */

/* What is watched: bits, the engine's own for a marked page. */
enum vmm_watch_kind { VMM_WATCH_READ = 1, VMM_WATCH_WRITE = 2 };

enum vmm_watch_space { VMM_SPACE_MEMORY, VMM_SPACE_PORTS };

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

/* Instructions to leave the guest before: those with these bits.  The first byte of an x86
 * instruction is the lowest, and prefixes do not count; the first half of a Thumb one is the
 * low half. */
struct vmm_pattern {
    uint32_t mask, value;
    uint32_t thumb; /* ARM: it is one of the Thumb set */
    uint32_t spare;
};

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

struct vmm_cpu;

/* breakpoint.c */
int64_t vmm_stop_before(struct vmm_cpu *v, uint32_t pc);
bool vmm_ends_before(struct vmm_cpu *v, uint32_t head, uint32_t pc);
bool vmm_breakpoint_met(struct vmm_cpu *v, uint32_t block);

/* intercept.c */
int vmm_intercept_at(struct vmm_cpu *v, uint32_t pc);
bool vmm_intercept_met(struct vmm_cpu *v, uint32_t slot);
void vmm_intercept_exit(struct vmm_cpu *v);
bool vmm_set_patterns(struct vmm_cpu *v, const struct vmm_pattern *patterns, uint32_t count);

/* watch.c */
uint32_t vmm_watched(const struct vmm_cpu *v, uint32_t space, uint32_t address, uint64_t size);
bool vmm_watch_begin(struct vmm_cpu *v, uint32_t space, uint64_t address, uint32_t size,
                     uint32_t kind, uintptr_t host_pc);
void vmm_watch_done(struct vmm_cpu *v, uint64_t value);

/* x86_watch.c */
bool vmm_watch_trap(struct vmm_cpu *v);
void vmm_breakpoint_trap(struct vmm_cpu *v);

/* blocks.c */
bool vmm_tells(const struct vmm_cpu *v, uint32_t what, uint32_t pc);
void vmm_block_begins(struct vmm_cpu *v, const void *tb);
bool vmm_may_return(const struct vmm_cpu *v, const void *helper, uint32_t *sure);
void vmm_returned(struct vmm_cpu *v, uint32_t sure);

/* coverage.c */
uint64_t *vmm_begun_counter(struct vmm_cpu *v, uint64_t pc);
bool vmm_set_coverage(struct vmm_cpu *v, int on);
const uint64_t *vmm_coverage_page(const struct vmm_cpu *v, uint32_t *page);

#endif
