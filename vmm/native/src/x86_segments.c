/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions: segment registers, descriptor tables, and questions about
 * selectors (Intel SDM volume 2).  The engine's own functions do them, on the virtual
 * processor's state.
 */
#include "x86_call.h"

/* ---- segment registers ---------------------------------------------------------------------- */

static void load_segment(struct x86_call *c, uint32_t selector)
{
    ENGINE(void, load_seg, (void *, int, int));

    commit(c);
    load_seg(c->env, (int)reg_field(c), (int)(selector & 0xffff));
}

static enum x86_end after_segment_load(struct x86_call *c)
{
    if (reg_field(c) != R_SS)
        return GOES_ON;
    shadow_interrupts(c);
    return NOT_STEPPED;
}

X86_DO(mov_to_segment)
{
    load_segment(c, load_word(c));
    return after_segment_load(c);
}

X86_DO(pop_segment)
{
    uint32_t selector = top_of_stack(c), mask = stack_mask(c);

    load_segment(c, selector);
    drop(c, mask);
    return after_segment_load(c);
}

X86_DO(load_far_pointer)
{
    uint32_t selector, offset = load_pointer(c, &selector);

    load_segment(c, selector);
    set_register(c, selector_field(c) >> 3 & 7, offset, wide(c));
    return GOES_ON;
}

/* ---- descriptor tables ---------------------------------------------------------------------- */

X86_DO(sldt) { return store_result(c, c->vcpu->ldtr.selector), GOES_ON; }
X86_DO(str) { return store_result(c, c->vcpu->tr.selector), GOES_ON; }

X86_DO(lldt)
{
    ENGINE(void, lldt, (void *, int));
    uint32_t selector;

    need_level_0(c);
    selector = load_word(c);
    commit(c);
    lldt(c->env, (int)selector);
    return GOES_ON;
}

extern void helper_ltr_x86_64(void *env, int selector);

X86_DO(ltr)
{
    uint32_t selector;

    need_level_0(c);
    selector = load_word(c);
    commit(c);
    helper_ltr_x86_64(c->env, (int)selector);
    return GOES_ON;
}

static enum x86_end store_table(struct x86_call *c, const struct x86_table *table)
{
    uint32_t at = linear_address(c);

    store(c, at, 2, table->limit);
    store(c, at + 2, 4, wide(c) ? table->base : table->base & 0xffffff);
    return GOES_ON;
}

static enum x86_end load_table(struct x86_call *c, struct x86_table *table)
{
    uint32_t at, limit, base;

    need_level_0(c);
    at = linear_address(c);
    limit = load(c, at, 2);
    base = load(c, at + 2, 4);
    table->base = wide(c) ? base : base & 0xffffff;
    table->limit = limit;
    return GOES_ON;
}

X86_DO(sgdt) { return store_table(c, &c->vcpu->gdtr); }
X86_DO(sidt) { return store_table(c, &c->vcpu->idtr); }
X86_DO(lgdt) { return load_table(c, &c->vcpu->gdtr); }
X86_DO(lidt) { return load_table(c, &c->vcpu->idtr); }

/* ---- questions about selectors ---------------------------------------------------------------- */

X86_DO(verr)
{
    ENGINE(void, verr, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    verr(c->env, selector);
    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    return GOES_ON;
}

X86_DO(verw)
{
    ENGINE(void, verw, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    verw(c->env, selector);
    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    return GOES_ON;
}

/* ZF says whether there is an answer. */
static enum x86_end answer(struct x86_call *c, uint64_t value)
{
    enum { ZF = 1 << 6 };

    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    if (FIELD(uint64_t, c->env, X86_CC_SRC) & ZF)
        set_register(c, reg_field(c), (uint32_t)value, wide(c));
    return GOES_ON;
}

X86_DO(lar)
{
    ENGINE(uint64_t, lar, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    return answer(c, lar(c->env, selector));
}

X86_DO(lsl)
{
    ENGINE(uint64_t, lsl, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    return answer(c, lsl(c->env, selector));
}
