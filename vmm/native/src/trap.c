/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where every trap, interrupt and halt passes.
 *
 * vmm_gate stands in for the engine's stop_interrupt and sees each exception
 * with the guest's pc (and npc) exact.  vmm_exec_interrupt stands in for the
 * engine's cpu_exec_interrupt: it is called at block boundaries, which makes
 * it the one safe place to run events and to stop.
 */
#include "monitor_x86.h"
#include "offsets.h"

vmm_exec_fn vmm_exec_original[3]; /* by architecture */

enum {
    EXCP_INTERRUPT_ = 0x10000,
    EXCP_HLT_ = 0x10001,
    EXCP_DEBUG_ = 0x10002,
    EXCP_HALTED_ = 0x10003,
    EXCP_YIELD_ = 0x10004
};

/* Traps that lead to traps without one instruction between them (a handler
 * that cannot be fetched) would never reach a block head, where time passes
 * and limits are checked.  Let time pass and have a look every so often. */
enum { STREAK = 512 };

static void break_streak(struct vmm_cpu *v)
{
    int64_t count = vmm_count(v);

    if (count != v->streak_count) {
        v->streak_count = count;
        v->streak = 0;
    } else if (++v->streak >= STREAK) {
        v->streak = 0;
        v->idle += STREAK;
        v->look = 1;
        FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
    }
}

void vmm_ledger_add(struct vmm_cpu *v, const struct vmm_trap_record *record)
{
    v->ledger[v->ledger_used++] = *record;
    if (v->ledger_used == v->ledger_size) {
        v->on_ledger(v);
        v->ledger_used = 0;
    }
}

/* Count, record and offer a trap.  Returns an enum vmm_action. */
int vmm_trap(struct vmm_cpu *v, uint32_t kind, uint32_t pc, uint32_t status, uint32_t info)
{
    struct vmm_trap_record *record;

    break_streak(v);
    v->traps[kind]++;
    record = &v->recent[v->recent_count++ % VMM_RECENT];
    record->count = (uint64_t)vmm_count(v);
    record->kind = kind;
    record->pc = pc;
    record->status = status;
    record->info = info;
    if (v->ledger_on)
        vmm_ledger_add(v, record);
    if (v->intercept[kind >> 6] >> (kind & 63) & 1)
        return v->on_trap(v, kind);
    return VMM_NATIVE;
}

/* Somebody is about to look at the processor, and has looked. */
static void looks(struct vmm_cpu *v)
{
    if (vmm_x86_virtual(v))
        vmm_x86_show(v);
}

static void looked(struct vmm_cpu *v)
{
    if (vmm_x86_virtual(v))
        vmm_x86_hide(v);
}

/* The processor sleeps.  Wake it when something can, else stop. */
bool vmm_halted(struct vmm_cpu *v)
{
    v->halts++;
    looks(v);
    if (!vmm_sleep(v)) {
        FIELD(uint32_t, v->cpu, CPU_HALTED) = 1; /* if this run ends, the next finds it asleep */
        if (v->on_halt(v) != 0) {
            vmm_stop(v, VMM_REASON_HALTED);
            return false;
        }
    }
    looked(v);
    vmm_wake(v);
    return false;
}

/* Called with the number of every exception, and with -1 on every pass of
 * the engine's outer loop.  Always returns false: by then nothing is left for
 * the engine's own hooks to do. */
