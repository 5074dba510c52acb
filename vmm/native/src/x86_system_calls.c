/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYSENTER (Intel SDM volume 2B), which the engine has only a hook for, and SYSCALL. Both
 * enter the guest's kernel, where there is a monitor the virtual processor's.
 */
#include "monitor_x86.h"
#include "x86_state.h"

enum { R_ESP = 4, CS = 1, SS = 2 };

static void flat_segment(struct vmm_cpu *v, int index, uint32_t selector, uint32_t flags)
{
    char *segment = (char *)v->env + X86_SEGS + 24 * index;

    FIELD(uint32_t, segment, 0) = selector;
    FIELD(uint64_t, segment, 8) = 0;
    FIELD(uint32_t, segment, 16) = 0xffffffff;
    FIELD(uint32_t, segment, 20) = flags;
}

void helper_sysenter_x86_64(void *env, int length);
void helper_sysenter_x86_64(void *env, int length)
{
    struct vmm_cpu *v = vmm_current;
    uint32_t cs = FIELD(uint32_t, env, X86_SYSENTER_CS);

    (void)length;
    if (!v || v->env != env)
        return;
    if (vmm_x86_virtual(v))
        vmm_x86_show(v);
    if (cs == 0 || !(FIELD(uint32_t, env, X86_CR) & CR0_PE))
        vmm_x86_raise(env, GP, 0, GUEST_RETURN);
    FIELD(uint32_t, env, X86_EFLAGS) &= ~(uint32_t)(FL_VM | FL_IF);
    flat_segment(v, CS, cs & 0xfffc, 0x00c09b00);
    flat_segment(v, SS, (cs + 8) & 0xfffc, 0x00c09300);
    FIELD(uint32_t, env, X86_HFLAGS)
        = (FIELD(uint32_t, env, X86_HFLAGS) & ~(uint32_t)HF_CPL) | HF_CS32 | HF_SS32;
    FIELD(uint64_t, env, X86_REGS + 8 * R_ESP) = FIELD(uint64_t, env, X86_SYSENTER_CS + 8);
    FIELD(uint64_t, env, X86_EIP) = FIELD(uint64_t, env, X86_SYSENTER_CS + 16);
    if (vmm_x86_virtual(v))
        vmm_x86_hide(v);
}

/* It does not look at the privilege level. */
void helper_syscall_x86_64(void *env, int length);
void helper_syscall_x86_64(void *env, int length)
{
    typedef void (*fn)(void *, int);
    ORIGINAL(fn, original, "helper_syscall_x86_64");
    struct vmm_cpu *v = vmm_current;
    bool virtual = v && v->env == env && vmm_x86_virtual(v);

    if (virtual)
        vmm_x86_show(v);
    if (v && v->env == env)
        v->helper_pc = GUEST_RETURN;
    original(env, length);
    if (v && v->env == env)
        v->helper_pc = 0;
    if (virtual)
        vmm_x86_hide(v);
}
