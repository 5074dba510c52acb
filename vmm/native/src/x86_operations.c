/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an emulated x86 instruction begins and ends: in a block, or after a trap. */
#include "x86_call.h"

static enum x86_end (*const operations[X86_OPERATIONS])(struct x86_call *) = {
    [X86_CLI] = vmm_x86_do_cli, [X86_STI] = vmm_x86_do_sti, [X86_PUSHF] = vmm_x86_do_pushf, [X86_POPF] = vmm_x86_do_popf,
    [X86_IRET] = vmm_x86_do_iret, [X86_INT] = vmm_x86_do_int, [X86_HLT] = vmm_x86_do_hlt, [X86_LRET] = vmm_x86_do_lret,
    [X86_LJMP] = vmm_x86_do_ljmp, [X86_LCALL] = vmm_x86_do_lcall, [X86_LJMP_MEMORY] = vmm_x86_do_ljmp_memory,
    [X86_LCALL_MEMORY] = vmm_x86_do_lcall_memory, [X86_MOV_TO_SEGMENT] = vmm_x86_do_mov_to_segment,
    [X86_POP_SEGMENT] = vmm_x86_do_pop_segment, [X86_LOAD_FAR_POINTER] = vmm_x86_do_load_far_pointer,
    [X86_SLDT] = vmm_x86_do_sldt, [X86_STR] = vmm_x86_do_str, [X86_LLDT] = vmm_x86_do_lldt, [X86_LTR] = vmm_x86_do_ltr,
    [X86_VERR] = vmm_x86_do_verr, [X86_VERW] = vmm_x86_do_verw, [X86_LAR] = vmm_x86_do_lar, [X86_LSL] = vmm_x86_do_lsl,
    [X86_SGDT] = vmm_x86_do_sgdt, [X86_SIDT] = vmm_x86_do_sidt, [X86_LGDT] = vmm_x86_do_lgdt, [X86_LIDT] = vmm_x86_do_lidt,
    [X86_SMSW] = vmm_x86_do_smsw, [X86_LMSW] = vmm_x86_do_lmsw, [X86_CLTS] = vmm_x86_do_clts, [X86_INVLPG] = vmm_x86_do_invlpg,
    [X86_WBINVD] = vmm_x86_do_nothing, [X86_MOV_FROM_CR] = vmm_x86_do_mov_from_cr, [X86_MOV_TO_CR] = vmm_x86_do_mov_to_cr,
    [X86_MOV_FROM_DR] = vmm_x86_do_mov_from_dr, [X86_MOV_TO_DR] = vmm_x86_do_mov_to_dr, [X86_RDMSR] = vmm_x86_do_rdmsr,
    [X86_WRMSR] = vmm_x86_do_wrmsr, [X86_RDTSC] = vmm_x86_do_rdtsc, [X86_RDPMC] = vmm_x86_do_rdpmc,
    [X86_SYSEXIT] = vmm_x86_do_sysexit, [X86_UNDEFINED] = vmm_x86_do_undefined,
    [X86_STORE_REGISTER] = vmm_x86_do_store_register, [X86_STORE_IMMEDIATE] = vmm_x86_do_store_immediate,
    [X86_RDTSCP] = vmm_x86_do_rdtscp, [X86_MONITOR] = vmm_x86_do_monitor,
    [X86_MWAIT] = vmm_x86_do_mwait, [X86_SYSRET] = vmm_x86_do_sysret,
};

/* ---- from a block, or from a trap ---------------------------------------------------------------- */

/* What the engine does at the end of a block: shadows end, a step traps. */
static void end_instruction(struct x86_call *c, uint32_t hflags, uint32_t eflags, bool step)
{
    ENGINE(void, single_step, (void *));

    FIELD(uint32_t, c->env, X86_HFLAGS) &= ~(hflags & X86_HFLAGS_INHIBIT_IRQ);
    FIELD(uint64_t, c->env, X86_EFLAGS) &= ~(uint64_t)(eflags & FL_RF);
    if (step && eflags & FL_TF)
        single_step(c->env);
}

static struct x86_call begin(struct vmm_cpu *v, const struct vmm_instruction *one, uintptr_t retaddr)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);

    vcpu->operation = one->operation;
    return (struct x86_call){
        .v = v, .vcpu = vcpu, .env = v->env, .argument = one->argument,
        .immediate = one->immediate, .length = one->length,
        .next = FIELD(uint32_t, v->env, X86_EIP) + one->length, .retaddr = retaddr,
    };
}

/* An instruction in a block.  EIP is at it.  Returns if the block goes on. */
void vmm_x86_callout(struct vmm_cpu *v, const struct vmm_instruction *one, uintptr_t retaddr)
{
    struct x86_call c = begin(v, one, retaddr);
    uint32_t hflags = FIELD(uint32_t, v->env, X86_HFLAGS);
    uint32_t eflags = FIELD(uint32_t, v->env, X86_EFLAGS);
    enum x86_end end;

    vmm_x86_take_page(v);
    end = operations[one->operation](&c);
    v->helper_pc = 0;
    v->settled = 0;
    if (!c.vcpu->shown)
        vmm_x86_give_page(v);
    if (end == GOES_ON) {
        *v->left -= c.given_back;
        vmm_x86_hide(v);
        return;
    }
    if (end == NOT_STEPPED)
        FIELD(uint64_t, v->env, X86_EIP) = c.next;
    end_instruction(&c, hflags, eflags, end == JUMPED);
    vmm_x86_hide(v);
    vmm_leave_block(v);
}

/* The instruction at EIP has trapped, and its block has been left. */
void vmm_x86_emulate_trapped(struct vmm_cpu *v, const struct vmm_instruction *one)
{
    struct x86_call c = begin(v, one, 0);
    uint32_t hflags = FIELD(uint32_t, v->env, X86_HFLAGS);
    uint32_t eflags = FIELD(uint32_t, v->env, X86_EFLAGS);
    enum x86_end end = operations[one->operation](&c);

    if (!c.vcpu->shown)
        vmm_x86_give_page(v);
    if (end != JUMPED)
        FIELD(uint64_t, v->env, X86_EIP) = c.next;
    end_instruction(&c, hflags, eflags, end != NOT_STEPPED);
}

/* An instruction that is in the cache, but this time is the monitor's to do. */
void vmm_x86_odd(struct vmm_cpu *v, uint64_t number, uintptr_t retaddr)
{
    typedef bool (*restore_fn)(void *, uintptr_t, bool);
    ORIGINAL(restore_fn, restore, "cpu_restore_state_x86_64");

    restore(v->cpu, retaddr, true); /* and what has not begun is given back */
    v->restored = 0;
    vmm_x86_take_page(v);
    vmm_x86_emulate_trapped(v, &v->instructions[number]);
    vmm_x86_hide(v);
    vmm_leave_block(v);
}
