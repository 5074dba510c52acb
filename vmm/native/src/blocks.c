/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling of blocks as they are translated and as they begin.
 *
 * A block that is told when it begins calls helper_check_exit_request() with
 * itself in place of the engine, after its budget was taken.
 */
#include "vmm.h"
#include "offsets.h"

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
