/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code that is read, written and run: what is read is what was written, what runs too. */
#include "escape.h"
#include "../runtime/cpu.h"

static u8 page[8192] __attribute__((aligned(4096)));

static const struct {
    const char *name;
    u32 size;
    u8 code[14];                           /* returns in EAX */
} pieces[] = {
    {"pushf", 3, {0x9c, 0x58, 0xc3}},
    {"nop", 7, {0x90, 0xb8, 1, 0, 0, 0, 0xc3}},
    {"smsw", 4, {0x0f, 0x01, 0xe0, 0xc3}},
    {"mov-cr0", 4, {0x0f, 0x20, 0xc0, 0xc3}},
    {"sti-pushf-cli", 6, {0xfb, 0x9c, 0xfa, 0x58, 0xc3}},
    {"into", 7, {0xce, 0xb8, 2, 0, 0, 0, 0xc3}},
    {"padded-into", 9, {0x3e, 0x3e, 0xce, 0xb8, 3, 0, 0, 0, 0xc3}},
    {"padded-cli", 8, {0x3e, 0x3e, 0xfa, 0x9c, 0x58, 0xc3}},
    {"str", 4, {0x0f, 0x00, 0xc8, 0xc3}},
    {"lar", 7, {0x89, 0xd0, 0x0f, 0x02, 0xc0, 0xc3}},
    {"mov-cs", 3, {0x8c, 0xc8, 0xc3}},
    {"push-ss", 3, {0x16, 0x58, 0xc3}},
    {"operand-size", 6, {0x66, 0x9c, 0x66, 0x58, 0xc3}},
};

static u32 run(const u8 *code)
{
    u32 result;
    __asm__ volatile("xor %%eax, %%eax; mov %2, %%edx; call *%1"
                     : "=a"(result) : "r"(code), "i"(CODE0) : "edx", "memory", "cc");
    return result;
}

static u32 sum(const u8 *from, const u8 *to)
{
    u32 result = 0;
    while (from < to)
        result = result * 33 + *from++;
    return result;
}

/* Every piece in the same place, read back before and after it ran. */
static void pieces_in_one_place(u8 *place)
{
    for (int round = 0; round < 2; round++)
        for (u32 i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            u32 before, result;
            for (u32 b = 0; b < pieces[i].size; b++)
                place[b] = pieces[i].code[b];
            before = sum(place, place + pieces[i].size);
            result = run(place);
            print("code ");
            print(pieces[i].name);
            print_field("is", result);
            print_field("sum", before);
            print_value(sum(place, place + pieces[i].size) == before ? " kept" : " changed", before);
        }
}

/* A loop that turns its own next instruction from NOP into CLI, STI and back. */
static void next_instruction(void)
{
    static const u8 turns[] = {0xfa, 0xfb, 0x90, 0x9b, 0xfb, 0xfa};
    for (u32 i = 0; i < sizeof turns; i++) {
        u32 flags;
        __asm__ volatile("cli; movb %1, 1f; 1: nop; pushfl; popl %0; cli; movb $0x90, 1b"
                         : "=r"(flags) : "q"(turns[i]) : "memory");
        print_value("next", flags);
    }
}

/* Instructions that a monitor does store over the ones behind them, and those are what runs next. */
static void overwrites_what_follows(void)
{
    static u32 scratch[4];
    static const struct table_register odd = {0x9090, 0x90409040};  /* as code: INC EAX, twice */
    struct table_register saved, interrupts;
    __asm__ volatile("sgdt %0; sidt %1" : "=m"(saved), "=m"(interrupts));
    for (u32 i = 0; i < 3; i++) {
        u32 low = (u32)scratch, count = 0;
        __asm__ volatile("mov %%esp, %%ebp; movl $0x90909090, 1f; mov $1f + 4, %%esp; cmp %%eax, %%eax; pushf;"
                         "1: nop; nop; nop; nop; .byte 0xc0; nop; mov %%ebp, %%esp"
                         : "+a"(low), "+S"(count) : : "ebp", "memory", "cc");
        print_value("pushf over", count + low - (u32)scratch);
        count = 0;
        __asm__ volatile("movl $0x90909090, 1f; movw $0x9090, 1f + 4; lgdt %1; sgdt 1f;"
                         "1: nop; nop; nop; nop; nop; nop; lgdt %2"
                         : "+a"(count) : "m"(odd), "m"(saved) : "memory");
        print_value("sgdt over", count);
        count = 0;
        __asm__ volatile("movl $0x90909090, 1f; movw $0x9090, 1f + 4; lidt %1; sidt 1f;"
                         "1: nop; nop; nop; nop; nop; nop; lidt %2"
                         : "+a"(count) : "m"(odd), "m"(interrupts) : "memory");
        print_value("sidt over", count);
        low = (u32)scratch;
        scratch[0] = 0x12345678;
        __asm__ volatile("movw $0x9090, 1f; stc; smsw 1f; 1: nop; nop" : "+a"(low) : : "memory", "cc");
        print_value("smsw over", scratch[0] + low);
        __asm__ volatile("movw $0x9090, 1f; xor %0, %0; str 1f; 1: nop; nop; setz %b0"
                         : "=&d"(count), "+a"(low) : : "memory", "cc");
        print_value("str over", count);
    }
}

void code_that_changes(void)
{
    extern u8 enter_trap[];
    print_value("text", sum((u8 *)0x100000, enter_trap));
    pieces_in_one_place(page + 16);
    pieces_in_one_place(page + 4093);      /* across two pages */
    next_instruction();
    overwrites_what_follows();
    print_value("text", sum((u8 *)0x100000, enter_trap));
}
