/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code in a frame that has several addresses: executed by one and written by another, by the kernel
 * and by programs, in small and large pages, over the end of a page whose next one is gone or
 * another; and stores that first go to page tables and then elsewhere. */
#include "escape.h"
#include "../runtime/cpu.h"

#define P 1
#define RW 2
#define US 4
#define LARGE 0x80
#define CR0_WP 0x10000
#define CR0_PG 0x80000000u
#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define WINDOW 0x20000000                  /* its table is window[] */
#define EXECUTE (WINDOW + 0x0000)          /* read-only */
#define NEXT (WINDOW + 0x1000)
#define WRITE (WINDOW + 0x2000)
#define PROGRAM (WINDOW + 0x3000)
#define FIXED (WINDOW + 0x4000)
#define LAST (WINDOW + 0x5000)             /* behind it is nothing */
#define CHANGING (WINDOW + 0x8000)
#define TABLE (WINDOW + 0x10000)           /* window[] */
#define BIG 0x21000000
#define MEMORY 0x22000000                  /* the frames, writable */
#define FRAME 0x00805000
#define OTHER 0x00c05000                   /* as far into its four megabytes, and its two */
#define NEXT_A 0x00806000
#define NEXT_B 0x00807000

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 low[2][1024] __attribute__((aligned(4096)));
static u32 window[1024] __attribute__((aligned(4096)));
static unsigned long long pointers[4] __attribute__((aligned(32)));
static unsigned long long large[4][512] __attribute__((aligned(4096)));
u32 run_esp;

static const u8 pieces[][8] = {
    {0x9c, 0x58, 0x90, 0x90, 0x90},        /* pushf; pop eax */
    {0x0f, 0x01, 0xe0, 0x90, 0x90},        /* smsw eax */
    {0xb8, 0x07, 0, 0, 0},
    {0x8c, 0xd0, 0x90, 0x90, 0x90},        /* mov eax, ss */
    {0x0f, 0x00, 0xc8, 0x90, 0x90},        /* str eax */
    {0x16, 0x58, 0x90, 0x90, 0x90},        /* push ss; pop eax */
    {0x0f, 0x02, 0xc1, 0x90, 0x90},        /* lar eax, ecx */
};
static const u8 tail[] = {0x8c, 0xc9, 0xf6, 0xc1, 0x03, 0x75, 0x01, 0xc3, 0xcd, END}; /* RET or END, by CPL */

static void invlpg(u32 address)
{
    __asm__ volatile("invlpg %0" : : "m"(*(u8 *)address) : "memory");
}

static void map(u32 address, u32 entry)
{
    window[address >> 12 & 1023] = entry;
    invlpg(address);
}

/* What is in EAX when the code returns, or has faulted. */
static void run(const char *name, u32 code)
{
    u32 result;
    __asm__ volatile("movl $1f, expected_fault; push %%ebp; mov %%esp, run_esp; xor %%eax, %%eax;"
                     "mov $0x10, %%ecx; call *%%edx; 1: mov run_esp, %%esp; pop %%ebp;"
                     "movl $0, expected_fault"
                     : "=a"(result), "+d"(code) : : "ecx", "ebx", "esi", "edi", "memory", "cc");
    print_value(name, result);
}

static void put(u32 to, const u8 *code, u32 size)
{
    for (u32 i = 0; i < size; i++)
        ((volatile u8 *)to)[i] = code[i];
}

static void pieces_by_all_addresses(void)
{
    for (u32 i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        put(WRITE, pieces[i], 8);
        put(WRITE + 5, tail, sizeof tail);
        run("execute", EXECUTE);
        name_attempt("program");
        enter(PROGRAM, 3, 0, 2);
        run("again", EXECUTE);
        run("big", BIG + (FRAME & 0x3fffff));
        run("write", WRITE);
    }
}

