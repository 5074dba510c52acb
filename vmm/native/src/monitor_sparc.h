/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual LEON3 (vmm/monitor/sparc/vcpu.py names the same words). */
#ifndef MONITOR_SPARC_H
#define MONITOR_SPARC_H

#include "vmm.h"

enum vmm_sparc_word {
    VMM_SPARC_MMU_CONTROL,
    VMM_SPARC_CACHE_CONTROL,
    VMM_SPARC_TRANSLATED, /* the guest's kernel is translated for its virtual processor */
    VMM_SPARC_USER_WINDOW, /* para: the last window that is a user's, by number plus one; 0: none */
    VMM_SPARC_INSTRUCTION, /* that the monitor is to emulate; 0: it has to look itself */
    VMM_SPARC_PSR          /* as it is then */
};

/* Whether the guest's MMU translates; the real one always does. */
bool vmm_sparc_mmu_on(const struct vmm_cpu *v);

/* Whether blocks translated for V's present view do on its virtual processor what they
 * would do in supervisor mode. */
bool vmm_sparc_translates(const struct vmm_cpu *v);

/* Exceptions and interrupts of a translated guest; false if its monitor is to be told. */
void vmm_sparc_take(struct vmm_cpu *v, uint32_t trap);
void vmm_sparc_note_instruction(struct vmm_cpu *v);
bool vmm_sparc_takes_trap(struct vmm_cpu *v, uint32_t trap);
bool vmm_sparc_takes_interrupt(struct vmm_cpu *v);

/* What the translator is to see in place of an instruction in virtual supervisor mode. */
uint32_t vmm_sparc_shown(const struct vmm_cpu *v, uint32_t pc, uint32_t code);

/* sparc_sites.c */
uint32_t vmm_sparc_site(struct vmm_cpu *v, uint32_t pc, uint32_t code, uint32_t shown);

/* An access of an alternate space that is not memory is the engine's, or it is emulated. */
bool vmm_sparc_engine_accesses(const struct vmm_cpu *v, uint32_t address, int asi, bool store);
void vmm_sparc_emulated(struct vmm_cpu *v, uintptr_t host_pc) __attribute__((noreturn));

/* sparc_stores.c */
#define VMM_SPARC_TABLE 0xfeu /* an alternate space that nobody has */
uint32_t vmm_sparc_store_shown(uint32_t code);
void vmm_sparc_store(struct vmm_cpu *v, uint32_t address, uint32_t value, uintptr_t host_pc);

/* para_sparc.c */
bool vmm_para_sparc_exit(struct vmm_cpu *v, uint32_t kind);

#endif
