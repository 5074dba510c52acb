/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive ARM instructions of virtual kernel mode, replaced as they are translated.
 *
 * Where the translator meets one it is handed SETEND instead, which calls a helper and
 * ends its block; that call becomes a call of vmm_arm_site(), with the instruction's
 * place, A32 form and kind as constants.  Memory is not changed, so the guest reads
 * its own bytes; a translation dies when they are stored to, as any other.
 */
#include "monitor_arm.h"
#include "offsets.h"

#include <string.h>

/* The instruction that is being translated, if it is replaced. */
static __thread struct {
    struct arm_instruction instruction;
    uint32_t pc;
    bool thumb, big_endian;
} replaced;

typedef uint32_t (*code_fn)(void *, uint32_t);

static uint32_t load_word(void *env, uint32_t address)
{
    ORIGINAL(code_fn, original, "cpu_ldl_code_arm");
    return original(env, address);
}

static uint32_t load_half(void *env, uint32_t address)
{
    ORIGINAL(code_fn, original, "cpu_lduw_code_arm");
    return original(env, address);
}

/* The sensitive instruction at PC, which may be fetched. */
struct arm_instruction vmm_arm_instruction_at(struct vmm_cpu *v, uint32_t pc, bool thumb)
{
    uint32_t code = thumb ? load_half(v->env, pc) : load_word(v->env, pc);

    if (thumb && code >> 11 >= 0x1d)
        code = code << 16 | load_half(v->env, pc + 2);
    return vmm_arm_decode(code, thumb);
}

/* The instruction at PC is about to be translated. */
void vmm_arm_begin_site(struct vmm_cpu *v, uint32_t pc)
{
    replaced.instruction.kind = 0;
    if (!v->vcpu || v->vcpu->native || !v->vcpu->kernel || !v->vcpu->words[ARM_VCPU_TRANSLATE])
        return;
    replaced.pc = pc;
    replaced.thumb = FIELD(uint32_t, v->env, ARM_THUMB);
    replaced.big_endian = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E;
    replaced.instruction = vmm_arm_instruction_at(v, pc, replaced.thumb);
}

/* What the translator is handed: the SETEND that would change something, so calls. */
uint32_t cpu_ldl_code_arm(void *env, uint32_t address);
uint32_t cpu_ldl_code_arm(void *env, uint32_t address)
{
    if (replaced.instruction.kind && !replaced.thumb && address == replaced.pc)
        return replaced.big_endian ? 0xf1010000 : 0xf1010200;
    return load_word(env, address);
}

uint32_t cpu_lduw_code_arm(void *env, uint32_t address);
uint32_t cpu_lduw_code_arm(void *env, uint32_t address)
{
    if (replaced.instruction.kind && replaced.thumb && address == replaced.pc)
        return replaced.big_endian ? 0xb650 : 0xb658;
    return load_half(env, address);
}

/* Whether a call that is being translated is that of a replaced instruction; then what
 * to call vmm_arm_site() with. */
bool vmm_arm_site_call(const void *function, uint64_t *place, uint32_t *what)
{
    extern void helper_setend_arm(void *);
    ORIGINAL(void *, setend, "helper_setend_arm");

    if (!replaced.instruction.kind || function != setend)
        return false;
    *place = (uint64_t)replaced.pc << 32 | replaced.instruction.code;
    *what = VMM_AT_SITE | replaced.instruction.length << 8 | replaced.instruction.kind;
    return true;
}

/* The instruction has been translated: how much longer it was than what stood in for it.
 * One that changes nothing but a register does not end its block. */
uint32_t vmm_arm_end_site(int32_t *is_jump)
{
    enum { ENDS_BLOCK = 4, GOES_ON = 0 };
    uint32_t kind = replaced.instruction.kind;

    replaced.instruction.kind = 0;
    if (!kind)
        return 0;
    if (kind == ARM_MRS && !replaced.thumb && *is_jump == ENDS_BLOCK)
        *is_jump = GOES_ON;
    return replaced.thumb ? replaced.instruction.length - 2 : 0;
}

/* Translated code has come to a replaced instruction. */
void vmm_arm_site(struct vmm_cpu *v, uint64_t place, uint32_t what, uintptr_t retaddr)
{
    typedef bool (*restore_fn)(void *, uintptr_t, bool);
    ORIGINAL(restore_fn, restore, "cpu_restore_state_arm");
    struct arm_instruction instruction = {what & 0xff, (uint32_t)place, what >> 8 & 0xff};
    int result;

    vmm_arm_take_page(v);
    FIELD(uint32_t, v->env, ARM_CPSR_READ_PC) = (uint32_t)(place >> 32);
    result = vmm_arm_emulate(v, instruction.kind, instruction.code, retaddr);
    if (result == ARM_DONE)
        return;
    if (result == ARM_JUMPED) {
        vmm_charge_until(v, retaddr);
    } else {
        restore(v->cpu, retaddr, true); /* ITSTATE; and what has not begun is given back */
        v->restored = 0;
        if (!vmm_arm_done(v, &instruction, result))
            vmm_tell_monitor(v, ARM_KIND_UNDEFINED);
    }
    vmm_leave_block(v);
}
