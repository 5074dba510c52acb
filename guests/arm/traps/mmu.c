/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short-descriptor translation that the situations run under, and ATS1C** upon it. */
#include "situation.h"
#include "virt.h"

#define SECTION     0x00002u
#define SUPER       0x40002u
#define TABLE       0x00001u
#define XN          0x00010u
#define PXN         0x00001u
#define NORMAL      0x0000cu                /* write-back, no allocation on write */
#define DEVICE      0x00004u
#define AP(n)       (((n) & 3) << 10 | ((n) & 4) << 13)
#define DOMAIN(n)   ((n) << 5)
#define PAGE        0x002u
#define LARGE       0x001u
#define PAGE_AP(n)  (((n) & 3) << 4 | ((n) & 4) << 7)
#define PAGE_BIT_XN 0x001u

#define DOMAINS     0x00000c01u             /* 0 client, 5 manager, the others no access */
#define NO_DOMAIN   3
#define MANAGER     5
#define MEMORY      0x44000000u             /* the RAM behind the test map */

static u32 sections[4096] __attribute__((aligned(16384)));
static u32 pages[256] __attribute__((aligned(1024)));
static u32 high_pages[256] __attribute__((aligned(1024)));

static void section(u32 address, u32 descriptor)
{
    sections[address >> 20] = descriptor;
}

void set_page(u32 address, u32 descriptor)
{
    pages[address >> 12 & 0xff] = descriptor;
    barrier();
}

static void page(u32 address, u32 attributes)
{
    pages[address >> 12 & 0xff] = (MEMORY | 0x400000 | (address & 0xff000)) | PAGE | 0xc | attributes;
}

static void identity(u32 address, u32 count, u32 attributes)
{
    for (; count; count--, address += 0x100000)
        section(address, address | SECTION | attributes);
}

static void fill(void)
{
    identity(0x08000000, 32, DEVICE | XN | AP(1));
    identity(0x40000000, 128, NORMAL | AP(3));
    section(MAP_READ_ONLY, MEMORY | 0x100000 | SECTION | NORMAL | AP(5));
    section(MAP_XN, MEMORY | 0x200000 | SECTION | NORMAL | AP(3) | XN);
    section(MAP_DOMAIN, MEMORY | 0x300000 | SECTION | NORMAL | AP(3) | DOMAIN(NO_DOMAIN));
    section(MAP_PAGES, (u32)pages | TABLE);
    section(MAP_PRIVILEGED, MEMORY | 0x500000 | SECTION | NORMAL | AP(1));
    section(MAP_USER_READ, MEMORY | 0x600000 | SECTION | NORMAL | AP(2));
    section(MAP_NO_ACCESS, MEMORY | 0x700000 | SECTION | NORMAL | AP(0));
    section(MAP_NOTHING, MAP_NOWHERE | SECTION | NORMAL | AP(3));
    section(MAP_ACCESS, MEMORY | 0xa00000 | SECTION | NORMAL | AP(2));
    section(MAP_MANAGER, MEMORY | 0xb00000 | SECTION | NORMAL | AP(5) | DOMAIN(MANAGER));
    section(MAP_PXN, MEMORY | 0xc00000 | SECTION | NORMAL | AP(3) | PXN);
    section(MAP_BAD_TABLE, (u32)pages | TABLE | DOMAIN(NO_DOMAIN));
    section(MAP_PLAIN, MEMORY | 0xe00000 | SECTION | NORMAL | AP(3));
    section(MAP_WALK, MAP_NOWHERE | TABLE);
    for (u32 i = 0; i < 16; i++)
        section(MAP_SUPER + (i << 20), (MEMORY + 0x1000000) | SUPER | NORMAL | AP(1));
    section(0xfff00000, (u32)high_pages | TABLE);
    high_pages[0xf0] = (u32)high_vectors | PAGE | 0xc | PAGE_AP(1);

    page(PAGE_READ_ONLY, PAGE_AP(5));
    page(PAGE_XN, PAGE_AP(3) | PAGE_BIT_XN);
    page(PAGE_USER_READ, PAGE_AP(2));
    page(PAGE_PRIVILEGED, PAGE_AP(1));
    page(PAGE_PLAIN, PAGE_AP(3));
    page(PAGE_NO_ACCESS, 0);
    page(PAGE_ACCESS, PAGE_AP(2));
    pages[PAGE_NOTHING >> 12 & 0xff] = MAP_NOWHERE | PAGE | 0xc | PAGE_AP(3);
    for (u32 i = 0; i < 16; i++)
        pages[(PAGE_LARGE >> 12 & 0xff) + i] = (MEMORY | 0x410000) | LARGE | 0xc | PAGE_AP(5);
    /* The page before it must run, up to its last halfword. */
    pages[PAGE_BEFORE_LAST >> 12 & 0xff] = (MEMORY | 0x4ff000) | PAGE | 0xc | PAGE_AP(3);
}

/* Instructions that situations jump to; written while the MMU is off. */
static void plant(void)
{
    write32(MEMORY | 0xc00000, 0xe12fff1e);             /* bx lr behind MAP_PXN */
    write32(MEMORY | 0x4ffffc, 0xf7f0bf00);             /* nop; first half of udf.w */
    barrier();
}

void map_on(void)
{
    fill();
    plant();
    MCR(15, 0, 2, 0, 2, 0);                             /* TTBCR */
    MCR(15, 0, 2, 0, 0, (u32)sections);                 /* TTBR0 */
    MCR(15, 0, 3, 0, 0, DOMAINS);
    MCR(15, 0, 8, 7, 0, 0);                             /* TLBIALL */
    barrier();
    SET_SCTLR(SCTLR() | 1);
}

void map_off(void)
{
    SET_SCTLR(SCTLR() & ~1u);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
}

/* PAR as far as it is architecture for every implementation. */
static void show_par(const char *name)
{
    u32 par = MRC(15, 0, 7, 4, 0);
    begin(name);
    if (par & 1)
        result("PAR", par & 0x7f);                      /* F and FS */
    else
        result("PAR", par & 0xfffff000);                /* attributes vary */
}

#define TRANSLATE(op2, address, name) \
    do { MCR(15, 0, 7, 8, op2, address); show_par(name); } while (0)

void check_translation_operations(void)
{
    TRANSLATE(0, MAP_PLAIN + 0x2123, "ATS1CPR, section");
    TRANSLATE(0, PAGE_PLAIN + 0x123, "ATS1CPR, page");
    TRANSLATE(0, MAP_FAULT, "ATS1CPR, section translation");
    TRANSLATE(0, PAGE_FAULT, "ATS1CPR, page translation");
    TRANSLATE(0, MAP_DOMAIN, "ATS1CPR, domain");
    TRANSLATE(0, MAP_READ_ONLY, "ATS1CPR, read-only");
    TRANSLATE(1, MAP_READ_ONLY, "ATS1CPW, read-only");
    TRANSLATE(1, MAP_PLAIN, "ATS1CPW, section");
    TRANSLATE(2, MAP_PRIVILEGED, "ATS1CUR, privileged");
    TRANSLATE(2, MAP_USER_READ, "ATS1CUR, user-readable");
    TRANSLATE(3, MAP_USER_READ, "ATS1CUW, user-readable");
    TRANSLATE(3, PAGE_PLAIN, "ATS1CUW, page");
}
