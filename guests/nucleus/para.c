/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual kernel's page shared with the hypervisor, and page table updates in batches. */
#include "nucleus.h"

#define BATCH 64
#define NEEDED (1u << HYPER_SHARED | 1u << HYPER_TRAPS | 1u << HYPER_RETURN | 1u << HYPER_UPDATE)

union {
    struct hyper_shared shared;
    u8 page[PAGE];
} shared_page __attribute__((aligned(PAGE)));
extern struct hyper_shared shared __attribute__((alias("shared_page")));

static struct hyper_update updates[BATCH];
static u32 update_count;

void para_open(void)
{
    if (hyper(HYPER_QUERY, 0, 0) != HYPER_MAGIC
        || (hyper(HYPER_FEATURES, 0, 0) & NEEDED) != NEEDED) {
        print("nucleus: built for a hypervisor, and there is none\n");
        exit_guest(1);
    }
    hyper(HYPER_SHARED, (u32)&shared, 0);
}

int para_commit(void)
{
    u32 count = update_count;
    update_count = 0;
    if (count && hyper(HYPER_UPDATE, (u32)updates, count) != count)
        panic("the hypervisor refused a page table entry");
    return count != 0;
}

void para_fpu(int on)
{
    static int now = -1;                   /* not known */
    if (now != on)
        hyper(HYPER_FPU, (u32)on, 0);
    now = on;
}

void pte_set(u32 *entry, u32 value)
{
    if (update_count == BATCH)
        para_commit();
    updates[update_count++] = (struct hyper_update){(u32)entry, value};
}
