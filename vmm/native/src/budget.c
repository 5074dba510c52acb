/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction budget at the head of every block.
 *
 * A block subtracts its length from `left` before it runs.  When that goes
 * below zero the block leaves without having run, and comes here.
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
        v->limit = vmm_next_look(v);
        *v->left = v->limit - now;
    } else if (*v->left > 0) {
        if (!breakpoint) /* Part of the block still fits: have exactly that much translated. */
            FIELD(uint32_t, v->cpu, CPU_CFLAGS_NEXT_TB) = (uint32_t)*v->left;
        else if (vmm_breakpoint_met(v, block))
            FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
        return;
    }
    if (*v->left <= 0)
        FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) |= VMM_IRQ_EVENT;
}
