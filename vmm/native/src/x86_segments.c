/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions: segment registers, descriptor tables, and questions about
 * selectors (Intel SDM volume 2).  The engine's own functions do them, on the virtual
 * processor's state.
 */
#include "x86_call.h"

enum { KERNEL_INDEX = 2 /* of the engine's translations */ };

/* ---- segment registers ---------------------------------------------------------------------- */

/* A selector of a descriptor in the GDT that has been accessed, for DS, ES, FS or GS, which makes
 * no difference to the code that is translated: no need to leave user mode.  False, and nothing
 * done: else. */
static bool load_plain_segment(struct x86_call *c, uint32_t selector)
{
    typedef const uint32_t *(*host_fn)(void *, uint64_t, int, int);
    ORIGINAL(host_fn, host_address, "tlb_vaddr_to_host_x86_64");
    enum { CODE = 1 << 11, CONFORMING_OR_READABLE = 3 << 9, READABLE = 1 << 9, SEGMENT = 1 << 12 };
    enum { ACCESSED = 1 << 8, PRESENT = 1 << 15, GRANULAR = 1 << 23, LOCAL = 4, FS = 4, CS = 1 };
    char *segment = (char *)c->env + X86_SEGS + 24 * reg_field(c);
    uint32_t at = c->vcpu->gdtr.base + (selector & 0xfff8), wanted = SEGMENT | ACCESSED | PRESENT;
    uint32_t low, high, base, limit, level;
    const uint32_t *descriptor;

    if (!c->vcpu->pe || vm86(c) || selector & LOCAL || !(selector & 0xfff8) || reg_field(c) == CS
        || reg_field(c) == R_SS || (selector | 7) > c->vcpu->gdtr.limit || (at & 0xfff) > 0xff8)
        return false;
    descriptor = host_address(c->env, at, 0, KERNEL_INDEX);
    if (!descriptor)
        return false;
    low = descriptor[0];
    high = descriptor[1];
    if ((high & wanted) != wanted || (high & CODE && (high & CONFORMING_OR_READABLE) != READABLE))
        return false;
    level = (selector & 3) > c->vcpu->cpl ? selector & 3 : c->vcpu->cpl;
    base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
    if ((high >> 13 & 3) < level || (reg_field(c) < FS && base != segment_base(c, reg_field(c))))
        return false;
    limit = (low & 0xffff) | (high & 0xf0000);
    FIELD(uint32_t, segment, 0) = selector;
    FIELD(uint64_t, segment, 8) = base;
    FIELD(uint32_t, segment, 16) = high & GRANULAR ? limit << 12 | 0xfff : limit;
    FIELD(uint32_t, segment, 20) = high;
    return true;
}

static void load_segment(struct x86_call *c, uint32_t selector)
{
    ENGINE(void, load_seg, (void *, int, int));

    if (load_plain_segment(c, selector & 0xffff))
        return;
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
