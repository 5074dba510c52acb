/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping before an instruction.
 *
 * The translator ends a block before every breakpoint, so a breakpoint is
 * always the head of a block.  Such a block is charged more than any budget
 * holds: it always leaves without having run and comes to
 * vmm_budget_expired() with the number of its breakpoint instead of its
 * length.  To go on from there its first instruction is translated by
 * itself, and charged as any block is.
 */
#include "vmm.h"
#include "offsets.h"

/* Index of the breakpoint at PC, or -1. */
int vmm_breakpoint_at(const struct vmm_cpu *v, uint32_t pc)
{
    int low = 0, high = (int)v->breakpoint_count - 1;

    while (low <= high) {
        int middle = (low + high) / 2;

        if (v->breakpoints[middle] == pc)
            return middle;
        if (v->breakpoints[middle] < pc)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* A block that begins at a breakpoint is about to run and its budget allows
 * one instruction.  True if the look must come first; false to let it run. */
bool vmm_breakpoint_met(struct vmm_cpu *v, uint32_t block)
{
    uint32_t pc = v->breakpoints[block & ~VMM_AT_BREAKPOINT];
    int64_t count = vmm_count(v);

    if (v->passed_pc == pc && v->passed_count == count) {
        FIELD(uint32_t, v->cpu, CPU_CFLAGS_NEXT_TB) = 1;
        return false;
    }
    v->passed_pc = pc;
    v->passed_count = count;
    v->breakpoint_hit = 1;
    return true;
}
