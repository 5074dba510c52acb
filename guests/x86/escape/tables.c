/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables that are mapped twice, and themselves: changed by one address, used by the other. */
#include "escape.h"
#include "../runtime/cpu.h"

#define P 1
#define RW 2
#define ACCESSED 0x20
#define DIRTY 0x40
#define CR0_WP 0x10000
#define CR0_PG 0x80000000u
#define WINDOW 0x00c00000                  /* 4 MiB of its own: its table is window[] */
#define SELF 0xffc00000                    /* the directory as its own table */
#define FIRST (WINDOW + 0x1000)            /* window[] by one address */
#define SECOND (WINDOW + 0x2000)           /* and by another */
#define TEST (WINDOW + 0x5000)

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 low[2][1024] __attribute__((aligned(4096)));
static u32 window[1024] __attribute__((aligned(4096)));
static u32 frame_a[1024] __attribute__((aligned(4096))), frame_b[1024] __attribute__((aligned(4096)));

static void invlpg(u32 address)
{
    __asm__ volatile("invlpg %0" : : "m"(*(u8 *)address) : "memory");
}

static u32 load(u32 address)
{
    u32 value = 0xdead;
    __asm__ volatile("movl $1f, expected_fault; movl (%1), %0; 1: movl $0, expected_fault"
                     : "+r"(value) : "r"(address) : "memory");
    return value;
}

static void store(u32 address, u32 value)
{
    __asm__ volatile("movl $1f, expected_fault; movl %1, (%0); 1: movl $0, expected_fault"
                     : : "r"(address), "r"(value) : "memory");
}

static u32 *entry(u32 table, u32 address) { return (u32 *)table + (address >> 12 & 1023); }

static void show(const char *what)
{
    print(what);
    print_field("read", load(TEST));
    print_field("first", *entry(FIRST, TEST) & 0xfff);
    print_field("second", *entry(SECOND, TEST) & 0xfff);
    print_value(" self", *entry(SELF + (WINDOW >> 10), TEST) & 0xfff);
}

static void map_all(void)
{
    for (u32 i = 0; i < 2048; i++)
        low[i >> 10][i & 1023] = i << 12 | P | RW;
    directory[0] = (u32)low[0] | P | RW;
    directory[1] = (u32)low[1] | P | RW;
    directory[WINDOW >> 22] = (u32)window | P | RW;
    directory[SELF >> 22] = (u32)directory | P | RW;
    window[FIRST >> 12 & 1023] = (u32)window | P | RW;
    window[SECOND >> 12 & 1023] = (u32)window | P | RW;
    window[TEST >> 12 & 1023] = (u32)frame_a | P | RW;
    frame_a[0] = 0xaaaa;
    frame_b[0] = 0xbbbb;
}

void tables_mapped_twice(void)
{
    map_all();
    write_cr3((u32)directory);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
    show("as built");
    *entry(FIRST, TEST) = (u32)frame_b | P | RW;
    invlpg(TEST);
    show("by the first");
    *entry(SECOND, TEST) = (u32)frame_a | P;
    invlpg(TEST);
    show("by the second");
    store(TEST, 1);                        /* read-only, WP: #PF */
    *entry(SELF + (WINDOW >> 10), TEST) |= RW;
    invlpg(TEST);
    store(TEST, 2);
    show("by itself");
    *entry(FIRST, TEST) &= ~(u32)(ACCESSED | DIRTY);
    write_cr3(read_cr3());
    show("accessed again");
    store(TEST, 3);
    show("dirty again");
    *entry(SECOND, TEST) = 0;
    invlpg(TEST);
    show("gone");
    *entry(FIRST, TEST) = (u32)window | P | RW;   /* a third address of the table */
    invlpg(TEST);
    print_value("third", load(TEST + 4 * (TEST >> 12 & 1023)) & 0xfff);
    store(TEST + 4 * (SECOND >> 12 & 1023), 0);
    invlpg(SECOND);
    print_value("second gone", load(SECOND));
    directory[WINDOW >> 22] = (u32)directory | P | RW;  /* the directory as the window's table */
    write_cr3((u32)directory);
    print_value("directory", load(WINDOW) & 0xfff);
    write_cr0(read_cr0() & ~(CR0_PG | CR0_WP));
}
