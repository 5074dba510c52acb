/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where traps go (VBAR, SCTLR.V, SCTLR.TE), and code and translations that change. */
#include "situation.h"

#define SCTLR_I  0x00001000u
#define SCTLR_C  0x00000004u
#define SCTLR_V  0x00002000u
#define SCTLR_TE 0x40000000u

#define UDF_INSTRUCTION ".inst 0xe7f000f0"

static void each_kind(void)
{
    asm volatile(UDF_INSTRUCTION);
    asm volatile("svc #0x31" : : : "lr", "memory");
    asm volatile("bkpt #1" : : : "memory");
    asm volatile("ldr r12, [%0]" : : "r"(MAP_FAULT) : "r12", "memory");
}

void check_vectors(void)
{
    begin("VBAR moved");
    SET_VBAR(moved_vectors);
    each_kind();
    SET_VBAR(low_vectors);
    begin("VBAR moved back");
    asm volatile(UDF_INSTRUCTION);

    begin("high vectors");
    SET_SCTLR(SCTLR() | SCTLR_V);
    each_kind();
    SET_SCTLR(SCTLR() & ~SCTLR_V);

    begin("Thumb handlers");
    SET_VBAR(thumb_vectors);
    SET_SCTLR(SCTLR() | SCTLR_TE);
    each_kind();
    SET_SCTLR(SCTLR() & ~SCTLR_TE);
    SET_VBAR(low_vectors);
    begin("ARM handlers again");
    asm volatile("svc #0x32" : : : "lr", "memory");
}

static u32 code[8] __attribute__((aligned(64)));

static void make_visible(u32 *address)
{
    MCR(15, 0, 7, 11, 1, (u32)address);    /* DCCMVAU */
    asm volatile("dsb" : : : "memory");
    MCR(15, 0, 7, 5, 1, (u32)address);     /* ICIMVAU */
    MCR(15, 0, 7, 5, 6, 0);                /* BPIALL */
    barrier();
}

static u32 call(u32 *address)
{
    return ((u32 (*)(void))address)();
}

static void change_code(void)
{
    u32 sum = 0;
    begin("self-modifying code");
    code[1] = 0xe12fff1e;                  /* bx lr */
    for (u32 i = 1; i <= 16; i++) {
        code[0] = 0xe3a00000 | i;          /* mov r0, #i */
        make_visible(code);
        sum = sum * 3 + call(code);
    }
    result("sum", sum);
    code[0] = 0xe7f000f0;
    code[1] = 0xe3a000aa;
    code[2] = 0xe12fff1e;
    make_visible(code);
    begin("code changed into udf");
    result("r0", call(code));
}

/* Patches the instruction right behind the barrier, in one straight run. */
static void change_code_ahead(void)
{
    register u32 value asm("r0");
    asm volatile(
        "adr r1, 1f\n\t"
        "ldr r2, 2f\n\t"
        "str r2, [r1]\n\t"
        "mcr p15, 0, r1, c7, c11, 1\n\t"
        "dsb\n\t"
        "mcr p15, 0, r1, c7, c5, 1\n\t"
        "mcr p15, 0, r1, c7, c5, 6\n\t"
        "dsb\n\t"
        "isb\n"
        "1:\tmov r0, #1\n\t"
        "b 3f\n"
        "2:\tmov r0, #2\n"
        "3:"
        : "=r"(value) : : "r1", "r2", "memory");
    u32 seen = value;
    begin("code changed right ahead");
    result("r0", seen);
}

static void change_translation(void)
{
    volatile u32 *page = (volatile u32 *)PAGE_PLAIN;
    u32 first = 0x44405000, second = 0x44480000;
    *(volatile u32 *)first = 0x11111111;
    *(volatile u32 *)second = 0x22222222;
    begin("page moved, TLBIMVA");
    set_page(PAGE_PLAIN, first | 0x3e);
    MCR(15, 0, 8, 7, 1, PAGE_PLAIN);
    barrier();
    result("before", *page);
    set_page(PAGE_PLAIN, second | 0x3e);
    MCR(15, 0, 8, 7, 1, PAGE_PLAIN);
    barrier();
    result("after", *page);
    begin("page taken away, TLBIMVA");
    set_page(PAGE_PLAIN, 0);
    MCR(15, 0, 8, 7, 1, PAGE_PLAIN);
    barrier();
    asm volatile("ldr r12, [%0]" : : "r"(page) : "r12", "memory");
    begin("page given back, TLBIALL");
    set_page(PAGE_PLAIN, first | 0x3e);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
    result("value", *page);
    begin("page made read-only, TLBIMVAA");
    set_page(PAGE_PLAIN, first | 0x21e);
    MCR(15, 0, 8, 7, 3, PAGE_PLAIN);
    barrier();
    asm volatile("str r12, [%0]" : : "r"(page) : "memory");
    set_page(PAGE_PLAIN, first | 0x3e);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
}

void check_code_changes(void)
{
    SET_SCTLR(SCTLR() | SCTLR_C | SCTLR_I);
    change_code();
    change_code_ahead();
    change_translation();
}
