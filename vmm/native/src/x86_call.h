/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sensitive x86 instruction while it is emulated: its operands, the guest's memory,
 * and what the virtual processor allows.
 *
 * vmm/monitor/x86/decode.py says which encodings there are and packs their operands.
 * Nothing of an instruction has happened before the last point where it may fault.
 */
#ifndef X86_CALL_H
#define X86_CALL_H

#include "monitor_x86.h"
#include "x86_state.h"

enum { R_ESP = 4, R_SS = 2, NO_REGISTER = 15 };

/* How an instruction ends. */
enum x86_end {
    GOES_ON,    /* at the next one */
    JUMPED,     /* EIP is set, or the mode is another */
    NOT_STEPPED /* at the next one, which comes before any trap: SS was loaded */
};

struct x86_call {
    struct vmm_cpu *v;
    struct x86_vcpu *vcpu; /* good until commit() */
    void *env;
    uint64_t argument;
    uint32_t immediate;
    uint32_t next; /* EIP of the next instruction */
    uint32_t length;
    uintptr_t retaddr; /* in the block that calls; 0: it has been left */
    int64_t given_back; /* instructions of that block */
};

/* The operands as decode.py packs them. */
static inline uint32_t displacement(const struct x86_call *c) { return (uint32_t)c->argument; }
static inline unsigned base_register(const struct x86_call *c) { return c->argument >> 32 & 15; }
static inline bool in_memory(const struct x86_call *c) { return c->argument >> 45 & 1; }
static inline unsigned wide(const struct x86_call *c) { return c->argument >> 47 & 1; }
static inline unsigned reg_field(const struct x86_call *c) { return c->argument >> 48 & 7; }
static inline uint32_t selector_field(const struct x86_call *c) { return (uint32_t)(c->argument >> 48); }

static inline uint32_t get_register(const struct x86_call *c, unsigned index)
{
    return (uint32_t)FIELD(uint64_t, c->env, X86_REGS + 8 * index);
}

static inline void set_register(const struct x86_call *c, unsigned index, uint32_t value, bool all)
{
    uint64_t *at = &FIELD(uint64_t, c->env, X86_REGS + 8 * index);

    *at = all ? value : (*at & 0xffff0000) | (value & 0xffff);
}

static inline uint32_t segment_base(const struct x86_call *c, unsigned index)
{
    return (uint32_t)FIELD(uint64_t, c->env, X86_SEGS + 24 * index + 8);
}

static inline uint32_t linear_address(const struct x86_call *c)
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

static inline uint32_t load(const struct x86_call *c, uint32_t address, unsigned size)
{
    typedef uint32_t (*load_fn)(void *, uint64_t, uintptr_t);
    ORIGINAL(load_fn, load16, "cpu_lduw_data_ra_x86_64");
    ORIGINAL(load_fn, load32, "cpu_ldl_data_ra_x86_64");

    return (size == 4 ? load32 : load16)(c->env, address, c->retaddr);
}

static inline void store(const struct x86_call *c, uint32_t address, unsigned size, uint32_t value)
{
    typedef void (*store_fn)(void *, uint64_t, uint32_t, uintptr_t);
    ORIGINAL(store_fn, store16, "cpu_stw_data_ra_x86_64");
    ORIGINAL(store_fn, store32, "cpu_stl_data_ra_x86_64");

    (size == 4 ? store32 : store16)(c->env, address, value, c->retaddr);
}

static inline uint32_t stack_mask(const struct x86_call *c)
{
    return FIELD(uint32_t, c->env, X86_HFLAGS) & HF_SS32 ? 0xffffffff : 0xffff;
}

static inline unsigned operand_size(const struct x86_call *c) { return wide(c) ? 4 : 2; }

static inline void push(const struct x86_call *c, uint32_t value)
{
    uint32_t esp = get_register(c, R_ESP), mask = stack_mask(c);
    uint32_t top = (esp - operand_size(c)) & mask;

    store(c, segment_base(c, R_SS) + top, operand_size(c), value);
    set_register(c, R_ESP, top, mask == 0xffffffff);
}

static inline uint32_t top_of_stack(const struct x86_call *c)
{
    return load(c, segment_base(c, R_SS) + (get_register(c, R_ESP) & stack_mask(c)),
                operand_size(c));
}

static inline void drop(const struct x86_call *c, uint32_t mask)
{
    set_register(c, R_ESP, get_register(c, R_ESP) + operand_size(c), mask == 0xffffffff);
}

