/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The long-descriptor translation (TTBCR.EAE): faults at each of its three levels. */
#include "situation.h"

#define VALID      1ull
#define TABLE      3ull
#define BLOCK      1ull
#define PAGE       3ull
#define AF         0x400ull
#define INNER      0x300ull
#define USER       0x040ull                 /* AP[1] */
#define READ_ONLY  0x080ull                 /* AP[2] */
#define DEVICE     0x004ull                 /* attribute 1 */
#define PXN        (1ull << 53)
#define XN         (1ull << 54)
#define PXN_TABLE  (1ull << 59)
#define XN_TABLE   (1ull << 60)
#define RO_TABLE   (2ull << 61)
#define PRIV_TABLE (1ull << 61)

#define EAE        0x80000000u
#define MEMORY     0x44000000ull
#define MAIR       0x000004ffu              /* 0: write-back, 1: device */

/* 0x80000000 on: the test map of this file. */
#define L1_FAULT     0xc0000000u            /* level 1: nothing */
#define L2_FAULT     0x80000000u
#define L2_READ_ONLY 0x80200000u
#define L2_XN        0x80400000u
#define L2_ACCESS    0x80600000u
#define L2_PRIVATE   0x80800000u
#define L3_TABLE     0x80a00000u
#define L3_FAULT     0x80a00000u
#define L3_READ_ONLY 0x80a01000u
#define L3_XN        0x80a02000u
#define L3_ACCESS    0x80a03000u
#define L3_PLAIN     0x80a04000u
#define L3_PRIVATE   0x80a05000u
#define L2_PXN       0x80c00000u
#define RO_BELOW     0x80e00000u            /* tables that take rights from plain pages */
#define XN_BELOW     0x81000000u
#define PRIV_BELOW   0x81200000u

static u64 level1[4] __attribute__((aligned(32)));
static u64 low[512] __attribute__((aligned(4096)));
static u64 high[512] __attribute__((aligned(4096)));
static u64 third[512] __attribute__((aligned(4096)));
static u64 plain[512] __attribute__((aligned(4096)));

static void block(u32 address, u64 attributes)
{
    high[address >> 21 & 0x1ff] = (MEMORY | (address & 0x00e00000)) | AF | INNER | attributes;
}

static void page(u32 address, u64 attributes)
{
    third[address >> 12 & 0x1ff] = (MEMORY | (address & 0x00fff000)) | AF | INNER | attributes;
}

static void point(u32 address, const u64 *table, u64 attributes)
{
    high[address >> 21 & 0x1ff] = (u32)table | TABLE | attributes;
}

static void fill(void)
{
    for (u32 i = 0; i < 512; i++)
        low[i] = (u64)i << 21 | BLOCK | AF | DEVICE | XN;
    level1[0] = (u32)low | TABLE;
    level1[1] = 0x40000000ull | BLOCK | AF | INNER | USER;
    level1[2] = (u32)high | TABLE;

    block(L2_READ_ONLY, BLOCK | READ_ONLY);
    block(L2_XN, BLOCK | USER | XN);
    block(L2_ACCESS, BLOCK | USER);
    high[L2_ACCESS >> 21 & 0x1ff] &= ~AF;
    block(L2_PRIVATE, BLOCK);
    block(L2_PXN, BLOCK | USER | PXN);
    point(L3_TABLE, third, 0);
    page(L3_READ_ONLY, PAGE | READ_ONLY | USER);
    page(L3_XN, PAGE | USER | XN);
    page(L3_ACCESS, PAGE | USER);
    third[L3_ACCESS >> 12 & 0x1ff] &= ~AF;
    page(L3_PLAIN, PAGE | USER);
    page(L3_PRIVATE, PAGE);
    for (u32 i = 0; i < 512; i++)
        plain[i] = (MEMORY | 0xe00000) | (u64)i << 12 | PAGE | AF | INNER | USER;
    point(RO_BELOW, plain, RO_TABLE);
    point(XN_BELOW, plain, XN_TABLE);
    point(PRIV_BELOW, plain, PRIV_TABLE);
}

static u32 saved_ttbr0;

static void switch_on(void)
{
    fill();
    map_off();
    saved_ttbr0 = MRC(15, 0, 2, 0, 0);
    MCR(15, 0, 10, 2, 0, MAIR);
    MCR(15, 0, 10, 2, 1, 0);
    MCR(15, 0, 2, 0, 2, EAE);
    MCRR(15, 0, 2, (u32)level1);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
    SET_SCTLR(SCTLR() | 1);
}

static void show_par(const char *name, u64 par)
{
    begin(name);
    if (par & 1)
        result("PAR", (u32)par & 0x87f);                /* F, FST, LPAE */
    else
        result("PAR", (u32)par & 0xfffff000);
}

static u32 run_load(u32 address)
{
    u32 value;
    asm volatile("mov %0, #0\n\tldr %0, [%1]" : "=&r"(value) : "r"(address) : "memory");
    return value;
}

static void run_store(u32 address)
{
    asm volatile("str %0, [%0]" : : "r"(address) : "memory");
}

extern const struct situation situations_lpae[];

void check_long_descriptors(void)
{
    switch_on();
    begin("LPAE: the tables hold");
    run_store(L3_PLAIN + 8);
    result("value", run_load(L3_PLAIN + 8));
    run_group(situations_lpae);
    MCR(15, 0, 7, 8, 0, L3_PLAIN + 0x123);
    show_par("LPAE: ATS1CPR, page", MRRC(15, 0, 7));
    MCR(15, 0, 7, 8, 0, L1_FAULT);
    show_par("LPAE: ATS1CPR, level 1", MRRC(15, 0, 7));
    MCR(15, 0, 7, 8, 1, L3_READ_ONLY);
    show_par("LPAE: ATS1CPW, level 3 permission", MRRC(15, 0, 7));
    MCR(15, 0, 7, 8, 2, L2_PRIVATE);
    show_par("LPAE: ATS1CUR, level 2 permission", MRRC(15, 0, 7));
    map_off();
    MCR(15, 0, 2, 0, 2, 0);
    MCR(15, 0, 2, 0, 0, saved_ttbr0);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
    SET_SCTLR(SCTLR() | 1);
}
