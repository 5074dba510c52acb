/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processor itself knows of its local APIC: CPUID and IA32_APIC_BASE.
 *
 * The engine has no APIC inside: its MSR reads zero and takes no write, and CPUID
 * reports one all the same. */
#include "models.h"
#include "x86_state.h"
#include "x86_apic.h"

enum { R_EAX = 0, R_ECX = 1, R_EDX = 2, IA32_APIC_BASE = 0x1b };
enum { RESERVED = 0x6ff, PHYSICAL_HIGH = 0xf };

static uint32_t reg(void *env, int number)
{
    return FIELD(uint32_t, env, X86_REGS + 8 * number);
}

/* RDMSR or WRMSR as far as it is the APIC's. */
enum vmm_msr vmm_x86_apic_msr(struct vmm_cpu *v, void *env, bool write)
{
    struct vmm_model *m = vmm_find_model(v, VMM_MODEL_LOCAL_APIC);
    struct vmm_local_apic *s;

    if (!m || reg(env, R_ECX) != IA32_APIC_BASE)
        return VMM_MSR_ENGINES;
    s = m->state;
    if (!write) {
        FIELD(uint64_t, env, X86_REGS + 8 * R_EAX) = s->base;
        FIELD(uint64_t, env, X86_REGS + 8 * R_EDX) = 0;
        return VMM_MSR_DONE;
    }
    if (reg(env, R_EAX) & RESERVED || reg(env, R_EDX) & ~(uint32_t)PHYSICAL_HIGH)
        return VMM_MSR_FAULTS;
    vmm_local_apic_set_base(v, m, reg(env, R_EAX));
    return VMM_MSR_DONE;
}

static bool is_apics(void *env, bool write, uintptr_t retaddr)
{
    struct vmm_cpu *v = vmm_current;
    enum vmm_msr what;

    if (!v || v->env != env)
        return false;
    what = vmm_x86_apic_msr(v, env, write);
    if (what == VMM_MSR_FAULTS)
        vmm_x86_raise(env, GP, 0, retaddr);
    return what == VMM_MSR_DONE;
}

void helper_rdmsr_x86_64(void *env);
void helper_rdmsr_x86_64(void *env)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "helper_rdmsr_x86_64");

    if (!is_apics(env, false, GUEST_RETURN))
        original(env);
}

void helper_wrmsr_x86_64(void *env);
void helper_wrmsr_x86_64(void *env)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "helper_wrmsr_x86_64");

    if (!is_apics(env, true, GUEST_RETURN))
        original(env);
}

/* A processor without a local APIC, or with one that is switched off, does not report it
 * (Intel SDM volume 2A, CPUID leaf 1; AMD's extended leaf repeats the bit).  None has an x2APIC. */
void cpu_x86_cpuid_x86_64(void *env, uint32_t leaf, uint32_t count, uint32_t *eax, uint32_t *ebx,
                          uint32_t *ecx, uint32_t *edx);
void cpu_x86_cpuid_x86_64(void *env, uint32_t leaf, uint32_t count, uint32_t *eax, uint32_t *ebx,
                          uint32_t *ecx, uint32_t *edx)
{
    typedef void (*fn)(void *, uint32_t, uint32_t, uint32_t *, uint32_t *, uint32_t *, uint32_t *);
    ORIGINAL(fn, original, "cpu_x86_cpuid_x86_64");
    enum { APIC = 1 << 9, X2APIC = 1 << 21 };
    struct vmm_cpu *v = vmm_current;
    struct vmm_model *m;

    original(env, leaf, count, eax, ebx, ecx, edx);
    if (!v)
        return;
    m = vmm_find_model(v, VMM_MODEL_LOCAL_APIC);
    if ((leaf == 1 || leaf == 0x80000001)
        && !(m && ((struct vmm_local_apic *)m->state)->base & VMM_APIC_ENABLE))
        *edx &= ~(uint32_t)APIC;
    if (leaf == 1)
        *ecx &= ~(uint32_t)X2APIC;
}
