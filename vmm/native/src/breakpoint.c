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
static int breakpoint_at(const struct vmm_cpu *v, uint32_t pc)
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

/* What a block that begins at PC is charged with in place of its length, or -1 if it is
 * a block as any other. */
int64_t vmm_stop_before(struct vmm_cpu *v, uint32_t pc)
{
    int at = v->breakpoint_count ? breakpoint_at(v, pc) : -1;

    if (at >= 0)
        return VMM_AT_BREAKPOINT | (uint32_t)at;
    at = v->pattern_count ? vmm_intercept_at(v, pc) : -1;
    return at < 0 ? -1 : (int64_t)(VMM_AT_BREAKPOINT | VMM_AT_INTERCEPT | (uint32_t)at);
}

/* Whether a block that begins at HEAD must end before the instruction at PC. */
bool vmm_ends_before(struct vmm_cpu *v, uint32_t head, uint32_t pc)
{
    static const uint32_t longest[] = {[VMM_SPARC] = 4, [VMM_ARM] = 4, [VMM_X86] = 15};

    if (v->breakpoint_count && breakpoint_at(v, pc) >= 0)
        return true;
    if (!v->pattern_count)
        return false;
    /* Looking at it must not fault: at the head of a block the engine's fetch does it first. */
    if ((head ^ pc) >> 12 || (pc & 0xfff) > 0x1000 - longest[v->arch])
        return true;
    return vmm_intercept_at(v, pc) >= 0;
}

/* A block that begins at a breakpoint is about to run and its budget allows
 * one instruction.  True if the look must come first; false to let it run. */
bool vmm_breakpoint_met(struct vmm_cpu *v, uint32_t block)
{
    uint32_t pc;
    int64_t count = vmm_count(v);

    if (block & VMM_AT_INTERCEPT)
        return vmm_intercept_met(v, block & ~(VMM_AT_BREAKPOINT | VMM_AT_INTERCEPT));
    pc = v->breakpoints[block & ~VMM_AT_BREAKPOINT];

    if (v->passed_pc == pc && v->passed_count == count) {
        FIELD(uint32_t, v->cpu, CPU_CFLAGS_NEXT_TB) = 1;
        return false;
    }
    v->passed_pc = pc;
    v->passed_count = count;
    v->breakpoint_hit = 1;
    return true;
}
