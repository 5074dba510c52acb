/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the chip set guest share. */
#ifndef CHIPSET_H
#define CHIPSET_H

#include "../runtime/descriptor.h"
#include "../runtime/pic.h"

#define CONFADD  0xcf8
#define CONFDATA 0xcfc
#define BRIDGE   0, 0                      /* device, function of the host bridge */
#define ISA      1, 0
#define POWER    1, 3

static inline u16 inw(u16 port)
{
    u16 value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline u32 inl(u16 port)
{
    u32 value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outw(u16 port, u16 value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void pci_select(u32 device, u32 function, u32 reg)
{
    outl(CONFADD, 0x80000000 | device << 11 | function << 8 | (reg & 0xfc));
}

static inline u32 pci_read(u32 device, u32 function, u32 reg)
{
    pci_select(device, function, reg);
    return inl(CONFDATA);
}

static inline u8 pci_read_byte(u32 device, u32 function, u32 reg)
{
    pci_select(device, function, reg);
    return inb((u16)(CONFDATA + (reg & 3)));
}

static inline void pci_write_byte(u32 device, u32 function, u32 reg, u8 value)
{
    pci_select(device, function, reg);
    outb((u16)(CONFDATA + (reg & 3)), value);
}

extern volatile u32 ticks[16];             /* interrupts taken, by IRQ */
extern volatile u32 keyboard_data;         /* what their handlers read, a byte each, last lowest */

void test_pci(void);
void test_power(void);
void test_memory(void);
void test_keyboard(void);
void test_fw_cfg(void);

#endif