/* No store: the address means another frame, which has other code. */
static void other_frames(void)
{
    put(MEMORY + (FRAME & 0x3fffff), pieces[1], 8);
    put(MEMORY + (FRAME & 0x3fffff) + 5, tail, sizeof tail);
    put(MEMORY + 0x400000 + (FRAME & 0x3fffff), pieces[3], 8);
    put(MEMORY + 0x400000 + (FRAME & 0x3fffff) + 5, tail, sizeof tail);
    for (u32 i = 0; i < 3; i++) {
        map(EXECUTE, OTHER | P);
        map(PROGRAM, OTHER | P | US);
        directory[BIG >> 22] = (OTHER & 0xffc00000) | P | LARGE;
        invlpg(BIG);
        run("other", EXECUTE);
        run("other big", BIG + (FRAME & 0x3fffff));
        name_attempt("other program");
        enter(PROGRAM, 3, 0, 2);
        map(EXECUTE, FRAME | P);
        map(PROGRAM, FRAME | P | US);
        directory[BIG >> 22] = (FRAME & 0xffc00000) | P | LARGE;
        invlpg(BIG);
        run("first", EXECUTE);
        run("first big", BIG + (FRAME & 0x3fffff));
        map(EXECUTE, 0);
        run("gone", EXECUTE);
        map(EXECUTE, FRAME | P);
    }
}

/* Each begins in the page and has its last bytes in the next one, by \size there. */
static void over_the_end(void)
{
    static const struct {
        u32 size;
        u8 code[4], other;
    } crossing[] = {
        {1, {0x0f, 0x20, 0xc0}, 0xd0},     /* mov eax, cr0; cr2 */
        {2, {0x0f, 0x20, 0xd8}, 0x21},     /* mov eax, cr3; dr3 */
        {1, {0x0f, 0x01, 0xe0}, 0xe1},     /* smsw eax; ecx */
        {1, {0x8c, 0xc8}, 0xd0},           /* mov eax, cs; ss */
        {1, {0x66, 0x9c, 0x66, 0x58}, 0x90},
    };
    for (u32 i = 0; i < sizeof crossing / sizeof *crossing; i++) {
        u32 length = crossing[i].code[2] ? crossing[i].code[3] ? 4 : 3 : 2;
        u32 at = 0x1000 - (length - crossing[i].size);
        static const u8 ret = 0xc3;
        put(MEMORY + (FRAME & 0x3fffff) + at, crossing[i].code, length - crossing[i].size);
        for (u32 b = 0; b < 2; b++) {
            u32 next = MEMORY + ((b ? NEXT_B : NEXT_A) & 0x3fffff);
            put(next, crossing[i].code + length - crossing[i].size, crossing[i].size);
            put(next + crossing[i].size, &ret, 1);
            if (b)
                put(next, &crossing[i].other, 1);
        }
        __asm__ volatile("mov %0, %%cr2" : : "r"(0x1234));
        map(NEXT, NEXT_A | P);
        run("next", EXECUTE + at);
        map(NEXT, 0);
        run("no next", EXECUTE + at);
        map(NEXT, NEXT_B | P);
        run("other next", EXECUTE + at);
        map(NEXT, NEXT_A | P);
        run("next", EXECUTE + at);
        put(MEMORY + (NEXT_A & 0x3fffff), &crossing[i].other, 1);
        run("changed", EXECUTE + at);
    }
}

/* MOV [EDI], EBX; what it stores into may be the NOPs behind it. */
static void trained_store(void)
{
    static const u8 store[] = {0x89, 0x1f, 0x90, 0x90, 0x90, 0x90};
    static const u32 replacements[] = {0x90589c90, 0x90e0010f, 0x9090d08c, 0x90589cfa, 0x90581e90, 0x90909090};
    static const u32 places[][2] = {
        {FIXED, 1}, {LAST + 0xffe, 2}, {LAST + 0xffc, 3}, {TABLE + 4 * 8 + 2, 0x12345678},
        {NEXT, 4}, {0xfffff000, 5}, {0xb8000, 6},
    };
    put(WRITE, store, sizeof store);
    put(WRITE + sizeof store, tail, sizeof tail);
    for (u32 i = 0; i < 60; i++) {
        u32 entry = (i & 1 ? NEXT_A : NEXT_B) | P | RW;
        __asm__ volatile("call *%0" : : "r"(EXECUTE), "b"(entry), "D"(TABLE + 4 * 8) : "eax", "ecx", "memory");
        invlpg(CHANGING);
        if (i % 7 == 0)
            print_value("page", *(volatile u32 *)CHANGING);
    }
    for (u32 i = 0; i < sizeof places / sizeof *places; i++) {
        u32 value = places[i][1];
        __asm__ volatile("movl $1f, expected_fault; mov %%esp, run_esp; call *%0;"
                         "1: mov run_esp, %%esp; movl $0, expected_fault"
                         : : "r"(EXECUTE), "b"(value), "D"(places[i][0]) : "eax", "ecx", "memory");
        print_value("stored", value);
    }
    print_value("screen", *(volatile u32 *)0xb8000);
    name_attempt("program stores");         /* EDI is PROGRAM, where it may not */
    enter(PROGRAM, 3, 0, 2);
    for (u32 round = 0; round < 2; round++)
        for (u32 i = 0; i < sizeof replacements / sizeof *replacements; i++) {
            u32 result = 0;
            __asm__ volatile("mov $0x10, %%ecx; call *%1"
                             : "+a"(result) : "r"(EXECUTE), "b"(replacements[i]), "D"(WRITE + 2)
                             : "ecx", "memory", "cc");
            print_value("its own block", result);
        }
}

