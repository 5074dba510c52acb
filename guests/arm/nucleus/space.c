/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: the kernel's memory and devices one to one by sections, a user's by small pages. */
#include "../../nucleus/nucleus.h"
#include "virt.h"

/* ARM DDI 0406, B3.5.1: sections for PL1, in domain 0. */
#define SECTION_NORMAL 0x0000140eu         /* TEX 1, C, B */
#define SECTION_DEVICE 0x00000416u         /* XN, B */
#define TABLE          0x00000001u
#define KERNEL_MIB     8

static u32 high[4096] __attribute__((aligned(16384)));
static u32 low[1024] __attribute__((aligned(PAGE)));

void spaces_open(void)
{
    for (u32 mib = VIRT_RAM >> 20; mib < (VIRT_RAM >> 20) + KERNEL_MIB; mib++)
        high[mib] = mib << 20 | SECTION_NORMAL;
    low[VIRT_GICD >> 20] = (VIRT_GICD & 0xfff00000) | SECTION_DEVICE;
    low[VIRT_UART >> 20] = (VIRT_UART & 0xfff00000) | SECTION_DEVICE;
    translation_open(low, high);
}

void space_create(struct space *space, u32 number)
{
    space->level1 = (u32 *)frame_allocate();
    space->level2 = (u32 *)frame_allocate();
    space->asid = number + 1;
    pte_set(&space->level1[VIRT_GICD >> 20], low[VIRT_GICD >> 20]);
    pte_set(&space->level1[VIRT_UART >> 20], low[VIRT_UART >> 20]);
    pte_set(&space->level1[USER_BASE >> 20], (u32)space->level2 | TABLE);
    tlb_flush_space(space);                /* of who had this number before */
}

void space_destroy(struct space *space)
{
    frame_release((u8 *)space->level2);
    frame_release((u8 *)space->level1);
}

u32 space_checksum(u32 sum)
{
    for (u32 i = 0; i < 1024; i++)
        sum = checksum(sum, current->space.level1[i] & 0xfff);
    for (u32 i = 0; i < 4096; i++)
        sum = checksum(sum, high[i]);
    return sum;
}
