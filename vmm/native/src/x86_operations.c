/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions on a virtual processor.
 *
 * Intel SDM volume 2 for each; vmm/monitor/x86/decode.py says which encodings
 * they are and packs their operands.  Flags are the VCPU's own business.  The
 * others are done as the engine does them, by its own functions, on the virtual
 * processor's state, after the checks of privilege that the engine makes when it
 * translates.  Nothing of an instruction has happened before the last point
 * where it may fault.
 */
#include "monitor_x86.h"
#include "offsets.h"

enum { FL_TF = 1 << 8, FL_IF = 1 << 9, FL_DF = 1 << 10, FL_IOPL = 3 << 12, FL_NT = 1 << 14 };
enum { FL_RF = 1 << 16, FL_VM = 1 << 17, FL_AC = 1 << 18, FL_ID = 1 << 21 };
enum { FL_ARITHMETIC = 0x8d5, CC_OP_EFLAGS = 1 };
enum { HF_CPL = 3, HF_SS32 = 1 << 5, HF_PE = 1 << 7 };
enum { UD = 6, GP = 13, R_ESP = 4, R_SS = 2, NO_REGISTER = 15 };

/* How an instruction ends. */
enum end {
    GOES_ON,    /* at the next one */
    JUMPED,     /* EIP is set, or the mode is another */
    NOT_STEPPED /* at the next one, which comes before any trap: SS was loaded */
};

struct call {
    struct vmm_cpu *v;
    struct x86_vcpu *vcpu; /* good until commit() */
    void *env;
    uint64_t argument;
    uint32_t next; /* EIP of the next instruction */
    uint32_t length;
    uintptr_t retaddr; /* in the block that calls; 0: it has been left */
    int64_t given_back; /* instructions of that block */
};

/* The operands as decode.py packs them. */
static uint32_t displacement(const struct call *c) { return (uint32_t)c->argument; }
static unsigned base_register(const struct call *c) { return c->argument >> 32 & 15; }
static bool in_memory(const struct call *c) { return c->argument >> 45 & 1; }
static unsigned wide(const struct call *c) { return c->argument >> 47 & 1; }
static unsigned reg_field(const struct call *c) { return c->argument >> 48 & 7; }
static uint32_t selector_field(const struct call *c) { return (uint32_t)(c->argument >> 48); }

static uint32_t get_register(const struct call *c, unsigned index)
{
    return (uint32_t)FIELD(uint64_t, c->env, X86_REGS + 8 * index);
}

static void set_register(const struct call *c, unsigned index, uint32_t value, bool all)
{
    uint64_t *at = &FIELD(uint64_t, c->env, X86_REGS + 8 * index);

    *at = all ? value : (*at & 0xffff0000) | (value & 0xffff);
}

static uint32_t segment_base(const struct call *c, unsigned index)
{
    return (uint32_t)FIELD(uint64_t, c->env, X86_SEGS + 24 * index + 8);
}

static uint32_t linear_address(const struct call *c)
{
    uint32_t at = displacement(c);
    unsigned index = c->argument >> 36 & 15;

    if (base_register(c) != NO_REGISTER)
        at += get_register(c, base_register(c));
    if (index != NO_REGISTER)
        at += get_register(c, index) << (c->argument >> 40 & 3);
    if (c->argument >> 46 & 1)
        at &= 0xffff;
    return at + segment_base(c, c->argument >> 42 & 7);
}

/* ---- memory, as the guest's own instructions reach it --------------------------- */

static uint32_t load(const struct call *c, uint32_t address, unsigned size)
{
    typedef uint32_t (*load_fn)(void *, uint64_t, uintptr_t);
    ORIGINAL(load_fn, load16, "cpu_lduw_data_ra_x86_64");
    ORIGINAL(load_fn, load32, "cpu_ldl_data_ra_x86_64");

    return (size == 4 ? load32 : load16)(c->env, address, c->retaddr);
}

