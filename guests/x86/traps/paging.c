/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables: the first 4 MiB identity mapped for everybody, then the window. */
#include "situation.h"
#include "../runtime/cpu.h"

#define P            1
#define RW           2
#define US           4
#define PS           0x80
#define CR0_PG       0x80000000
#define CR0_WP       0x00010000
#define CR4_PSE      0x10
#define CR4_PAE      0x20
#define EFER         0xc0000080
#define EFER_NXE     0x800
#define NX           0x8000000000000000ull
#define FRAME(page)  ((u32)(page) & 0xfffff000)

u32 page_directory[1024] __attribute__((aligned(4096)));
static u32 other_directory[1024] __attribute__((aligned(4096)));
static u32 low_table[1024] __attribute__((aligned(4096)));
u32 window_table[1024] __attribute__((aligned(4096)));
static u32 other_table[1024] __attribute__((aligned(4096)));
static u64 pointers[4] __attribute__((aligned(32)));
static u64 wide_directory[512] __attribute__((aligned(4096)));
static u64 wide_table[512] __attribute__((aligned(4096)));
u8 frame_a[4096] __attribute__((aligned(4096)));
u8 frame_b[4096] __attribute__((aligned(4096)));
const u32 other_cr3 = (u32)other_directory;

#define OPCODE_RET 0xc3

static void fill_frames(void)
{
    for (int i = 0; i < 4096; i++) {
        frame_a[i] = 0xaa;
        frame_b[i] = 0xbb;
    }
    frame_a[0] = OPCODE_RET;
}

void restore_paging(void)
{
    write_cr0(read_cr0() & ~CR0_PG);
    if (cpu_extended_features() & CPUID_NX)
        wrmsr(EFER, 0);
}

static void build_tables(void)
{
    fill_frames();
    for (u32 i = 0; i < 1024; i++) {
        page_directory[i] = other_directory[i] = window_table[i] = other_table[i] = 0;
        low_table[i] = i << 12 | P | RW | US;
    }
    page_directory[0] = other_directory[0] = (u32)low_table | P | RW | US;
    page_directory[WINDOW >> 22] = (u32)window_table | P | RW | US;
    page_directory[BIG_PAGE >> 22] = P | RW | US | PS;
    page_directory[BIG_BAD >> 22] = 0x200000 | P | RW | US | PS;
    page_directory[DIR_RO >> 22] = (u32)window_table | P | US;
    page_directory[DIR_SUP >> 22] = (u32)window_table | P | RW;
    other_directory[WINDOW >> 22] = (u32)other_table | P | RW | US;
    window_table[0] = (u32)frame_a | P | RW | US;
    window_table[2] = (u32)frame_a | P | US;
    window_table[3] = (u32)frame_a | P | RW;
    window_table[4] = (u32)frame_a | P;
    window_table[5] = (u32)frame_a | P | RW | US;
    other_table[0] = (u32)frame_b | P | RW | US;
}

static void switch_on(u32 cr0_bits)
{
    write_cr3((u32)page_directory);
    write_cr0(read_cr0() | CR0_PG | cr0_bits);
}

void with_paging(void)
{
    build_tables();
    switch_on(0);
}

void with_write_protect(void)
{
    build_tables();
    switch_on(CR0_WP);
}

void with_big_pages(void)
{
    build_tables();
    write_cr4(CR4_PSE);
    switch_on(0);
}

static void build_wide_tables(void)
{
    fill_frames();
    for (u32 i = 0; i < 512; i++)
        wide_directory[i] = wide_table[i] = 0;
    pointers[0] = (u32)wide_directory | P;
    pointers[1] = pointers[2] = pointers[3] = 0;
    wide_directory[0] = P | RW | US | PS;
    wide_directory[1] = 0x200000 | P | RW | US | PS;
    wide_directory[WINDOW >> 21] = (u32)wide_table | P | RW | US;
    wide_table[0] = (u32)frame_a | P | RW | US;
    wide_table[2] = (u32)frame_a | P | US;
    wide_table[3] = (u32)frame_a | P | RW;
    wide_table[4] = (u32)frame_a | P;
    wide_table[5] = (u32)frame_a | P | RW | US | NX;
    write_cr4(CR4_PAE);
    write_cr3((u32)pointers);
}

/* Without EFER.NXE the NX bit is a reserved bit. */
void with_pae(void)
{
    build_wide_tables();
    write_cr0(read_cr0() | CR0_PG);
}

void with_nx(void)
{
    build_wide_tables();
    wrmsr(EFER, EFER_NXE);
    write_cr0(read_cr0() | CR0_PG);
}

int fix_map_page(struct frame *f)
{
    u32 index = read_cr2() >> 12 & 0x3ff;
    if (f->vector != 14)
        return 0;
    window_table[index] = (u32)frame_b | P | RW | US;
    return 0;
}

/* Ring 0's stack begins where nothing is mapped, so delivery itself faults. */
void prepare_unmapped_esp0(void)
{
    set_gate(&idt[8], TSS_FAULT, 0, GATE_TASK_AC, 0);
    with_paging();
    tss_main.tss.esp0 = PAGE_NP + 0x1000;
}

void prepare_unmapped_esp1(void)
{
    with_paging();
    tss_main.tss.esp1 = PAGE_NP + 0x1000;
}

/* The GDT seen through the window: its second page is missing. */
void prepare_unmapped_gdt(void)
{
    struct table_register gdtr = {0xffff, PAGE_NP - sizeof gdt};
    with_paging();
    for (u32 i = 0; i < sizeof gdt; i++)
        frame_a[4096 - sizeof gdt + i] = ((u8 *)gdt)[i];
    __asm__ volatile("lgdt %0" : : "m"(gdtr));
}
