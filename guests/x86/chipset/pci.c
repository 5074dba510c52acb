/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration mechanism #1, and the power management function's timer. */
#include "chipset.h"

#define NOBODY 31, 0

#define PIRQRCA   0x60
#define PMBA      0x40
#define PMREGMISC 0x80
#define PM_PORTS  0x600
#define PM_LIMIT  1000000

static void test_addresses(void)
{
    outl(CONFADD, 0x80000000);
    print_value("pci confadd", inl(CONFADD));
    outb(CONFADD + 3, 0x01);               /* as Linux probes: no double word, not CONFADD */
    print_value("pci confadd after a byte", inl(CONFADD));
    outl(CONFADD, 0x00000000);
    print_value("pci confdata while disabled", inl(CONFDATA));
    outl(CONFADD, 0x80010000);
    print_value("pci bus 1", inl(CONFDATA));
    print_value("pci nobody", pci_read(NOBODY, 0));
    print_value("pci nobody, a byte", pci_read_byte(NOBODY, 2));
    pci_write_byte(NOBODY, 4, 7);
    print_value("pci nobody, written", pci_read(NOBODY, 4));
}

static void test_identity(const char *name, u32 device, u32 function)
{
    print(name);
    print_field("id", pci_read(device, function, 0));
    print_field("class", pci_read(device, function, 8));
    print_field("header", pci_read_byte(device, function, 0x0e));
    print_field("subsystem", pci_read(device, function, 0x2c));
    putch('\n');
}

static void test_widths(void)
{
    pci_select(BRIDGE, 0);
    for (u16 n = 0; n < 4; n++)
        print_field("byte", inb((u16)(CONFDATA + n)));
    for (u16 n = 0; n < 4; n += 2)
        print_field("word", inw((u16)(CONFDATA + n)));
    putch('\n');
    outl(CONFDATA, 0);
    print_value("pci id written", inl(CONFDATA));
    u32 routes = pci_read(ISA, PIRQRCA);
    pci_select(ISA, PIRQRCA);
    outl(CONFDATA, 0x80808080);
    outb(CONFDATA + 1, 0x0a);
    outw(CONFDATA + 2, 0x0b05);
    print_value("pci routes", inl(CONFDATA));
    outl(CONFDATA, routes);
}

void test_pci(void)
{
    test_addresses();
    test_identity("pci 440fx", BRIDGE);
    test_identity("pci piix3", ISA);
    test_identity("pci piix4", POWER);
    test_widths();
}

void test_power(void)
{
    pci_write_byte(POWER, PMREGMISC, 0);
    pci_select(POWER, PMBA);
    outl(CONFDATA, PM_PORTS | 1);
    print_value("power base", pci_read(POWER, PMBA));
    print_value("power ports while disabled", inl(PM_PORTS + 8));
    pci_write_byte(POWER, PMREGMISC, 1);
    u32 first = inl(PM_PORTS + 8), or = first, moved = 0;
    for (u32 n = 0; n < PM_LIMIT && !moved; n++) {
        u32 now = inl(PM_PORTS + 8);
        or |= now;
        moved = now != first;
    }
    print_value("power timer moves", moved);
    print_value("power timer top", or >> 24);
    outw(PM_PORTS + 2, 0x0001);
    print_value("power enable", inw(PM_PORTS + 2));
    outw(PM_PORTS + 2, 0);
    outb(0xb2, 0xf1);
    print_value("power control", inw(PM_PORTS + 4));
    outb(0xb2, 0xf0);
    print_value("power control", inw(PM_PORTS + 4));
    outb(0xb3, 0x5a);
    print_value("power apms", inb(0xb3));
}
