/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction budget at the head of every block.
 *
 * A block subtracts its length from `left` before it runs.  When that goes
 * below zero the block leaves without having run, and comes here: on the way
 * out of generated code (left.c), or before it where there is a breakpoint.
 */
#include "vmm.h"
#include "offsets.h"

void vmm_budget_expired(struct vmm_cpu *v, uint32_t block)
{
    bool breakpoint = block & VMM_AT_BREAKPOINT;

    /* It did not run, so it is not charged. */
    *v->left += breakpoint ? VMM_BREAKPOINT_CHARGE : (int64_t)block;
    if (v->kick) {
        int64_t now = vmm_count(v);
        v->kick = 0;
        v->limit = v->asked_limit ? v->asked_limit : vmm_next_look(v);
        *v->left = v->limit - now;
    } else if (*v->left > 0) {
        if (!breakpoint) /* Part of the block still fits: have exactly that much translated. */
            FIELD(uint32_t, v->cpu, CPU_CFLAGS_NEXT_TB) = (uint32_t)*v->left;
        else if (vmm_breakpoint_met(v, block))
            FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
        return;
    }
    if (*v->left > 0 && v->asked)
        v->only_asked = !(FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) & VMM_IRQ_EVENT);
    if (*v->left <= 0 || v->asked)
        FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
}

/* Generated code was left with this result, a block that did not run, for its budget. */
void vmm_block_expired(uintptr_t result)
{
    struct vmm_cpu *v = vmm_current;
    const void *tb = (const void *)(result & ~(uintptr_t)TB_EXIT_REQUESTED_);

    if (v && !v->told_expired)
        vmm_budget_expired(v, v->arch == VMM_X86 ? FIELD(uint16_t, tb, TB64_ICOUNT)
                                                 : FIELD(uint16_t, tb, TB32_ICOUNT));
    if (v)
        v->told_expired = 0;
}