/* A 16-bit operand, which most system instructions have. */
static inline uint32_t load_word(const struct x86_call *c)
{
    return in_memory(c) ? load(c, linear_address(c), 2) : get_register(c, base_register(c)) & 0xffff;
}

/* A result of 16 bits in memory, of the operand size in a register. */
static inline void store_result(const struct x86_call *c, uint32_t value)
{
    if (in_memory(c))
        store(c, linear_address(c), 2, value);
    else
        set_register(c, base_register(c), value, wide(c));
}

/* ---- the virtual processor ---------------------------------------------------------- */

/* From here on the virtual processor's state is in the register file, and what
 * raises a trap leaves the block: what of it has not begun is given back.  A
 * fault in an engine function puts EIP back as it does in a block. */
static inline void commit(struct x86_call *c)
{
    int64_t count = vmm_count(c->v);

    vmm_charge_until(c->v, c->retaddr);
    c->given_back = count - vmm_count(c->v);
    c->v->helper_pc = c->retaddr;
    c->v->settled = c->retaddr != 0;
    c->retaddr = 0;
    vmm_x86_show(c->v);
}

static inline __attribute__((noreturn)) void fault(struct x86_call *c, int vector)
{
    commit(c);
    vmm_x86_raise(c->env, vector, 0, 0);
}

static inline bool vm86(const struct x86_call *c) { return c->vcpu->eflags & FL_VM; }
static inline unsigned iopl(const struct x86_call *c) { return c->vcpu->eflags >> 12 & 3; }

static inline void need_level_0(struct x86_call *c)
{
    if (c->vcpu->cpl)
        fault(c, GP);
}

/* VM86 leaves these to the monitor of the guest's own, unless IOPL is 3. */
static inline void need_iopl_in_vm86(struct x86_call *c)
{
    if (vm86(c) && iopl(c) != 3)
        fault(c, GP);
}

static inline void need_iopl(struct x86_call *c)
{
    if (vm86(c) ? iopl(c) != 3 : c->vcpu->cpl > iopl(c))
        fault(c, GP);
}

/* The instruction after this one comes before any interrupt; only once in a row. */
static inline void shadow_interrupts(struct x86_call *c)
{
    FIELD(uint32_t, c->env, X86_HFLAGS) ^= X86_HFLAGS_INHIBIT_IRQ;
}

/* An engine function that does an instruction. */
#define ENGINE(result, name, parameters)                  \
    typedef result(*name##_fn) parameters;                \
    ORIGINAL(name##_fn, name, "helper_" #name "_x86_64")
/* A far pointer in memory: offset, then selector. */
static inline uint32_t load_pointer(const struct x86_call *c, uint32_t *selector)
{
    uint32_t at = linear_address(c), offset = load(c, at, operand_size(c));

    *selector = load(c, at + operand_size(c), 2);
    return offset;
}

/* The instructions (x86_flags.c, x86_segments.c, x86_control.c). */
#define X86_DO(name) enum x86_end vmm_x86_do_##name(struct x86_call *c)
X86_DO(cli);
X86_DO(sti);
X86_DO(pushf);
X86_DO(popf);
X86_DO(iret);
X86_DO(int);
X86_DO(hlt);
X86_DO(lret);
X86_DO(ljmp);
X86_DO(lcall);
X86_DO(ljmp_memory);
X86_DO(lcall_memory);
X86_DO(sysexit);
X86_DO(sysret);
X86_DO(mov_to_segment);
X86_DO(pop_segment);
X86_DO(load_far_pointer);
X86_DO(sldt);
X86_DO(str);
X86_DO(lldt);
X86_DO(ltr);
X86_DO(sgdt);
X86_DO(sidt);
X86_DO(lgdt);
X86_DO(lidt);
X86_DO(verr);
X86_DO(verw);
X86_DO(lar);
X86_DO(lsl);
X86_DO(smsw);
X86_DO(lmsw);
X86_DO(clts);
X86_DO(nothing);
X86_DO(undefined);
X86_DO(mov_from_cr);
X86_DO(mov_from_dr);
X86_DO(mov_to_dr);
X86_DO(rdmsr);
X86_DO(rdtsc);
X86_DO(rdpmc);
X86_DO(rdtscp);
X86_DO(monitor);
X86_DO(mwait);
X86_DO(invlpg);
X86_DO(mov_to_cr);
X86_DO(wrmsr);
X86_DO(store_register);
X86_DO(store_immediate);

#endif
