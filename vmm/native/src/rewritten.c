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

/* The store at PC is to be replaced when it is next translated; the caller sees to that. */
void vmm_rewrite(struct vmm_cpu *v, uint32_t pc)
{
    if (!v->elsewhere)
        v->elsewhere = calloc(HASHES, sizeof *v->elsewhere);
    v->rewritten[hash(pc) >> 3] |= (uint8_t)(1u << (hash(pc) & 7));
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
        vmm_forget_all_code(v);
    }
}

void vmm_free_rewritten(struct vmm_cpu *v)
{
    free(v->elsewhere);
}
