/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores of a translated LEON3 kernel that write protection has stopped again and again.
 *
 * They are stores to page tables under policy strict.  Translated anew, the translator is
 * shown a store to an alternate space that nobody has, so it calls a helper, and
 * that has the policy make the store and follow it (shadow.h): no fill, no second
 * translation of the rest of the block, no exit.  Done are words whose address is a
 * register or the sum of two, as an alternate store has no immediate.
 */
#include "monitor_sparc.h"
#include "offsets.h"
#include "shadow.h"

enum { ST = 0x04, STA = 0x14, IMMEDIATE = 1 << 13, FIELDS = 0x1fff /* immediate; ASI and rs2 */ };

/* What the translator is to see in place of the store CODE; CODE itself if that cannot be. */
uint32_t vmm_sparc_store_shown(uint32_t code)
{
    const uint32_t op_and_op3 = 3u << 30 | 0x3fu << 19;

    if ((code & op_and_op3) != (3u << 30 | (uint32_t)ST << 19))
        return code;
    if (code & IMMEDIATE ? code & FIELDS : (code & FIELDS) >> 5)
        return code;
    return ((code & ~(op_and_op3 | IMMEDIATE)) | 3u << 30 | (uint32_t)STA << 19) | VMM_SPARC_TABLE << 5;
}

/* Make it.  Where somebody watches accesses, it is one like any other. */
void vmm_sparc_store(struct vmm_cpu *v, uint32_t address, uint32_t value, uintptr_t host_pc)
{
    typedef void (*store_fn)(void *, uint32_t, uint32_t, int, uintptr_t);
    ORIGINAL(store_fn, store, "cpu_stl_mmuidx_ra_sparc");
    enum { USER_INDEX = 0 };
    uint32_t pc = FIELD(uint32_t, v->env, SPARC_PC);
    bool made;

    vmm_rewritten_begins(v, pc, host_pc);
    made = !v->watch_count && vmm_shadow_store(v, address, value);
    if (!made)
        store(v->env, address, value, USER_INDEX, host_pc);
    vmm_rewritten_stored(v, pc, made);
}
