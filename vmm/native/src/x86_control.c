/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions: control, debug and model-specific registers, what addresses
 * mean, and stores to page tables (Intel SDM volume 2).
 */
#include "shadow.h"
#include "x86_apic.h"
#include "x86_call.h"

/* ---- control, debug and model-specific registers ------------------------------------------------ */

static uint32_t control_register(const struct x86_call *c, unsigned index)
{
    ENGINE(uint64_t, read_crN, (void *, int));
    uint32_t value = (uint32_t)read_crN(c->env, (int)index);

    return index ? value : (value & ~1u) | c->vcpu->pe;
}

X86_DO(smsw)
{
    if (in_memory(c))
        store_result(c, control_register(c, 0));
    else /* of 16 bits also there, as on this engine's bare processor */
        set_register(c, base_register(c), control_register(c, 0), false);
    return GOES_ON;
}

X86_DO(lmsw)
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

X86_DO(clts)
{
    ENGINE(void, clts, (void *));

    need_level_0(c);
    commit(c);
    clts(c->env);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

X86_DO(nothing)
{
    need_level_0(c);
    return GOES_ON;
}

X86_DO(undefined)
{
    need_level_0(c);
    fault(c, UD);
}

X86_DO(mov_from_cr)
{
    need_level_0(c);
    set_register(c, base_register(c), control_register(c, reg_field(c)), true);
    return GOES_ON;
}

X86_DO(mov_from_dr)
{
    ENGINE(uint64_t, get_dr, (void *, int));

    need_level_0(c);
    commit(c);
    set_register(c, base_register(c), (uint32_t)get_dr(c->env, (int)reg_field(c)), true);
    return GOES_ON;
}

X86_DO(mov_to_dr)
{
    ENGINE(void, set_dr, (void *, int, uint64_t));

    need_level_0(c);
    commit(c);
    set_dr(c->env, (int)reg_field(c), get_register(c, base_register(c)));
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

X86_DO(rdmsr)
{
    ENGINE(void, rdmsr, (void *));

    need_level_0(c);
    commit(c);
    if (vmm_x86_apic_msr(c->v, c->env, false) == VMM_MSR_ENGINES)
        rdmsr(c->env);
    return GOES_ON;
}

extern void helper_rdpmc_x86_64(void *env);

X86_DO(rdtsc)
{
    ENGINE(void, rdtsc, (void *));
    enum { TSD = 1 << 2 };

    if (FIELD(uint32_t, c->env, X86_CR + 8 * 4) & TSD) {
        commit(c);
        c->v->helper_pc = 0; /* the count is the instruction's already */
    } else {
        c->v->helper_pc = c->retaddr; /* every level may: nothing is to be shown */
    }
    rdtsc(c->env);
    return GOES_ON;
}

X86_DO(rdpmc)
{
    commit(c);
    helper_rdpmc_x86_64(c->env);
    return GOES_ON;
}

/* ---- instructions that not every model has --------------------------------------------------- */

/* #UD unless CPUID's LEAF has BIT of ECX, or of EDX. */
static void need_feature(struct x86_call *c, uint32_t leaf, bool in_edx, unsigned bit)
{
    typedef void (*cpuid_fn)(void *, uint32_t, uint32_t, uint32_t *, uint32_t *, uint32_t *,
                             uint32_t *);
    ORIGINAL(cpuid_fn, cpuid, "cpu_x86_cpuid_x86_64");
    uint32_t eax, ebx, ecx, edx;

    cpuid(c->env, leaf, 0, &eax, &ebx, &ecx, &edx);
    if (!((in_edx ? edx : ecx) >> bit & 1))
        fault(c, UD);
}

extern void helper_rdtscp_x86_64(void *env);

X86_DO(rdtscp)
{
    need_feature(c, 0x80000001, true, 27);
    commit(c);
    helper_rdtscp_x86_64(c->env);
    return GOES_ON;
}

/* These are #UD, not #GP, outside of level 0. */
static void need_monitor(struct x86_call *c)
{
    need_feature(c, 1, false, 3);
    if (c->vcpu->cpl)
        fault(c, UD);
}

X86_DO(monitor)
{
    ENGINE(void, monitor, (void *, uint64_t));

    need_monitor(c);
    commit(c);
    monitor(c->env, linear_address(c));
    return GOES_ON;
}

X86_DO(mwait)
{
    ENGINE(void, mwait, (void *, int));

    need_monitor(c);
    commit(c);
    mwait(c->env, (int)c->length);
    return JUMPED;
}

/* ---- what addresses mean: the monitor's memory policy must know of it ------------------------------ */

/* Done; whoever keeps the shadow tables follows, and the guest goes on at the next instruction. */
static enum x86_end tell(struct x86_call *c)
{
    bool followed = c->vcpu->untold
        || (c->vcpu->operation == X86_INVLPG ? vmm_memory_flush(c->v, c->vcpu->address, false)
                                             : vmm_memory_context(c->v));

    if (!followed) {
        c->v->exits++;
        if (c->v->on_exit(c->v, VMM_KIND_SITE) == VMM_STOP)
            vmm_stop(c->v, VMM_REASON_STOPPED);
    }
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

X86_DO(invlpg)
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

X86_DO(mov_to_cr)
{
    ENGINE(void, write_crN, (void *, int, uint64_t));
    enum { PG = 1u << 31, WP = 1 << 16 };
    unsigned index = reg_field(c);
    uint64_t before;

    need_level_0(c);
    commit(c);
    before = FIELD(uint64_t, c->env, X86_CR);
    write_crN(c->env, (int)index, get_register(c, base_register(c)));
    c->vcpu->cr3 = FIELD(uint32_t, c->env, X86_CR + 8 * 3);
    if (index > 2 || (index == 0 && (before ^ FIELD(uint64_t, c->env, X86_CR)) & (PG | WP)))
        return tell(c);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

X86_DO(wrmsr)
{
    ENGINE(void, wrmsr, (void *));
    enum { R_ECX = 1, IA32_EFER = 0xc0000080 };
    enum vmm_msr what;

    need_level_0(c);
    commit(c);
    what = vmm_x86_apic_msr(c->v, c->env, true);
    if (what == VMM_MSR_FAULTS)
        fault(c, GP);
    if (what == VMM_MSR_ENGINES)
        wrmsr(c->env);
    if (get_register(c, R_ECX) == IA32_EFER)
        return tell(c);
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return JUMPED;
}

/* ---- stores to page tables, which trapped too often --------------------------------------------- */

/* Whether the monitor keeps the virtual kernel from storing to a page that it may read. */
static bool is_protected(const struct x86_call *c, uint32_t address)
{
    uint64_t entry;

    if (c->v->vcpu->fill_mode != VMM_FILL_SHADOW || !c->v->vcpu->kernel || address & 3)
        return false;
    entry = vmm_space_get(c->v->space, address);
    return (entry & (VMM_ENTRY_READ | VMM_ENTRY_WRITE)) == VMM_ENTRY_READ;
}

/* The monitor makes the store in place of the instruction, or leaves it to trap; whether it
 * was made. */
static bool monitor_stores(struct x86_call *c, uint32_t address, uint32_t value)
{
    int action;

    c->vcpu->address = address;
    c->vcpu->value = value;
    commit(c);
    c->v->exits++;
    action = c->v->on_exit(c->v, VMM_KIND_SITE);
    if (action == VMM_STOP)
        vmm_stop(c->v, VMM_REASON_STOPPED);
    if (action == VMM_NATIVE) {
        vmm_x86_hide(c->v);
        store(c, address, 4, value);
    }
    FIELD(uint64_t, c->env, X86_EIP) = c->next;
    return action != VMM_NATIVE;
}

static enum x86_end store_word(struct x86_call *c, uint32_t value)
{
    enum { CS = 1 };
    uint32_t address = linear_address(c), pc = c->next - c->length + segment_base(c, CS);
    bool protects = is_protected(c, address), made;

    vmm_rewritten_begins(c->v, pc, c->retaddr);
    if (protects && !c->v->shadow) {
        made = monitor_stores(c, address, value);
        vmm_rewritten_stored(c->v, pc, made);
        return JUMPED;
    }
    made = protects && vmm_shadow_store(c->v, address, value);
    if (!made)
        store(c, address, 4, value);
    vmm_rewritten_stored(c->v, pc, made);
    return GOES_ON;
}

X86_DO(store_register)
{
    return store_word(c, get_register(c, reg_field(c)));
}

X86_DO(store_immediate) { return store_word(c, c->immediate); }
