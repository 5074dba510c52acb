/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running an engine, and the requests that reach it while it runs. */
#include "monitor_x86.h"
#include "offsets.h"

__thread struct vmm_cpu *vmm_current;

/* Run until something stops the engine.  PC is what the engine's start call
 * takes (bit 0 is Thumb on ARM); NPC is SPARC's next pc. */
int vmm_run(struct vmm_cpu *v, uint64_t pc, uint32_t npc)
{
    typedef int (*start_fn)(void *, uint64_t, uint64_t, uint64_t, size_t);
    ORIGINAL(start_fn, start, "uc_emu_start");
    struct vmm_cpu *outer = vmm_current;

    v->reason = VMM_REASON_NONE;
    v->resume = v->arch == VMM_SPARC;
    v->resume_pc = (uint32_t)pc;
    v->resume_npc = npc;
    v->kick = 0;
    v->helper_pc = 0;
    /* A first look before the first instruction: time, lines and stops that
     * arrived since the last run count from here. */
    FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
    v->look = 1;
    v->asked = v->only_asked = 0; /* that look is for all */
    vmm_current = v;
    v->running = 1;
    if (v->vcpu)
        vmm_virtual_begins(v);
    v->engine_error = start(v->uc, pc, 0, 0, 0);
    if (vmm_x86_virtual(v))
        vmm_x86_show(v);
    v->running = 0;
    vmm_current = outer;
    if (v->engine_error && v->reason == VMM_REASON_NONE)
        v->reason = VMM_REASON_ENGINE_ERROR;
    if (v->ledger_used && v->on_ledger)
        v->on_ledger(v);
    return v->reason;
}

/* Make the running code look up at its next block. */
void vmm_kick(struct vmm_cpu *v)
{
    v->limit -= *v->left + 1;
    *v->left = -1;
    v->kick = 1;
    v->asked_limit = 0;
}

/* The time of the next look has changed. */
void vmm_rearm(struct vmm_cpu *v)
{
    int64_t now = vmm_count(v);

    if (v->kick) {
        v->asked_limit = 0;
        return; /* the look that is due anyway takes it up */
    }
    v->limit = vmm_next_look(v);
    *v->left = v->limit - now;
    if (*v->left < 0)
        vmm_kick(v);
}

/* on_event is to run when COUNT instructions have begun, or before, at event_cycle. */
void vmm_set_event(struct vmm_cpu *v, int64_t count)
{
    v->event_at = count;
    vmm_rearm(v);
}

/* Have on_event run at the next boundary for somebody outside.  When that is asked for is up to
 * the host's clock, so nothing else may be otherwise for it: it is not counted as an event, and
 * the limit of the budget stays, also where what it was for has been withdrawn since. */
void vmm_ask_look(struct vmm_cpu *v)
{
    int64_t limit = v->limit;

    v->asked = 1;
    if (v->kick)
        return;
    vmm_kick(v);
    v->asked_limit = limit;
}

/* Raise or lower bits of the engine's interrupt_request. */
void vmm_set_interrupt(struct vmm_cpu *v, uint32_t bits, int on)
{
    if (on) {
        FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= bits;
        vmm_kick(v);
    } else {
        FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) &= ~bits;
    }
}

/* Stop at the next boundary: callable from any callback. */
void vmm_stop(struct vmm_cpu *v, int reason)
{
    typedef int (*stop_fn)(void *);
    ORIGINAL(stop_fn, stop, "uc_emu_stop");

    if (v->reason == VMM_REASON_NONE)
        v->reason = reason;
    if (v->running) {
        v->stop_requested = 0;
        vmm_kick(v);
        stop(v->uc);
    }
}