bool vmm_gate(void *uc, int number)
{
    extern void vmm_deliver_sparc(struct vmm_cpu *, int);
    extern void vmm_deliver_arm(struct vmm_cpu *, int);
    extern void vmm_deliver_x86(struct vmm_cpu *, int);
    struct vmm_cpu *v = vmm_current;

    if (number < 0 || !v || v->uc != uc)
        return false;
    v->helper_pc = 0;
    v->settled = 0;
    v->restored = 0;
    if (v->through_used)
        vmm_stored(v);
    switch (number) {
    case EXCP_INTERRUPT_:
        /* Without a request to stop this is only PAUSE leaving its block, unless
         * the engine could not reach memory and wants to say so. */
        if (v->reason == VMM_REASON_NONE && !FIELD(uint32_t, uc, UC_INVALID_ERROR))
            FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
        return false;
    case EXCP_HLT_:
        if (v->triple) {
            v->triple = 0;
            vmm_stop(v, VMM_REASON_SHUTDOWN);
            return false;
        }
        return vmm_halted(v);
    case EXCP_HALTED_:
        return vmm_halted(v);
    case EXCP_YIELD_:
        FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
        if (v->peer) {
            v->yielded = 1;
            vmm_stop(v, VMM_REASON_STOPPED);
        }
        return false;
    case EXCP_DEBUG_:
        /* The engine would wait for a debugger that never comes. */
        FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
        if (v->arch != VMM_X86)
            return false;
        if (!vmm_watch_trap(v))
            vmm_breakpoint_trap(v);
        number = 1; /* #DB */
        break;
    default:
        if (number >= EXCP_INTERRUPT_)
            return false;
    }
    if (v->vcpu && !v->vcpu->native) {
        if (vmm_x86_virtual(v))
            vmm_x86_virtual_trap(v, number);
        else
            vmm_virtual_trap(v, number);
        FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
        return false;
    }
    switch (v->arch) {
    case VMM_SPARC: vmm_deliver_sparc(v, number); break;
    case VMM_ARM: vmm_deliver_arm(v, number); break;
    case VMM_X86: vmm_deliver_x86(v, number); break;
    }
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
    return false;
}

bool vmm_exec_interrupt(void *cpu, int request)
{
    struct vmm_cpu *v = vmm_current;

    if (!v || v->cpu != cpu) {
        for (int a = 0; a < 3; a++) /* an engine that nobody runs through us */
            if (vmm_exec_original[a] && !v)
                return vmm_exec_original[a](cpu, request);
        return false;
    }
    if ((uint32_t)request & VMM_IRQ_STORED) {
        vmm_stored(v);
        request = (int)FIELD(uint32_t, cpu, CPU_INTERRUPT_REQUEST);
    }
    if ((uint32_t)request & VMM_IRQ_EVENT) {
        FIELD(uint32_t, cpu, CPU_INTERRUPT_REQUEST) &= ~VMM_IRQ_EVENT;
        if (v->resume) {
            /* The start call guessed npc = pc + 4. */
            v->resume = 0;
            FIELD(uint32_t, v->env, SPARC_PC) = v->resume_pc;
            FIELD(uint32_t, v->env, SPARC_NPC) = v->resume_npc;
        }
        v->asked = 0;
        if (v->instruction) {
            vmm_intercept_exit(v);
            v->look = 1;
        }
        v->events += !v->only_asked;
        v->kick = 0;
        if (v->only_asked || !vmm_timers_run(v)) {
            v->look = 0;
            looks(v);
            if (v->on_event(v) != 0 || v->stop_requested) {
                vmm_stop(v, VMM_REASON_STOPPED);
                return false;
            }
            looked(v);
        }
        if (v->kick && !v->only_asked) {
            v->asked_limit = 0; /* asked for in the event, after which the limit is another */
        } else if (!v->only_asked) {
            int64_t now = vmm_count(v);
            v->limit = vmm_next_look(v);
            *v->left = v->limit - now;
            if (*v->left <= 0)
                vmm_kick(v);
        }
        v->only_asked = 0;
        request = (int)FIELD(uint32_t, cpu, CPU_INTERRUPT_REQUEST);
        if (!(uint32_t)request)
            return false;
    }
    if (v->reason != VMM_REASON_NONE)
        return false; /* stopping: no interrupt is taken on the way out */
    if (vmm_x86_virtual(v))
        return vmm_x86_virtual_interrupt(v, request & ~(int)VMM_IRQ_EVENT);
    if (v->vcpu && !v->vcpu->native)
        return vmm_virtual_interrupt(v, (uint32_t)request);
    return vmm_exec_original[v->arch](cpu, request & ~(int)VMM_IRQ_EVENT);
}
