/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adaptive translation: stores that have trapped again and again, by hashed pc.
 *
 * Where code is translated anew such a store becomes a call of whoever follows the guest's
 * page tables (x86_sites.c, monitor_arm_site.c).  A pc that only has the hash of another is
 * looked at for nothing: a call that stores is right wherever it stands.  A store that
 * turns out to go elsewhere nearly always (a loop that clears frames, some of which were
 * tables) is left alone again.
 */
#include "vmm.h"

#include <stdlib.h>

enum { HASHES = 1 << 16, WORTH = 512 /* stores elsewhere, one after the other, are too many */ };

static uint32_t hash(uint32_t pc) { return (pc ^ pc >> 16) % HASHES; }

static void translate_anew(struct vmm_cpu *v, uint32_t pc)
{
    uint64_t entry = vmm_space_get(v->space, pc);

    if (entry)
        vmm_forget_instruction(v, (entry & VMM_ENTRY_FRAME) | (pc & 0xfff));
    else
        vmm_forget_all_code(v);
}

/* The store at PC, which virtual kernel mode has just made, is replaced from now on. */
void vmm_rewrite(struct vmm_cpu *v, uint32_t pc)
{
    if (!v->elsewhere)
        v->elsewhere = calloc(HASHES, sizeof *v->elsewhere);
    v->rewritten[hash(pc) >> 3] |= (uint8_t)(1u << (hash(pc) & 7));
    translate_anew(v, pc);
}

bool vmm_is_rewritten(const struct vmm_cpu *v, uint32_t pc)
{
    return v->rewritten[hash(pc) >> 3] >> (hash(pc) & 7) & 1;
}

/* The store at PC, which was replaced, has been made: to a page table, or not. */
void vmm_rewritten_stored(struct vmm_cpu *v, uint32_t pc, bool to_table)
{
    if (!v->elsewhere || !vmm_is_rewritten(v, pc))
        return;
    if (to_table) {
        v->elsewhere[hash(pc)] = 0;
    } else if (++v->elsewhere[hash(pc)] == WORTH) {
        v->rewritten[hash(pc) >> 3] &= (uint8_t) ~(1u << (hash(pc) & 7));
        translate_anew(v, pc);
    }
}

void vmm_free_rewritten(struct vmm_cpu *v)
{
    free(v->elsewhere);
}
