/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two 8259A interrupt controllers, edge triggered, at vectors 0x20 and 0x28. */
#ifndef PIC_H
#define PIC_H

#include "ports.h"

#define PIC1      0x20
#define PIC2      0xa0
#define IRQ_BASE  0x20
#define OCW3_IRR  0x0a
#define OCW3_ISR  0x0b
#define EOI       0x20

static inline void pic_mask(u32 mask)      /* bit n set: IRQ n masked */
{
    outb(PIC1 + 1, (u8)mask);
    outb(PIC2 + 1, (u8)(mask >> 8));
}

static inline void pic_open(void)
{
    outb(PIC1, 0x11);                      /* ICW1: cascade, ICW4 follows */
    outb(PIC1 + 1, IRQ_BASE);
    outb(PIC1 + 1, 0x04);
    outb(PIC1 + 1, 0x01);
    outb(PIC2, 0x11);
    outb(PIC2 + 1, IRQ_BASE + 8);
    outb(PIC2 + 1, 0x02);
    outb(PIC2 + 1, 0x01);
    pic_mask(0xffff);
}

static inline u32 pic_read(u8 ocw3)
{
    outb(PIC1, ocw3);
    outb(PIC2, ocw3);
    return inb(PIC1) | (u32)inb(PIC2) << 8;
}

static inline void pic_eoi(u32 irq)
{
    if (irq >= 8)
        outb(PIC2, EOI);
    outb(PIC1, EOI);
}

#endif
