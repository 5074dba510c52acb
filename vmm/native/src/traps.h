/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps: their kinds, their records, and what may be done about them.  Mirrored in
 * vmm/native/traps.py. */
#ifndef VMM_TRAPS_H
#define VMM_TRAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a trap callback wants done. */
enum vmm_action { VMM_NATIVE, VMM_HANDLED, VMM_STOP };

#define VMM_TRAP_KINDS 768
#define VMM_KIND_SOFTWARE 256   /* x86: INT n is n + 256 */
#define VMM_KIND_INTERRUPT 512  /* x86: a hardware interrupt is n + 512 */
#define VMM_KIND_SEMIHOSTING 16 /* ARM: the supervisor call that is the debugger's */
#define VMM_KIND_RETURN 768     /* in the ledger, while told: see vmm_returned() */

/* What on_exit is told of besides traps. */
enum vmm_exit_kind {
    VMM_KIND_VIRTUAL_INTERRUPT = 1024, /* a request that vcpu->open lets in */
    VMM_KIND_SITE = 1025, /* a sensitive instruction was reached */
    VMM_KIND_HYPERCALL = 1030 /* x86: a paravirtual kernel calls its monitor */
};

struct vmm_trap_record {
    uint64_t count; /* instructions begun, the trapping one included */
    uint32_t kind;
    uint32_t pc;
    uint32_t status;
    uint32_t info;
};

#define VMM_RECENT 16 /* the last ones, which are always remembered */

struct vmm_cpu;

/* trap.c */
typedef bool (*vmm_exec_fn)(void *cpu, int request);
extern vmm_exec_fn vmm_exec_original[3];
bool vmm_gate(void *uc, int number);
bool vmm_exec_interrupt(void *cpu, int request);
int vmm_trap(struct vmm_cpu *v, uint32_t kind, uint32_t pc, uint32_t status, uint32_t info);
void vmm_ledger_add(struct vmm_cpu *v, const struct vmm_trap_record *record);
bool vmm_halted(struct vmm_cpu *v);

#endif
