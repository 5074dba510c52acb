/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator and generated code: the budget in them, and what each target adds to its
 * engine's. */
#ifndef VMM_TRANSLATION_H
#define VMM_TRANSLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmm_cpu;

/* budget.c: called by the thunks of each architecture */
void vmm_budget_expired(struct vmm_cpu *v, uint32_t block);
void vmm_block_expired(uintptr_t result);

/* left.c */
int vmm_take_register(struct vmm_cpu *v, char *error, size_t size);
bool vmm_keeps_budget(int arch, const void *helper);
void vmm_join_charge(uint8_t *code);

/* code.c: which instruction of a translated block */
int vmm_instruction_index(const void *tb, uintptr_t host_pc, const uint64_t *data, int arch);
bool vmm_in_block(struct vmm_cpu *v, uintptr_t host_pc);
uint32_t vmm_pc_at(struct vmm_cpu *v, uintptr_t host_pc);
void vmm_leave_block(struct vmm_cpu *v) __attribute__((noreturn));
void vmm_leave_before(struct vmm_cpu *v, uintptr_t host_pc) __attribute__((noreturn));
void vmm_translate_anew(struct vmm_cpu *v, uintptr_t host_pc) __attribute__((noreturn));
void vmm_charge_until(struct vmm_cpu *v, uintptr_t host_pc);
int64_t vmm_count_at(struct vmm_cpu *v, uintptr_t host_pc);
void vmm_starts_over(struct vmm_cpu *v);
extern __thread int vmm_short_blocks; /* this many more blocks are to be short */
void vmm_device_access_is_last(struct vmm_cpu *v, uintptr_t host_pc);
bool vmm_device_pc(const struct vmm_cpu *v, uint64_t pc);

/* stay.c */
bool vmm_delivered(struct vmm_cpu *v);
void *helper_lookup_tb_ptr_sparc(void *env);
void *helper_lookup_tb_ptr_arm(void *env);
void *helper_lookup_tb_ptr_x86_64(void *env);
void vmm_next_block(struct vmm_cpu *v, void *(*next)(void *)) __attribute__((noreturn));

/* sparc_windows.c */
bool vmm_sparc_keep_window(void *context);

/* arm_conditional.c */
void vmm_arm_select_values(void *context);

/* sparc_branches.c */
void vmm_sparc_join_branches(void *context);

/* straight.c */
uint8_t *vmm_note_branch(const void *context, uint8_t *code, uint8_t *end, const uintptr_t distances[2]);
void vmm_set_branch(uint8_t *code, size_t size, uintptr_t target);

/* fast_access.c */
uint8_t *vmm_shorten_accesses(const struct vmm_cpu *v, void *context, uint8_t *end);
void vmm_clear_upper_halves(const struct vmm_cpu *v, void *context);

/* tcg_operations.c */
bool vmm_knows_operations(int arch, const void *context);

/* sparc_asi.c */
void vmm_sparc_before_instruction(uint32_t pc, void *context);
uint32_t vmm_sparc_memop(uint32_t memop);
bool vmm_sparc_nowhere(uint32_t code);
bool vmm_sparc_privileged(uint32_t code);
bool vmm_sparc_ends_block(void);

/* arm_checks.c */
bool vmm_arm_mmu_on(struct vmm_cpu *v);
void vmm_arm_alignment(struct vmm_cpu *v);
void vmm_arm_before_instruction(struct vmm_cpu *v, uint32_t pc);
void vmm_arm_after_instruction(void);
uint32_t vmm_arm_memop(uint32_t memop);

/* arm_faults.c */
void vmm_arm_loaded(const uint32_t *result, size_t size);
bool vmm_arm_loads_from(const struct vmm_cpu *v, uint64_t address);

/* x86_checks.c */
void vmm_x86_before_instruction(struct vmm_cpu *v, uint64_t pc, void *db, uint64_t *start);
bool vmm_x86_lockable(uint32_t opcode, uint32_t modrm);
bool vmm_x86_copies_frames(void);

/* x86_width.c */
void vmm_x86_narrow(struct vmm_cpu *v, void *context);

/* x86_conditions.c */
void vmm_x86_settle(struct vmm_cpu *v, void *db, uint64_t *start, uint32_t opcode, uint64_t modrm_at);
void vmm_x86_called(void *context, const void *function);
void vmm_x86_settled(struct vmm_cpu *v);

#endif
