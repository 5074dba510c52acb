/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Halts that need no Python.
 *
 * A halted processor lets time pass to the next event, and so on until something wakes it
 * (Machine.sleep in vmm/machine/machine.py).  Where that event is a modelled device's timer, and
 * nobody outside has a say in how long a halt lasts, it is done here, step for step.  Of a virtual
 * processor it is what the guest believes that decides: x86's has to be shown (monitor_x86.c).
 */
#include "models.h"
#include "offsets.h"

/* So often Python looks after a guest that sleeps: something may have come, or somebody may
 * want to stop it. */
enum { SLEEPS_BETWEEN_LOOKS = 1024 };

enum { EFLAGS_IF = 0x200 };

/* Whether the processor goes on: `wakes` of vmm/cpu/ARCH/processor.py. */
static bool wakes(const struct vmm_cpu *v)
{
    uint32_t request = FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST), level;

    switch (v->arch) {
    case VMM_SPARC:
        level = FIELD(uint32_t, v->env, SPARC_INTERRUPT_INDEX) & 15;
        return FIELD(uint32_t, v->env, SPARC_PSRET)
            && (level == 15 || level > FIELD(uint32_t, v->env, SPARC_PSRPIL));
    case VMM_ARM:
        return request & (VMM_REQUEST_IRQ | VMM_REQUEST_FIQ);
    default:
        return request & VMM_REQUEST_NMI
            || (request & VMM_REQUEST_IRQ && FIELD(uint32_t, v->env, X86_EFLAGS) & EFLAGS_IF);
    }
}

/* Whether an interrupt could wake it: `can_wake`. */
static bool can_wake(const struct vmm_cpu *v)
{
    switch (v->arch) {
    case VMM_SPARC: return FIELD(uint32_t, v->env, SPARC_PSRET);
    case VMM_ARM: return true;
    default: return wakes(v) || FIELD(uint32_t, v->env, X86_EFLAGS) & EFLAGS_IF;
    }
}

/* Whether this halt is nobody else's: not of a peer, a listener, the outside, or a run that is
 * to end. */
static bool is_ours(const struct vmm_cpu *v)
{
    return v->models_on && !v->held && !v->halts_told && !v->peer && !v->stop_requested
        && v->reason == VMM_REASON_NONE;
}

/* Let time pass until the processor wakes; false if Python is to go on with it. */
bool vmm_sleep(struct vmm_cpu *v)
{
    if (!is_ours(v))
        return false;
    while (!wakes(v)) {
        const struct vmm_model *next = vmm_next_timer(v);

        if (!next || next->timer->cycle >= v->event_cycle || !can_wake(v)
            || (v->sleeps + 1) % SLEEPS_BETWEEN_LOOKS == 0)
            return false;
        v->sleeps++;
        if (next->timer->cycle > vmm_cycles(v))
            v->idle += next->timer->cycle - vmm_cycles(v);
        if (!vmm_expire_due(v))
            return false;
    }
    vmm_rearm(v);
    return true;
}
