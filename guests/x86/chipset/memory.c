/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAM and SMRAM of the host bridge: RAM behind ROM and behind nothing.
 *
 * What is in front of the RAM differs between machines, so only whether a read
 * gives the RAM's contents is printed. */
#include "chipset.h"

#define PAM0   0x59
#define PAM3   0x5c                        /* 0xd0000 low half, 0xd4000 high half */
#define SMRAM  0x72
#define AREA   0xd0000u
#define NEXT   0xd4000u
#define VIDEO  0xa0000u
#define VECTOR 0xffff0u                    /* a far jump, in anybody's ROM */
#define OPENED 0x4a
#define CLOSED 0x0a

enum { OFF, READ, WRITE, BOTH };

static void area(u32 mode) { pci_write_byte(BRIDGE, PAM3, (u8)mode); }
static void both_areas(u32 low, u32 high) { area(low | high << 4); }

static volatile u32 *word(u32 address) { return (volatile u32 *)address; }

static void test_modes(void)
{
    area(BOTH);
    *word(AREA) = 0x11111111;
    print_value("pam both", *word(AREA));
    area(READ);
    *word(AREA) = 0x22222222;
    print_value("pam read only", *word(AREA));
    __asm__ volatile("incl %0" : "+m"(*word(AREA)));
    print_value("pam read only, incremented", *word(AREA));
    area(WRITE);
    *word(AREA) = 0x33333333;
    (void)*word(AREA);                     /* from the ROM; QEMU 7.2 gives the RAM */
    *word(AREA + 4) = 0x44444444;
    area(READ);
    print_value("pam written while write only", *word(AREA));
    print_value("pam written after a load", *word(AREA + 4));
    area(OFF);
    *word(AREA) = 0x55555555;
    print_value("pam off reads the ram", *word(AREA) == 0x33333333);
    area(BOTH);
    print_value("pam after all", *word(AREA));
}

static void test_neighbours(void)
{
    both_areas(BOTH, BOTH);
    *word(NEXT - 4) = *word(NEXT) = 0x66666666;
    both_areas(BOTH, READ);
    *word(NEXT - 2) = 0x77777777;          /* across the border */
    both_areas(READ, BOTH);
    print_value("pam below the border", *word(NEXT - 4));
    print_value("pam above the border", *word(NEXT));
    *word(NEXT) = 0x88888888;
    *word(NEXT - 4) = 0x88888888;
    both_areas(READ, READ);
    print_value("pam below the border", *word(NEXT - 4));
    print_value("pam above the border", *word(NEXT));
    both_areas(BOTH, OFF);
    print_value("pam other area off reads the ram", *word(NEXT) == 0x88888888);
}

/* mov $number, %eax; ret */
static void put_code(u32 number)
{
    volatile u8 *code = (volatile u8 *)AREA;
    code[0] = 0xb8;
    for (int i = 0; i < 4; i++)
        code[1 + i] = (u8)(number >> 8 * i);
    code[5] = 0xc3;
}

static u32 run_code(void) { return ((u32 (*)(void))AREA)(); }

static void test_code(void)
{
    area(BOTH);
    put_code(1);
    print_value("pam code", run_code());
    put_code(2);
    print_value("pam code rewritten", run_code());
    area(READ);
    put_code(3);
    print_value("pam code, read only", run_code());
    area(WRITE);
    put_code(4);
    area(READ);
    print_value("pam code written unseen", run_code());
    area(BOTH);
    put_code(5);
    print_value("pam code, both again", run_code());
}

static void test_bios(void)
{
    volatile u8 *low = (volatile u8 *)VECTOR, *high = (volatile u8 *)0xfffffff0u;
    u8 before = pci_read_byte(BRIDGE, PAM0);

    pci_write_byte(BRIDGE, PAM0, OFF << 4);
    print_value("bios rom", *low);
    *low = 0x12;
    print_value("bios rom written", *low);
    pci_write_byte(BRIDGE, PAM0, BOTH << 4);
    *low = 0x34;
    print_value("bios ram", *low);
    print_value("bios rom at the top", *high);
    pci_write_byte(BRIDGE, PAM0, OFF << 4);
    print_value("bios rom again", *low);
    pci_write_byte(BRIDGE, PAM0, before);
}

static void test_smram(void)
{
    pci_write_byte(BRIDGE, SMRAM, OPENED);
    *word(VIDEO) = 0x99999999;
    print_value("smram open", *word(VIDEO));
    pci_write_byte(BRIDGE, SMRAM, CLOSED);
    *word(VIDEO) = 0xaaaaaaaa;
    pci_write_byte(BRIDGE, SMRAM, OPENED);
    print_value("smram kept", *word(VIDEO));
    pci_write_byte(BRIDGE, SMRAM, CLOSED);
    print_value("smram register", pci_read_byte(BRIDGE, SMRAM));
}

void test_memory(void)
{
    u8 before = pci_read_byte(BRIDGE, PAM3);

    test_modes();
    test_neighbours();
    test_code();
    test_bios();
    test_smram();
    area(before);
}
