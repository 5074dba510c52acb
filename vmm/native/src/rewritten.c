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

/* To decode a store in Python and to translate its block anew takes as long as so many traps. */
enum { HASHES = 1 << 16, STORES = 1024, OFTEN = 16 };
enum { WORTH = 64 /* stores elsewhere more than to tables are too many */ };

struct store {
    uint32_t pc;
    uint16_t elsewhere; /* of one that is rewritten: how many more than to tables */
    uint16_t trapped;   /* up to OFTEN */
};

struct vmm_rewritten {
    struct store stores[STORES]; /* of those whose pcs share a place, the latest */
};

/* What is known of the store at PC; NULL: no memory. */
static struct store *account(struct vmm_cpu *v, uint32_t pc)
{
    struct store *store;

    if (!v->account && !(v->account = calloc(1, sizeof *v->account)))
        return NULL;
    store = &v->account->stores[(pc >> 1 ^ pc >> 12) % STORES];
    if (store->pc != pc)
        *store = (struct store){.pc = pc};
    return store;
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
    struct store *store = account(v, pc);
    uint64_t entry = vmm_space_get(v->space, pc);

    if (!store || store->trapped == OFTEN || ++store->trapped < OFTEN || !entry)
        return;
    v->rewritten[hash(pc) >> 3] |= (uint8_t)(1u << (hash(pc) & 7));
    forget(v, entry, pc);
}

bool vmm_is_rewritten(const struct vmm_cpu *v, uint32_t pc)
{
    return v->rewrites && v->rewritten[hash(pc) >> 3] >> (hash(pc) & 7) & 1;
}

/* The store at PC, which was replaced, is about to be made for the block at RETADDR, 0 if that has
 * been left.  Where too many went elsewhere it begins anew, as itself. */
void vmm_rewritten_begins(struct vmm_cpu *v, uint32_t pc, uintptr_t retaddr)
{
    struct store *store = retaddr && vmm_is_rewritten(v, pc) ? account(v, pc) : NULL;

    if (!store || store->elsewhere < WORTH)
        return;
    v->rewritten[hash(pc) >> 3] &= (uint8_t) ~(1u << (hash(pc) & 7));
    vmm_translate_anew(v, retaddr);
}

/* It has been made: to a page table, or not. */
void vmm_rewritten_stored(struct vmm_cpu *v, uint32_t pc, bool to_table)
{
    struct store *store = vmm_is_rewritten(v, pc) ? account(v, pc) : NULL;

    if (!store)
        return;
    if (to_table)
        store->elsewhere -= store->elsewhere > 0;
    else
        store->elsewhere += store->elsewhere < WORTH;
}

void vmm_free_rewritten(struct vmm_cpu *v)
{
    free(v->account);
}
