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

enum { HASHES = 1 << 16, WORTH = 64 /* stores elsewhere more than to tables are too many */ };

struct vmm_rewritten {
    uint16_t elsewhere[HASHES]; /* of stores that are rewritten: how many more than to tables */
    uint8_t told[HASHES];       /* traps of stores that the monitor was told of */
};

static struct vmm_rewritten *account(struct vmm_cpu *v)
{
    if (!v->account)
        v->account = calloc(1, sizeof *v->account);
    return v->account;
}

static uint32_t hash(uint32_t pc) { return (pc ^ pc >> 16) % HASHES; }

/* What was translated from PHYSICAL, in the block that runs now or any other, goes. */
static void forget(struct vmm_cpu *v, uint64_t physical)
{
    static const char *const names[] = {
        "tb_invalidate_phys_addr_sparc", "tb_invalidate_phys_addr_arm", "tb_invalidate_phys_addr_x86_64",
    };
    typedef void (*forget_fn)(void *, uint64_t, uint32_t);

    ((forget_fn)(uintptr_t)vmm_original(names[v->arch]))(vmm_address_space(v), physical, 0);
}

/* The store at PC, which is at PHYSICAL, is replaced from now on. */
void vmm_rewrite(struct vmm_cpu *v, uint32_t pc, uint64_t physical)
{
    v->rewritten[hash(pc) >> 3] |= (uint8_t)(1u << (hash(pc) & 7));
    forget(v, physical);
}

/* Whether a trap of the store at PC is one of the first, which decide whether it is replaced. */
bool vmm_is_news(struct vmm_cpu *v, uint32_t pc)
{
    uint8_t *told = account(v) ? &v->account->told[hash(pc)] : NULL;

    if (told && *told == VMM_OFTEN)
        return false;
    if (told)
        ++*told;
    return true;
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
        forget(v, (entry & VMM_ENTRY_FRAME) | (pc & 0xfff));
    }
}

void vmm_free_rewritten(struct vmm_cpu *v)
{
    free(v->account);
}