static void store(const struct call *c, uint32_t address, unsigned size, uint32_t value)
{
    typedef void (*store_fn)(void *, uint64_t, uint32_t, uintptr_t);
    ORIGINAL(store_fn, store16, "cpu_stw_data_ra_x86_64");
    ORIGINAL(store_fn, store32, "cpu_stl_data_ra_x86_64");

    (size == 4 ? store32 : store16)(c->env, address, value, c->retaddr);
}

static uint32_t stack_mask(const struct call *c)
{
    return FIELD(uint32_t, c->env, X86_HFLAGS) & HF_SS32 ? 0xffffffff : 0xffff;
}

static unsigned operand_size(const struct call *c) { return wide(c) ? 4 : 2; }

static void push(const struct call *c, uint32_t value)
{
    uint32_t esp = get_register(c, R_ESP), mask = stack_mask(c);
    uint32_t top = (esp - operand_size(c)) & mask;

    store(c, segment_base(c, R_SS) + top, operand_size(c), value);
    set_register(c, R_ESP, top, mask == 0xffffffff);
}

static uint32_t top_of_stack(const struct call *c)
{
    return load(c, segment_base(c, R_SS) + (get_register(c, R_ESP) & stack_mask(c)),
                operand_size(c));
}

static void drop(const struct call *c, uint32_t mask)
{
    set_register(c, R_ESP, get_register(c, R_ESP) + operand_size(c), mask == 0xffffffff);
}

/* A 16-bit operand, which most system instructions have. */
static uint32_t load_word(const struct call *c)
{
    return in_memory(c) ? load(c, linear_address(c), 2) : get_register(c, base_register(c)) & 0xffff;
}

/* A result of 16 bits in memory, of the operand size in a register. */
static void store_result(const struct call *c, uint32_t value)
{
    if (in_memory(c))
        store(c, linear_address(c), 2, value);
    else
        set_register(c, base_register(c), value, wide(c));
}

/* ---- the virtual processor ---------------------------------------------------------- */

/* From here on the virtual processor's state is in the register file, and what
 * raises a trap leaves the block: what of it has not begun is given back. */
static void commit(struct call *c)
{
    int64_t count = vmm_count(c->v);

    vmm_charge_until(c->v, c->retaddr);
    c->given_back = count - vmm_count(c->v);
    c->retaddr = 0;
    vmm_x86_show(c->v);
}

static __attribute__((noreturn)) void fault(struct call *c, int vector)
{
    typedef void (*raise_fn)(void *, int, int, uintptr_t);
    ORIGINAL(raise_fn, raise_fault, "raise_exception_err_ra_x86_64");

    commit(c);
    raise_fault(c->env, vector, 0, 0);
    __builtin_unreachable();
}

static bool vm86(const struct call *c) { return c->vcpu->eflags & FL_VM; }
static unsigned iopl(const struct call *c) { return c->vcpu->eflags >> 12 & 3; }

static void need_level_0(struct call *c)
{
    if (c->vcpu->cpl)
        fault(c, GP);
}

/* VM86 leaves these to the monitor of the guest's own, unless IOPL is 3. */
static void need_iopl_in_vm86(struct call *c)
{
    if (vm86(c) && iopl(c) != 3)
        fault(c, GP);
}

static void need_iopl(struct call *c)
{
    if (vm86(c) ? iopl(c) != 3 : c->vcpu->cpl > iopl(c))
        fault(c, GP);
}

/* The instruction after this one comes before any interrupt; only once in a row. */
static void shadow_interrupts(struct call *c)
{
    FIELD(uint32_t, c->env, X86_HFLAGS) ^= X86_HFLAGS_INHIBIT_IRQ;
}

