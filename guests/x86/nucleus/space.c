/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: the kernel's first eight mebibytes one to one for itself, and a user's table. */
#include "../../nucleus/nucleus.h"

#define KERNEL_TABLES 2
#define USER_SLOT     (USER_BASE >> 22)

static u32 kernel_directory[1024] __attribute__((aligned(PAGE)));
static u32 kernel_tables[KERNEL_TABLES][1024] __attribute__((aligned(PAGE)));

void spaces_open(void)
{
    for (u32 slot = 0; slot < KERNEL_TABLES; slot++) {
        for (u32 i = 0; i < 1024; i++)
            kernel_tables[slot][i] = (slot << 22 | i << 12) | PTE_P | PTE_W;
        kernel_directory[slot] = (u32)kernel_tables[slot] | PTE_P | PTE_W;
    }
    paging_open(kernel_directory);
}

void space_create(struct space *space, u32 number)
{
    (void)number;
    space->directory = (u32 *)frame_allocate();
    space->table = (u32 *)frame_allocate();
    for (u32 slot = 0; slot < KERNEL_TABLES; slot++)
        pte_set(&space->directory[slot], kernel_directory[slot]);
    pte_set(&space->directory[USER_SLOT], (u32)space->table | PTE_P | PTE_W | PTE_U);
}

void space_destroy(struct space *space)
{
    frame_release((u8 *)space->table);
    frame_release((u8 *)space->directory);
}

void space_enter(const struct space *space)
{
    directory_load(space->directory);
}

u32 space_checksum(u32 sum)
{
    for (u32 i = 0; i < 1024; i++)
        sum = checksum(sum, pte_rights(current->space.directory[i]));
    for (u32 slot = 0; slot < KERNEL_TABLES; slot++)
        for (u32 i = 0; i < 1024; i++)
            sum = checksum(sum, kernel_tables[slot][i] & ~(PTE_A | PTE_D));
    return sum;
}
