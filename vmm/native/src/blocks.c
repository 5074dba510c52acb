/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling of blocks as they are translated and as they begin, and of returns from traps.
 *
 * A block that is told when it begins calls helper_check_exit_request() with
 * itself in place of the engine, after its budget was taken.  While returns
 * are told, each call of a helper that returns from a trap is followed by such
 * a call with our own processor in that place.
 */
#define _GNU_SOURCE
#include "vmm.h"
#include "offsets.h"

#include "dl.h"

/* Whether blocks at PC are told for reason WHAT (VMM_TELL_...). */
bool vmm_tells(const struct vmm_cpu *v, uint32_t what, uint32_t pc)
{
    if (!(v->tell & what))
        return false;
    for (uint32_t i = 0; i < v->range_count; i++)
        if (pc >= v->ranges[i].first && pc <= v->ranges[i].last)
            return true;
    return v->range_count == 0;
}

/* A block begins: bring pc up to date, which chained blocks do not, and tell. */
void vmm_block_begins(struct vmm_cpu *v, const void *tb)
{
    uint32_t pc;

    if (v->arch == VMM_X86) {
        pc = (uint32_t)FIELD(uint64_t, tb, TB_PC);
        FIELD(uint64_t, v->env, X86_EIP) = (uint32_t)(pc - FIELD(uint64_t, tb, TB64_CS_BASE));
        v->on_block(v, pc, FIELD(uint16_t, tb, TB64_ICOUNT), VMM_TELL_BEGUN);
        return;
    }
    pc = FIELD(uint32_t, tb, TB_PC);
    if (v->arch == VMM_SPARC) {
        FIELD(uint32_t, v->env, SPARC_PC) = pc;
        FIELD(uint32_t, v->env, SPARC_NPC) = FIELD(uint32_t, tb, TB32_CS_BASE);
    } else {
        FIELD(uint32_t, v->env, ARM_CPSR_READ_PC) = pc;
    }
    v->on_block(v, pc, FIELD(uint16_t, tb, TB32_ICOUNT), VMM_TELL_BEGUN);
}

/* Helpers behind which the privilege may be another; SURE ones return from a trap. */
static const struct {
    int arch;
    uint32_t sure;
    const char *name;
} helpers[] = {
    {VMM_SPARC, 1, "helper_rett_sparc"},
    {VMM_SPARC, 0, "helper_wrpsr_sparc"},
    {VMM_ARM, 1, "helper_cpsr_write_eret_arm"},
    {VMM_ARM, 0, "helper_cpsr_write_arm"},
    {VMM_X86, 1, "helper_iret_protected_x86_64"},
    {VMM_X86, 1, "helper_iret_real_x86_64"},
    {VMM_X86, 1, "helper_sysexit_x86_64"},
    {VMM_X86, 1, "helper_sysret_x86_64"},
    {VMM_X86, 0, "helper_lret_protected_x86_64"},
};

/* The function that the engine calls by this name: ours if we have taken it over. */
static const void *called(const char *name)
{
    const void *ours = dlsym(RTLD_DEFAULT, name);

    return ours ? ours : vmm_original(name);
}

/* Whether HELPER is one of these, and whether it is sure to return from a trap. */
bool vmm_may_return(const struct vmm_cpu *v, const void *helper, uint32_t *sure)
{
    for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
        if (helpers[i].arch == v->arch && helper == called(helpers[i].name)) {
            *sure = helpers[i].sure;
            return true;
        }
    return false;
}

static bool in_user_mode(const struct vmm_cpu *v)
{
    enum { USER = 0x10, CPL = 3 };

    if (v->vcpu && !v->vcpu->native)
        return !v->vcpu->kernel;
    switch (v->arch) {
    case VMM_SPARC: return !FIELD(uint32_t, v->env, SPARC_PSRS);
    case VMM_ARM: return (FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & 0x1f) == USER;
    default: return (FIELD(uint32_t, v->env, X86_HFLAGS) & CPL) == CPL;
    }
}

/* Record that a trap has returned, or (not SURE) that the privilege may have changed:
 * status is the privilege now, 0 user and 1 above that, info is SURE. */
void vmm_returned(struct vmm_cpu *v, uint32_t sure)
{
    struct vmm_trap_record record = {
        .count = (uint64_t)vmm_count(v),
        .kind = VMM_KIND_RETURN,
        .status = !in_user_mode(v),
        .info = sure,
    };

    if (v->ledger_on)
        vmm_ledger_add(v, &record);
}
