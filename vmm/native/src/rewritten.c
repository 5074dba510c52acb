/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adaptive translation: stores that have trapped again and again, by hashed pc.
 *
 * Where code is translated anew such a store becomes a call of whoever follows the guest's
 * page tables (x86_sites.c, monitor_arm_site.c).  A pc that only has the hash of another is
 * looked at for nothing: a call that stores is right wherever it stands.  A store that
 * turns out to go elsewhere more often than to tables (a loop that clears frames, some of
 * which were tables) is left alone again: a trap costs no more than two calls.
 */
#include "vmm.h"

#include <stdlib.h>

enum { HASHES = 1 << 16, OFTEN = 8 /* traps */ };
enum { WORTH = 64 /* stores elsewhere more than to tables are too many */ };

struct vmm_rewritten {
    uint16_t elsewhere[HASHES]; /* of stores that are rewritten: how many more than to tables */
    uint8_t trapped[HASHES];    /* traps of stores, up to OFTEN */
};

static struct vmm_rewritten *account(struct vmm_cpu *v)
{
    if (!v->account)
        v->account = calloc(1, sizeof *v->account);
    return v->account;
}

static uint32_t hash(uint32_t pc) { return (pc ^ pc >> 16) % HASHES; }

/* What was translated from PC, whose page has this ENTRY, goes, in the block that runs now or
 * any other. */
static void forget(struct vmm_cpu *v, uint64_t entry, uint32_t pc)
{
    static const char *const names[] = {
        "tb_invalidate_phys_addr_sparc", "tb_invalidate_phys_addr_arm", "tb_invalidate_phys_addr_x86_64",
    };
    typedef void (*forget_fn)(void *, uint64_t, uint32_t);

    ((forget_fn)(uintptr_t)vmm_original(names[v->arch]))(
        vmm_address_space(v), (entry & VMM_ENTRY_FRAME) | (pc & 0xfff), 0);
}

/* The store at PC, in virtual kernel mode, has trapped because a page table is there: when it
 * has done so often enough it is replaced. */
void vmm_store_trapped(struct vmm_cpu *v, uint32_t pc)
{
    uint8_t *trapped = account(v) ? &v->account->trapped[hash(pc)] : NULL;
    uint64_t entry = vmm_space_get(v->space, pc);

    if (!trapped || *trapped == OFTEN || ++*trapped < OFTEN || !entry)
        return;
    v->rewritten[hash(pc) >> 3] |= (uint8_t)(1u << (hash(pc) & 7));
    forget(v, entry, pc);
}

bool vmm_is_rewritten(const struct vmm_cpu *v, uint32_t pc)
{
    return v->rewritten[hash(pc) >> 3] >> (hash(pc) & 7) & 1;
}

/* The store at PC, which was replaced, has been made: to a page table, or not. */
void vmm_rewritten_stored(struct vmm_cpu *v, uint32_t pc, bool to_table)
{
    uint16_t *elsewhere;
    uint64_t entry;

    if (!account(v) || !vmm_is_rewritten(v, pc))
        return;
    elsewhere = &v->account->elsewhere[hash(pc)];
    if (to_table) {
        *elsewhere -= *elsewhere > 0;
    } else if (++*elsewhere == WORTH && (entry = vmm_space_get(v->space, pc))) {
        v->rewritten[hash(pc) >> 3] &= (uint8_t) ~(1u << (hash(pc) & 7));
        forget(v, entry, pc);
        vmm_kick(v); /* as vmm_forget_block() */
    }
}

void vmm_free_rewritten(struct vmm_cpu *v)
{
    free(v->account);
}
