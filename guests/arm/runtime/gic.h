/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GICv2 of the `virt` board: registers, and a start that relies on nothing. */
#ifndef GIC_H
#define GIC_H

#include "cpu.h"
#include "virt.h"

#define GICD_CTLR       (VIRT_GICD + 0x000)
#define GICD_IGROUPR    (VIRT_GICD + 0x080)
#define GICD_ISENABLER  (VIRT_GICD + 0x100)
#define GICD_ICENABLER  (VIRT_GICD + 0x180)
#define GICD_ISPENDR    (VIRT_GICD + 0x200)
#define GICD_ICPENDR    (VIRT_GICD + 0x280)
#define GICD_ISACTIVER  (VIRT_GICD + 0x300)
#define GICD_ICACTIVER  (VIRT_GICD + 0x380)
#define GICD_IPRIORITYR (VIRT_GICD + 0x400)
#define GICD_ITARGETSR  (VIRT_GICD + 0x800)
#define GICD_ICFGR      (VIRT_GICD + 0xc00)
#define GICD_SGIR       (VIRT_GICD + 0xf00)

#define GICC_CTLR       (VIRT_GICC + 0x00)
#define GICC_PMR        (VIRT_GICC + 0x04)
#define GICC_BPR        (VIRT_GICC + 0x08)
#define GICC_IAR        (VIRT_GICC + 0x0c)
#define GICC_EOIR       (VIRT_GICC + 0x10)
#define GICC_RPR        (VIRT_GICC + 0x14)
#define GICC_HPPIR      (VIRT_GICC + 0x18)
#define GICC_DIR        (VIRT_GICC + 0x1000)

#define SGI_SELF        0x02000000u
#define SPURIOUS        1023
#define GIC_LINES       128

static inline void gic_priority(u32 interrupt, u8 priority)
{
    *(volatile u8 *)(GICD_IPRIORITYR + interrupt) = priority;
}

static inline void gic_enable(u32 interrupt)
{
    write32(GICD_ISENABLER + interrupt / 32 * 4, 1u << interrupt % 32);
}

static inline void gic_disable(u32 interrupt)
{
    write32(GICD_ICENABLER + interrupt / 32 * 4, 1u << interrupt % 32);
}

static inline void gic_pend(u32 interrupt)
{
    write32(GICD_ISPENDR + interrupt / 32 * 4, 1u << interrupt % 32);
}

static inline u32 gic_pending(u32 interrupt)
{
    return read32(GICD_ISPENDR + interrupt / 32 * 4) >> interrupt % 32 & 1;
}

static inline u32 gic_active(u32 interrupt)
{
    return read32(GICD_ISACTIVER + interrupt / 32 * 4) >> interrupt % 32 & 1;
}

static inline void gic_send(u32 interrupt)
{
    write32(GICD_SGIR, SGI_SELF | interrupt);
    barrier();
}

void gic_init(void);                       /* all disabled, group 0, priority 0x80, open */

#endif