/* The same in large pages of two megabytes. */
static void physical_address_extension(void)
{
    for (u32 i = 0; i < 2048; i++)
        large[i >> 9][i & 511] = 0;
    for (u32 i = 0; i < 4; i++) {
        pointers[i] = (u32)large[i] | P;
        large[0][i] = i << 21 | P | RW | US | LARGE;
    }
    large[0][MEMORY >> 21] = (FRAME & 0xffe00000) | P | RW | LARGE;
    large[0][(MEMORY >> 21) + 1] = (OTHER & 0xffe00000) | P | RW | LARGE;
    write_cr4(read_cr4() | CR4_PAE);
    write_cr3((u32)pointers);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
    for (u32 i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        put(MEMORY + (FRAME & 0x1fffff), pieces[i], 8);
        put(MEMORY + (FRAME & 0x1fffff) + 5, tail, sizeof tail);
        large[0][BIG >> 21] = (FRAME & 0xffe00000) | P | LARGE;
        invlpg(BIG);
        run("2 MiB", BIG + (FRAME & 0x1fffff));
        large[0][BIG >> 21] = (OTHER & 0xffe00000) | P | US | LARGE;
        invlpg(BIG);
        run("others", BIG + (FRAME & 0x1fffff));
        name_attempt("program");
        enter(BIG + (FRAME & 0x1fffff), 3, 0, 2);
    }
    large[0][BIG >> 21] = 0;
    write_cr3((u32)pointers);
    run("gone", BIG);
    write_cr0(read_cr0() & ~(CR0_PG | CR0_WP));
    write_cr4(read_cr4() & ~(u32)CR4_PAE);
}

void code_by_several_addresses(void)
{
    if (!(cpu_features() & CPUID_PSE))
        return;
    for (u32 i = 0; i < 2048; i++)
        low[i >> 10][i & 1023] = i << 12 | P | RW | US;
    directory[0] = (u32)low[0] | P | RW | US;
    directory[1] = (u32)low[1] | P | RW | US;
    directory[WINDOW >> 22] = (u32)window | P | RW | US;
    directory[BIG >> 22] = (FRAME & 0xffc00000) | P | LARGE;
    directory[MEMORY >> 22] = (FRAME & 0xffc00000) | P | RW | LARGE;
    directory[(MEMORY >> 22) + 1] = (OTHER & 0xffc00000) | P | RW | LARGE;
    window[EXECUTE >> 12 & 1023] = FRAME | P;
    window[WRITE >> 12 & 1023] = FRAME | P | RW;
    window[PROGRAM >> 12 & 1023] = FRAME | P | US;
    window[FIXED >> 12 & 1023] = NEXT_A | P;
    window[LAST >> 12 & 1023] = NEXT_B | P | RW;
    window[TABLE >> 12 & 1023] = (u32)window | P | RW;
    write_cr4(read_cr4() | CR4_PSE);
    write_cr3((u32)directory);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
    pieces_by_all_addresses();
    other_frames();
    over_the_end();
    trained_store();
    write_cr0(read_cr0() & ~(CR0_PG | CR0_WP));
    write_cr4(read_cr4() & ~(u32)CR4_PSE);
    if (cpu_features() & CPUID_PAE)
        physical_address_extension();
}