/* An engine function that does an instruction. */
#define ENGINE(result, name, parameters)                  \
    typedef result(*name##_fn) parameters;                \
    ORIGINAL(name##_fn, name, "helper_" #name "_x86_64")

/* ---- flags --------------------------------------------------------------------------- */

static enum end do_cli(struct call *c)
{
    need_iopl(c);
    c->vcpu->eflags &= ~(uint32_t)FL_IF;
    return GOES_ON;
}

static enum end do_sti(struct call *c)
{
    need_iopl(c);
    c->vcpu->eflags |= FL_IF;
    shadow_interrupts(c);
    return GOES_ON;
}

static uint32_t all_flags(const struct call *c)
{
    typedef uint32_t (*compute_fn)(void *, int);
    ORIGINAL(compute_fn, compute, "cpu_cc_compute_all_x86_64");
    enum { HIDDEN = FL_IF | FL_IOPL | FL_NT | FL_VM };
    uint32_t flags = FIELD(uint32_t, c->env, X86_EFLAGS) & ~(uint32_t)HIDDEN;

    flags |= c->vcpu->eflags | compute(c->env, FIELD(int32_t, c->env, X86_CC_OP));
    return flags | (FIELD(int32_t, c->env, X86_DF) < 0 ? FL_DF : 0);
}

static enum end do_pushf(struct call *c)
{
    need_iopl_in_vm86(c);
    push(c, all_flags(c) & ~(uint32_t)(FL_VM | FL_RF));
    return GOES_ON;
}

static enum end do_popf(struct call *c)
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

static enum end do_iret(struct call *c)
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
static enum end do_int(struct call *c)
{
    typedef void (*raise_fn)(void *, int, int, int, int);
    ORIGINAL(raise_fn, raise_interrupt, "raise_interrupt_x86_64");

    need_iopl_in_vm86(c);
    commit(c);
    raise_interrupt(c->env, (int)displacement(c), 1, 0, (int)c->length);
    return JUMPED;
}

static enum end do_hlt(struct call *c)
{
    ENGINE(void, hlt, (void *, int));

    need_level_0(c);
    commit(c);
    hlt(c->env, (int)c->length);
    return JUMPED;
}

static enum end do_lret(struct call *c)
{
    ENGINE(void, lret_protected, (void *, int, int));

    commit(c);
    lret_protected(c->env, (int)wide(c), (int)displacement(c));
    return JUMPED;
}

static enum end far_jump(struct call *c, uint32_t selector, uint32_t offset)
{
    ENGINE(void, ljmp_protected, (void *, int, uint64_t, uint64_t));

    commit(c);
    ljmp_protected(c->env, (int)selector, offset, c->next);
    return JUMPED;
}

static enum end far_call(struct call *c, uint32_t selector, uint32_t offset)
{
    ENGINE(void, lcall_protected, (void *, int, uint64_t, int, uint64_t));

    commit(c);
    lcall_protected(c->env, (int)selector, offset, (int)wide(c), c->next);
    return JUMPED;
}

/* A far pointer in memory: offset, then selector. */
static uint32_t load_pointer(const struct call *c, uint32_t *selector)
{
    uint32_t at = linear_address(c), offset = load(c, at, operand_size(c));

    *selector = load(c, at + operand_size(c), 2);
    return offset;
}

static enum end do_ljmp(struct call *c) { return far_jump(c, selector_field(c), displacement(c)); }
static enum end do_lcall(struct call *c) { return far_call(c, selector_field(c), displacement(c)); }

static enum end do_ljmp_memory(struct call *c)
{
    uint32_t selector, offset = load_pointer(c, &selector);

    return far_jump(c, selector, offset);
}

static enum end do_lcall_memory(struct call *c)
{
    uint32_t selector, offset = load_pointer(c, &selector);

    return far_call(c, selector, offset);
}

static enum end do_sysexit(struct call *c)
{
    ENGINE(void, sysexit, (void *, int));

    commit(c);
    sysexit(c->env, (int)wide(c));
    return JUMPED;
}

/* ---- segment registers ---------------------------------------------------------------------- */

static void load_segment(struct call *c, uint32_t selector)
{
    ENGINE(void, load_seg, (void *, int, int));

    commit(c);
    load_seg(c->env, (int)reg_field(c), (int)(selector & 0xffff));
}

static enum end after_segment_load(struct call *c)
{
    if (reg_field(c) != R_SS)
        return GOES_ON;
    shadow_interrupts(c);
    return NOT_STEPPED;
}

static enum end do_mov_to_segment(struct call *c)
{
    load_segment(c, load_word(c));
    return after_segment_load(c);
}

static enum end do_pop_segment(struct call *c)
{
    uint32_t selector = top_of_stack(c), mask = stack_mask(c);

    load_segment(c, selector);
    drop(c, mask);
    return after_segment_load(c);
}

static enum end do_load_far_pointer(struct call *c)
{
    uint32_t selector, offset = load_pointer(c, &selector);

    load_segment(c, selector);
    set_register(c, selector_field(c) >> 3 & 7, offset, wide(c));
    return GOES_ON;
}

/* ---- descriptor tables ---------------------------------------------------------------------- */

static enum end do_sldt(struct call *c) { return store_result(c, c->vcpu->ldtr.selector), GOES_ON; }
static enum end do_str(struct call *c) { return store_result(c, c->vcpu->tr.selector), GOES_ON; }

static enum end do_lldt(struct call *c)
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

static enum end do_ltr(struct call *c)
{
    uint32_t selector;

    need_level_0(c);
    selector = load_word(c);
    commit(c);
    helper_ltr_x86_64(c->env, (int)selector);
    return GOES_ON;
}

static enum end store_table(struct call *c, const struct x86_table *table)
{
    uint32_t at = linear_address(c);

    store(c, at, 2, table->limit);
    store(c, at + 2, 4, wide(c) ? table->base : table->base & 0xffffff);
    return GOES_ON;
}

static enum end load_table(struct call *c, struct x86_table *table)
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

static enum end do_sgdt(struct call *c) { return store_table(c, &c->vcpu->gdtr); }
static enum end do_sidt(struct call *c) { return store_table(c, &c->vcpu->idtr); }
static enum end do_lgdt(struct call *c) { return load_table(c, &c->vcpu->gdtr); }
static enum end do_lidt(struct call *c) { return load_table(c, &c->vcpu->idtr); }

/* ---- questions about selectors ---------------------------------------------------------------- */

static enum end do_verr(struct call *c)
{
    ENGINE(void, verr, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    verr(c->env, selector);
    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    return GOES_ON;
}

static enum end do_verw(struct call *c)
{
    ENGINE(void, verw, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    verw(c->env, selector);
    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    return GOES_ON;
}

/* ZF says whether there is an answer. */
static enum end answer(struct call *c, uint64_t value)
{
    enum { ZF = 1 << 6 };

    FIELD(uint32_t, c->env, X86_CC_OP) = CC_OP_EFLAGS;
    if (FIELD(uint64_t, c->env, X86_CC_SRC) & ZF)
        set_register(c, reg_field(c), (uint32_t)value, wide(c));
    return GOES_ON;
}

static enum end do_lar(struct call *c)
{
    ENGINE(uint64_t, lar, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    return answer(c, lar(c->env, selector));
}

static enum end do_lsl(struct call *c)
{
    ENGINE(uint64_t, lsl, (void *, uint64_t));
    uint32_t selector = load_word(c);

    commit(c);
    return answer(c, lsl(c->env, selector));
}

/* ---- control, debug and model-specific registers ------------------------------------------------ */

static uint32_t control_register(const struct call *c, unsigned index)
{
    ENGINE(uint64_t, read_crN, (void *, int));
    uint32_t value = (uint32_t)read_crN(c->env, (int)index);

    return index ? value : (value & ~1u) | c->vcpu->pe;
}

static enum end do_smsw(struct call *c)
{
    if (in_memory(c))
        store_result(c, control_register(c, 0));
    else /* of 16 bits also there, as on this engine's bare processor */
        set_register(c, base_register(c), control_register(c, 0), false);
    return GOES_ON;
}

static enum end do_lmsw(struct call *c)
{
    ENGINE(void, lmsw, (void *, uint64_t));
    uint32_t value;

    need_level_0(c);
    value = load_word(c);
    commit(c);
    lmsw(c->env, value);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

static enum end do_clts(struct call *c)
{
    ENGINE(void, clts, (void *));

    need_level_0(c);
    commit(c);
    clts(c->env);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

static enum end do_nothing(struct call *c)
{
    need_level_0(c);
    return GOES_ON;
}

static enum end do_undefined(struct call *c)
{
    need_level_0(c);
    fault(c, UD);
}

static enum end do_mov_from_cr(struct call *c)
{
    need_level_0(c);
    set_register(c, base_register(c), control_register(c, reg_field(c)), true);
    return GOES_ON;
}

static enum end do_mov_from_dr(struct call *c)
{
    ENGINE(uint64_t, get_dr, (void *, int));

    need_level_0(c);
    commit(c);
    set_register(c, base_register(c), (uint32_t)get_dr(c->env, (int)reg_field(c)), true);
    return GOES_ON;
}

static enum end do_mov_to_dr(struct call *c)
{
    ENGINE(void, set_dr, (void *, int, uint64_t));

    need_level_0(c);
    commit(c);
    set_dr(c->env, (int)reg_field(c), get_register(c, base_register(c)));
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

static enum end do_rdmsr(struct call *c)
{
    ENGINE(void, rdmsr, (void *));

    need_level_0(c);
    commit(c);
    rdmsr(c->env);
    return GOES_ON;
}

extern void helper_rdtsc_x86_64(void *env);
extern void helper_rdpmc_x86_64(void *env);

static enum end do_rdtsc(struct call *c)
{
    commit(c);
    helper_rdtsc_x86_64(c->env);
    return GOES_ON;
}

static enum end do_rdpmc(struct call *c)
{
    commit(c);
    helper_rdpmc_x86_64(c->env);
    return GOES_ON;
}

/* ---- what addresses mean: the monitor's memory policy must know of it ------------------------------ */

/* Done; the monitor is told, and goes on at the next instruction. */
static enum end tell(struct call *c)
{
    if (!c->vcpu->untold) {
        c->v->exits++;
        if (c->v->on_exit(c->v, VMM_KIND_SITE) == VMM_STOP)
            vmm_stop(c->v, VMM_REASON_STOPPED);
    }
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

static enum end do_invlpg(struct call *c)
{
    ENGINE(void, invlpg, (void *, uint64_t));

    need_level_0(c);
    c->vcpu->address = linear_address(c);
    if (vmm_forgets_page(c->v, c->vcpu->address))
        return GOES_ON;
    commit(c);
    invlpg(c->env, c->vcpu->address);
    return tell(c);
}

static enum end do_mov_to_cr(struct call *c)
{
    ENGINE(void, write_crN, (void *, int, uint64_t));
    enum { PG = 1u << 31, WP = 1 << 16 };
    unsigned index = reg_field(c);
    uint64_t before;

    need_level_0(c);
    commit(c);
    before = FIELD(uint64_t, c->env, X86_CR);
    write_crN(c->env, (int)index, get_register(c, base_register(c)));
    if (index > 2 || (index == 0 && (before ^ FIELD(uint64_t, c->env, X86_CR)) & (PG | WP)))
        return tell(c);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

static enum end do_wrmsr(struct call *c)
{
    ENGINE(void, wrmsr, (void *));
    enum { R_ECX = 1, IA32_EFER = 0xc0000080 };

    need_level_0(c);
    commit(c);
    wrmsr(c->env);
    if (get_register(c, R_ECX) == IA32_EFER)
        return tell(c);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

static enum end (*const operations[X86_OPERATIONS])(struct call *) = {
    [X86_CLI] = do_cli, [X86_STI] = do_sti, [X86_PUSHF] = do_pushf, [X86_POPF] = do_popf,
    [X86_IRET] = do_iret, [X86_INT] = do_int, [X86_HLT] = do_hlt, [X86_LRET] = do_lret,
    [X86_LJMP] = do_ljmp, [X86_LCALL] = do_lcall, [X86_LJMP_MEMORY] = do_ljmp_memory,
    [X86_LCALL_MEMORY] = do_lcall_memory, [X86_MOV_TO_SEGMENT] = do_mov_to_segment,
    [X86_POP_SEGMENT] = do_pop_segment, [X86_LOAD_FAR_POINTER] = do_load_far_pointer,
    [X86_SLDT] = do_sldt, [X86_STR] = do_str, [X86_LLDT] = do_lldt, [X86_LTR] = do_ltr,
    [X86_VERR] = do_verr, [X86_VERW] = do_verw, [X86_LAR] = do_lar, [X86_LSL] = do_lsl,
    [X86_SGDT] = do_sgdt, [X86_SIDT] = do_sidt, [X86_LGDT] = do_lgdt, [X86_LIDT] = do_lidt,
    [X86_SMSW] = do_smsw, [X86_LMSW] = do_lmsw, [X86_CLTS] = do_clts, [X86_INVLPG] = do_invlpg,
    [X86_WBINVD] = do_nothing, [X86_MOV_FROM_CR] = do_mov_from_cr, [X86_MOV_TO_CR] = do_mov_to_cr,
    [X86_MOV_FROM_DR] = do_mov_from_dr, [X86_MOV_TO_DR] = do_mov_to_dr, [X86_RDMSR] = do_rdmsr,
    [X86_WRMSR] = do_wrmsr, [X86_RDTSC] = do_rdtsc, [X86_RDPMC] = do_rdpmc,
    [X86_SYSEXIT] = do_sysexit, [X86_UNDEFINED] = do_undefined,
};

/* ---- from a block, or from a trap ---------------------------------------------------------------- */

/* What the engine does at the end of a block: shadows end, a step traps. */
static void end_instruction(struct call *c, uint32_t hflags, uint32_t eflags, bool step)
{
    ENGINE(void, single_step, (void *));

    FIELD(uint32_t, c->env, X86_HFLAGS) &= ~(hflags & X86_HFLAGS_INHIBIT_IRQ);
    FIELD(uint64_t, c->env, X86_EFLAGS) &= ~(uint64_t)(eflags & FL_RF);
    if (step && eflags & FL_TF)
        single_step(c->env);
}

static struct call begin(struct vmm_cpu *v, const struct vmm_instruction *one, uintptr_t retaddr)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);

    vcpu->operation = one->operation;
    return (struct call){
        .v = v, .vcpu = vcpu, .env = v->env, .argument = one->argument, .length = one->length,
        .next = FIELD(uint32_t, v->env, X86_EIP) + one->length, .retaddr = retaddr,
    };
}

/* An instruction in a block.  EIP is at it.  Returns if the block goes on. */
void vmm_x86_callout(struct vmm_cpu *v, const struct vmm_instruction *one, uintptr_t retaddr)
{
    struct call c = begin(v, one, retaddr);
    uint32_t hflags = FIELD(uint32_t, v->env, X86_HFLAGS);
    uint32_t eflags = FIELD(uint32_t, v->env, X86_EFLAGS);
    enum end end;

    vmm_x86_take_page(v);
    end = operations[one->operation](&c);
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
    struct call c = begin(v, one, 0);
    uint32_t hflags = FIELD(uint32_t, v->env, X86_HFLAGS);
    uint32_t eflags = FIELD(uint32_t, v->env, X86_EFLAGS);
    enum end end = operations[one->operation](&c);

    if (!c.vcpu->shown)
        vmm_x86_give_page(v);
    if (end != JUMPED)
        FIELD(uint64_t, v->env, X86_EIP) = c.next;
    end_instruction(&c, hflags, eflags, end != NOT_STEPPED);
}
