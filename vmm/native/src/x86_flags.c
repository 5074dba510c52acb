/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions: flags, and transfers of control.
 *
 * Intel SDM volume 2 for each.  Flags are the VCPU's own business; the transfers are
 * done as the engine does them, by its own functions, on the virtual processor's
 * state, after the checks of privilege that the engine makes when it translates.
 */
#include "x86_call.h"

/* ---- flags --------------------------------------------------------------------------- */

X86_DO(cli)
{
    need_iopl(c);
    c->vcpu->eflags &= ~(uint32_t)FL_IF;
    return GOES_ON;
}

X86_DO(sti)
{
    need_iopl(c);
    c->vcpu->eflags |= FL_IF;
    shadow_interrupts(c);
    return GOES_ON;
}

static uint32_t all_flags(const struct x86_call *c)
{
    typedef uint32_t (*compute_fn)(void *, int);
    ORIGINAL(compute_fn, compute, "cpu_cc_compute_all_x86_64");
    enum { HIDDEN = FL_IF | FL_IOPL | FL_NT | FL_VM };
    uint32_t flags = FIELD(uint32_t, c->env, X86_EFLAGS) & ~(uint32_t)HIDDEN;

    flags |= c->vcpu->eflags | compute(c->env, FIELD(int32_t, c->env, X86_CC_OP));
    return flags | (FIELD(int32_t, c->env, X86_DF) < 0 ? FL_DF : 0);
}

X86_DO(pushf)
{
    need_iopl_in_vm86(c);
    push(c, all_flags(c) & ~(uint32_t)(FL_VM | FL_RF));
    return GOES_ON;
}

X86_DO(popf)
{
    uint32_t value, mask = FL_TF | FL_AC | FL_ID, own = FL_NT;

    need_iopl_in_vm86(c);
    value = top_of_stack(c);
    if (c->vcpu->cpl <= iopl(c))
        own |= FL_IF;
    if (c->vcpu->cpl == 0)
        own |= FL_IF | FL_IOPL;
    if (!wide(c))
        mask &= 0xffff;
    FIELD(uint64_t, c->env, X86_CC_SRC) = value & FL_ARITHMETIC;
    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    FIELD(int32_t, c->env, X86_DF) = value & FL_DF ? -1 : 1;
    FIELD(uint64_t, c->env, X86_EFLAGS)
        = (FIELD(uint64_t, c->env, X86_EFLAGS) & ~(uint64_t)mask) | (value & mask) | 2;
    c->vcpu->eflags = (c->vcpu->eflags & ~own) | (value & own);
    drop(c, stack_mask(c));
    return GOES_ON;
}

/* ---- transfers of control --------------------------------------------------------------- */

X86_DO(iret)
{
    ENGINE(void, iret_real, (void *, int));
    ENGINE(void, iret_protected, (void *, int, int));

    need_iopl_in_vm86(c);
    commit(c);
    if (!c->vcpu->pe || vm86(c))
        iret_real(c->env, (int)wide(c));
    else
        iret_protected(c->env, (int)wide(c), (int)c->next);
    return JUMPED;
}

/* INT n, where the real processor is in VM86 mode and would not let it be one. */
X86_DO(int)
{
    typedef void (*raise_fn)(void *, int, int, int, int);
    ORIGINAL(raise_fn, raise_interrupt, "raise_interrupt_x86_64");

    need_iopl_in_vm86(c);
    commit(c);
    raise_interrupt(c->env, (int)displacement(c), 1, 0, (int)c->length);
    return JUMPED;
}

X86_DO(hlt)
{
    ENGINE(void, hlt, (void *, int));

    need_level_0(c);
    commit(c);
    hlt(c->env, (int)c->length);
    return JUMPED;
}

X86_DO(lret)
{
    ENGINE(void, lret_protected, (void *, int, int));

    commit(c);
    lret_protected(c->env, (int)wide(c), (int16_t)displacement(c)); /* as the engine has it */
    return JUMPED;
}

static enum x86_end far_jump(struct x86_call *c, uint32_t selector, uint32_t offset)
{
    ENGINE(void, ljmp_protected, (void *, int, uint64_t, uint64_t));

    commit(c);
    ljmp_protected(c->env, (int)selector, offset, c->next);
    return JUMPED;
}

static enum x86_end far_call(struct x86_call *c, uint32_t selector, uint32_t offset)
{
    ENGINE(void, lcall_protected, (void *, int, uint64_t, int, uint64_t));

    commit(c);
    lcall_protected(c->env, (int)selector, offset, (int)wide(c), c->next);
    return JUMPED;
}

X86_DO(ljmp) { return far_jump(c, selector_field(c), displacement(c)); }
X86_DO(lcall) { return far_call(c, selector_field(c), displacement(c)); }

X86_DO(ljmp_memory)
{
    uint32_t selector, offset = load_pointer(c, &selector);

    return far_jump(c, selector, offset);
}

X86_DO(lcall_memory)
{
    uint32_t selector, offset = load_pointer(c, &selector);

    return far_call(c, selector, offset);
}

static void need_protected_mode(struct x86_call *c)
{
    if (!c->vcpu->pe)
        fault(c, GP);
}

X86_DO(sysexit)
{
    ENGINE(void, sysexit, (void *, int));

    need_protected_mode(c);
    commit(c);
    sysexit(c->env, (int)wide(c));
    return JUMPED;
}

X86_DO(sysret)
{
    ENGINE(void, sysret, (void *, int));

    need_protected_mode(c);
    commit(c);
    sysret(c->env, (int)wide(c));
    return JUMPED;
}
