/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gic.h"

void gic_init(void)
{
    write32(GICD_CTLR, 0);
    write32(GICC_CTLR, 0);
    for (u32 word = 0; word < GIC_LINES / 32; word++) {
        write32(GICD_ICENABLER + word * 4, ~0u);
        write32(GICD_ICPENDR + word * 4, ~0u);
        write32(GICD_ICACTIVER + word * 4, ~0u);
        write32(GICD_IGROUPR + word * 4, 0);
    }
    for (u32 interrupt = 0; interrupt < GIC_LINES; interrupt++)
        gic_priority(interrupt, 0x80);
    for (u32 interrupt = 32; interrupt < GIC_LINES; interrupt++)
        *(volatile u8 *)(GICD_ITARGETSR + interrupt) = 1;
    for (u32 word = 2; word < GIC_LINES / 16; word++)
        write32(GICD_ICFGR + word * 4, 0);
    write32(GICD_ISENABLER, 0xffff);
    write32(GICC_PMR, 0xff);
    write32(GICC_BPR, 0);
    write32(GICC_CTLR, 1);
    write32(GICD_CTLR, 1);
    barrier();
}
