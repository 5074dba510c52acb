/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive ARM instructions of virtual kernel mode, and stores that trap again and again,
 * replaced as they are translated.
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
    bool thumb, big_endian, conditional;
    uint32_t it_until; /* instructions of an IT block may be before this address */
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

/* The instruction at PC, which may be fetched; of T32 the first of two halfwords is high. */
static uint32_t code_at(struct vmm_cpu *v, uint32_t pc, bool thumb)
{
    uint32_t code = thumb ? load_half(v->env, pc) : load_word(v->env, pc);

    return thumb && code >> 11 >= 0x1d ? code << 16 | load_half(v->env, pc + 2) : code;
}

/* The sensitive instruction at PC. */
struct arm_instruction vmm_arm_instruction_at(struct vmm_cpu *v, uint32_t pc, bool thumb)
{
    return vmm_arm_decode(code_at(v, pc, thumb), thumb);
}

/* Whether a T32 instruction may be in an IT block (A8.8.54): the block of translated code
 * began inside one, or there was an IT instruction a little before. */
static bool in_it_block(struct vmm_cpu *v, uint32_t pc)
{
    enum { LONGEST = 2 + 4 * 4 };
    uint32_t code = load_half(v->env, pc);
    bool inside = FIELD(uint32_t, v->env, ARM_CONDEXEC) || replaced.it_until - pc <= LONGEST;

    if ((code & 0xff00) == 0xbf00 && code & 0xf)
        replaced.it_until = pc + LONGEST;
    return inside;
}

/* The instruction at PC is about to be translated. */
void vmm_arm_begin_site(struct vmm_cpu *v, uint32_t pc)
{
    uint32_t code;

    replaced.instruction.kind = 0;
    if (!v->vcpu || v->vcpu->native || !v->vcpu->kernel || !v->vcpu->words[ARM_VCPU_TRANSLATE])
        return;
    replaced.pc = pc;
    replaced.thumb = FIELD(uint32_t, v->env, ARM_THUMB);
    replaced.big_endian = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E;
    replaced.conditional = replaced.thumb && in_it_block(v, pc);
    code = code_at(v, pc, replaced.thumb);
    replaced.instruction = vmm_arm_decode(code, replaced.thumb);
    if (!replaced.instruction.kind && vmm_is_rewritten(v, pc))
        replaced.instruction = vmm_arm_decode_store(code, replaced.thumb);
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

/* Whether an instruction changes nothing but registers and may be in the middle of a block.
 * An access to the performance monitors may not: they count. */
static bool only_reads(struct arm_instruction instruction)
{
    bool reads = instruction.code >> 20 & 1;

    switch (instruction.kind) {
    case ARM_MRS: return true;
    case ARM_SYSTEM: return reads && (instruction.code >> 16 & 15) != 9;
    case ARM_SYSTEM_WIDE: return reads;
    default: return false;
    }
}

/* The instruction has been translated: how much longer it was than what stood in for it. */
uint32_t vmm_arm_end_site(int32_t *is_jump)
{
    enum { ENDS_BLOCK = 4, GOES_ON = 0 };

    if (!replaced.instruction.kind)
        return 0;
    if (only_reads(replaced.instruction) && !replaced.conditional && *is_jump == ENDS_BLOCK)
        *is_jump = GOES_ON;
    replaced.instruction.kind = 0;
    return replaced.thumb ? replaced.instruction.length - 2 : 0;
}

/* Translated code has come to a replaced instruction. */
void vmm_arm_site(struct vmm_cpu *v, uint64_t place, uint32_t what, uintptr_t retaddr)
{
    typedef bool (*restore_fn)(void *, uintptr_t, bool);
    ORIGINAL(restore_fn, restore, "cpu_restore_state_arm");
    struct arm_instruction instruction = {what & 0xff, (uint32_t)place, what >> 8 & 0xff};
    int result;

    FIELD(uint32_t, v->env, ARM_CPSR_READ_PC) = (uint32_t)(place >> 32);
    result = vmm_arm_emulate(v, instruction.kind, instruction.code, retaddr);
    if (result == ARM_DONE)
        return;
    if (result == ARM_JUMPED) {
        vmm_charge_until(v, retaddr);
    } else {
        restore(v->cpu, retaddr, true); /* ITSTATE; and what has not begun is given back */
        v->restored = 0;
        if (!vmm_arm_done(v, &instruction, result, VMM_KIND_SITE))
            vmm_tell_monitor(v, VMM_KIND_SITE);
    }
    vmm_leave_block(v);
}
