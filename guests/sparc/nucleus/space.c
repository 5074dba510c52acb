/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: RAM and devices one to one for the kernel, 16 MiB each; a user's pages below one
 * entry.  A process's tables lie in one page: level 1, level 2, and four of level 3 in a row. */
#include "../../nucleus/nucleus.h"

#define LEVEL2       0x100                 /* words from the beginning of the page */
#define LEVEL3       0x200
#define LEVEL3_WORDS 64
#define RAM          0x40000000u
#define DEVICES      0x80000000u

static u32 contexts[256] __attribute__((aligned(1024)));
static u32 kernel_level1[256] __attribute__((aligned(1024)));

static u32 pointer(const u32 *table)
{
    return (u32)table >> 4 | PTE_POINTER;
}

static void map_kernel(u32 *level1)
{
    pte_set(&level1[RAM >> 24], RAM >> 4 | PTE_CACHEABLE | PTE_KERNEL | PTE_ENTRY);
    pte_set(&level1[DEVICES >> 24], DEVICES >> 4 | PTE_KERNEL | PTE_ENTRY);
}

void spaces_open(void)
{
    map_kernel(kernel_level1);
    contexts[0] = pointer(kernel_level1);
    translation_open(contexts);
}

void space_create(struct space *space, u32 number)
{
    u32 *page = (u32 *)frame_allocate();
    space->level1 = page;
    space->level3 = page + LEVEL3;
    space->context = number + 1;
    map_kernel(page);
    pte_set(&page[USER_BASE >> 24], pointer(page + LEVEL2));
    for (u32 i = 0; i < 4; i++)
        pte_set(&page[LEVEL2 + i], pointer(page + LEVEL3 + i * LEVEL3_WORDS));
    pte_set(&contexts[space->context], pointer(page));
    tlb_flush_space(space);                /* of who had this number before */
}

void space_destroy(struct space *space)
{
    pte_set(&contexts[space->context], 0);
    frame_release((u8 *)space->level1);
}

u32 space_checksum(u32 sum)
{
    for (u32 i = 0; i < LEVEL3; i++)
        sum = checksum(sum, pte_rights(current->space.level1[i]));
    return sum;
}
