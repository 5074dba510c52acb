/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The traps of ARMv5TE (ARM926EJ-S): its MMU, vectors, interworking and undefined space. */
#include "cpu.h"

#define MRC5(crn, crm, op2) \
    ({ u32 v_; asm volatile("mrc p15, 0, %0, c" #crn ", c" #crm ", " #op2 : "=r"(v_)); v_; })
#define MCR5(crn, crm, op2, value) \
    asm volatile("mcr p15, 0, %0, c" #crn ", c" #crm ", " #op2 : : "r"(value) : "memory")

#define SCTLR_M 0x0001u
#define SCTLR_A 0x0002u
#define SCTLR_S 0x0100u
#define SCTLR_R 0x0200u
#define SCTLR_V 0x2000u

#define SECTION    0x12u
#define COARSE     0x11u
#define FINE       0x13u
#define AP(n)      ((n) << 10)
#define AP_ALL(n)  ((n) * 0x550u)           /* the four subpages of a page */
#define DOMAIN(n)  ((n) << 5)
#define MEMORY     0x44000000u
#define DOMAINS    0x00000c01u              /* 0 client, 5 manager */
#define SVC_END    0xe0d0

#define MAP_FAULT      0x50000000u
#define MAP_DOMAIN     0x50100000u
#define MAP_MANAGER    0x50200000u
#define MAP_PAGES      0x50300000u
#define MAP_FINE       0x50400000u
#define MAP_PRIVILEGED 0x50500000u
#define MAP_USER_READ  0x50600000u
#define MAP_SR         0x50700000u          /* AP 0: rights by SCTLR.S and R */
#define MAP_BAD_TABLE  0x50800000u
#define MAP_PLAIN      0x50900000u

#define PAGE_FAULT     (MAP_PAGES + 0x0000)
#define PAGE_SUB       (MAP_PAGES + 0x1000) /* first subpage denied, second allowed */
#define PAGE_LARGE     (MAP_PAGES + 0x10000)
#define TINY_PLAIN     (MAP_FINE + 0x400)
#define TINY_FAULT     (MAP_FINE + 0x800)
#define TINY_DENIED    (MAP_FINE + 0xc00)

struct frame {
    u32 vector, spsr, cpsr, reserved, r[13], lr;
};

u32 run_user(void (*function)(void));
void unwind(u32 result) __attribute__((noreturn));
u32 interwork(void);
void user_svc(void), user_undefined(void), user_cp15(void), user_msr(void),
    user_thumb_svc(void), user_privileged(void), user_read_only(void);
extern u32 low_vectors[], high_vectors[];

static u32 sections[4096] __attribute__((aligned(16384)));
static u32 pages[256] __attribute__((aligned(1024)));
static u32 zero_pages[256] __attribute__((aligned(1024)));
static u32 high_pages[256] __attribute__((aligned(1024)));
static u32 tiny[1024] __attribute__((aligned(4096)));

static const char *name;
static u32 count;
static u32 resume;                          /* where a fetch that failed goes on */

static const char *const vectors[] = { "reset", "undef", "svc", "pabort", "dabort" };

static void begin(const char *text)
{
    name = text;
}

static void result(const char *what, u32 value)
{
    print(name);
    print(":");
    print_field(what, value);
    print("\n");
}

static u32 svc_number(const struct frame *frame)
{
    return frame->spsr & 0x20 ? *(u16 *)(frame->lr - 2) & 0xff : *(u32 *)(frame->lr - 4) & 0xffffff;
}

static void print_fault(u32 vector)
{
    u32 status = vector == 4 ? MRC5(5, 0, 0) : MRC5(5, 0, 1);
    if (vector == 3 && (status & 0xf) == 2)
        return;                             /* a breakpoint: nothing else is defined */
    if ((status & 0xf) == 5 || (status & 0xf) == 1)
        status &= ~0xf0u;                   /* no domain was known */
    print_field("fsr", status);
    if (vector == 4)
        print_field("far", MRC5(6, 0, 0));
}

void trap(struct frame *frame)
{
    u32 vector = frame->vector & 0xff;
    if (vector == 2 && svc_number(frame) == SVC_END)
        unwind(frame->r[0]);
    count++;
    print(name);
    print(": ");
    print(vectors[vector]);
    if (frame->vector >> 8)
        print(" high");
    print_field("spsr", frame->spsr & 0xff);
    print_field("cpsr", frame->cpsr & 0xff);
    if (vector == 2)
        print_field("number", svc_number(frame));
    if (vector >= 3)
        print_fault(vector);
    print("\n");
    if (vector == 4)
        frame->lr -= 4;
    else if (vector == 3 && (MRC5(5, 0, 1) & 0xf) != 2) {
        frame->lr = resume;
        frame->spsr &= ~0x20u;              /* jump() is ARM code */
    }
}

static void set_control(u32 clear, u32 set)
{
    u32 value = MRC5(1, 0, 0);
    MCR5(1, 0, 0, (value & ~clear) | set);
    MCR5(8, 7, 0, 0);
}

static void fill(void)
{
    for (u32 i = 0x400; i < 0x480; i++)
        sections[i] = i << 20 | SECTION | AP(3);
    sections[0] = (u32)zero_pages | COARSE;
    sections[0xfff] = (u32)high_pages | COARSE;
    zero_pages[0] = (u32)low_vectors | 2 | AP_ALL(1);
    high_pages[0xf0] = (u32)high_vectors | 2 | AP_ALL(1);
    sections[MAP_DOMAIN >> 20] = MEMORY | 0x100000 | SECTION | AP(3) | DOMAIN(3);
    sections[MAP_MANAGER >> 20] = MEMORY | 0x200000 | SECTION | AP(0) | DOMAIN(5);
    sections[MAP_PAGES >> 20] = (u32)pages | COARSE;
    sections[MAP_FINE >> 20] = (u32)tiny | FINE;
    sections[MAP_PRIVILEGED >> 20] = MEMORY | 0x500000 | SECTION | AP(1);
    sections[MAP_USER_READ >> 20] = MEMORY | 0x600000 | SECTION | AP(2);
    sections[MAP_SR >> 20] = MEMORY | 0x700000 | SECTION | AP(0);
    sections[MAP_BAD_TABLE >> 20] = (u32)pages | COARSE | DOMAIN(3);
    sections[MAP_PLAIN >> 20] = MEMORY | 0x900000 | SECTION | AP(3);
    pages[1] = (MEMORY | 0x301000) | 2 | 3 << 6 | 3 << 8 | 3 << 10;
    for (u32 i = 0; i < 16; i++)
        pages[16 + i] = (MEMORY | 0x310000) | 1 | AP_ALL(3);
    tiny[1] = (MEMORY | 0x400400) | 3 | 3 << 4;
    tiny[3] = (MEMORY | 0x400c00) | 3 | 0 << 4;
}

static void map_on(void)
{
    fill();
    MCR5(2, 0, 0, (u32)sections);
    MCR5(3, 0, 0, DOMAINS);
    MCR5(8, 7, 0, 0);
    set_control(SCTLR_A | SCTLR_S | SCTLR_R | SCTLR_V, SCTLR_M);
}

#define SITUATION(text, code) \
    do { begin(text); asm volatile(code : : : "r0", "r1", "r2", "r3", "lr", "cc", "memory"); } while (0)

static void load(const char *text, u32 address)
{
    begin(text);
    asm volatile("ldr r2, [%0]" : : "r"(address) : "r2", "memory");
}

static void store(const char *text, u32 address)
{
    begin(text);
    asm volatile("str r2, [%0]" : : "r"(address) : "r2", "memory");
}

static void jump(const char *text, u32 address)
{
    begin(text);
    asm volatile("adr r2, 1f\n\tstr r2, [%1]\n\tbx %0\n1:" : : "r"(address), "r"(&resume)
                 : "r2", "lr", "memory");
}

static void check_instructions(void)
{
    SITUATION("udf", ".inst 0xe7f000f0");
    SITUATION("svc", "svc #0x123");
    SITUATION("svc, condition failed", "cmp r0, r0\n\tsvcne #1");
    SITUATION("bkpt", ".inst 0xe1200070");
    SITUATION("ARMv6 rev", ".inst 0xe6bf0f30");
    SITUATION("ARMv6 uxtb", ".inst 0xe6ef0070");
    SITUATION("ARMv6 ldrex", ".inst 0xe1910f9f");
    SITUATION("ARMv7 movw", ".inst 0xe3010234");
    SITUATION("absent coprocessor", "mrc p5, 0, r0, c0, c0, 0");
    u32 high, low;
    begin("saturating and counting");
    asm volatile("qadd %0, %2, %2\n\tclz %1, %3" : "=&r"(high), "=r"(low)
                 : "r"(0x60000000), "r"(0x00010000));
    result("qadd", high);
    result("clz", low);
    begin("interworking");
    result("ways", interwork());
}

static void check_memory(void)
{
    load("load, section translation", MAP_FAULT + 4);
    store("store, section translation", MAP_FAULT + 8);
    load("load, page translation", PAGE_FAULT + 4);
    load("load, section domain", MAP_DOMAIN);
    store("store, page domain", MAP_BAD_TABLE + 0x1400);
    store("store, manager domain, allowed", MAP_MANAGER);
    load("load, first subpage, no access", PAGE_SUB + 0x10);
    store("store, second subpage, allowed", PAGE_SUB + 0x410);
    store("store, large page, allowed", PAGE_LARGE + 0xfffc);
    store("store, tiny page, allowed", TINY_PLAIN);
    load("load, tiny page, translation", TINY_FAULT + 8);
    load("load, tiny page, no access", TINY_DENIED + 4);
    jump("fetch, section translation", MAP_FAULT + 0x100);
    jump("fetch, page translation", PAGE_FAULT + 0x200);
    jump("fetch, section domain", MAP_DOMAIN + 0x100);
    jump("fetch, Thumb, section translation", MAP_FAULT + 0x101);
    load("load, AP 0 with S and R clear", MAP_SR);
    set_control(SCTLR_S, SCTLR_R);
    store("store, AP 0 with R", MAP_SR);
    load("load, AP 0 with R, allowed", MAP_SR);
    set_control(SCTLR_R, SCTLR_S);
    store("store, AP 0 with S", MAP_SR);
    load("load, AP 0 with S, allowed", MAP_SR);
    set_control(SCTLR_S | SCTLR_R, 0);

    u32 base = MAP_FAULT + 0x40;
    begin("ldm, base kept");
    asm volatile("ldm %0!, {r2, r3}" : "+r"(base) : : "r2", "r3", "memory");
    result("base", base);
    begin("str, pre-index, base kept");
    asm volatile("str r2, [%0, #-4]!" : "+r"(base) : : "memory");
    result("base", base);
    begin("swp");
    asm volatile("swp r2, r3, [%0]" : : "r"(MAP_FAULT) : "r2", "r3", "memory");
    begin("ldrt, privileged section");
    base = MAP_PRIVILEGED;
    asm volatile("ldrt r2, [%0], #4" : "+r"(base) : : "r2", "memory");
}

static void check_alignment(void)
{
    set_control(0, SCTLR_A);
    load("ldr, unaligned, SCTLR.A", MAP_PLAIN + 1);
    store("str, unaligned, SCTLR.A", MAP_PLAIN + 2);
    begin("ldrh, unaligned, SCTLR.A");
    asm volatile("ldrh r2, [%0]" : : "r"(MAP_PLAIN + 3) : "r2", "memory");
    set_control(SCTLR_A, 0);
}

static void check_user(void)
{
    begin("svc, user");
    run_user(user_svc);
    begin("udf, user");
    run_user(user_undefined);
    begin("CP15, user");
    run_user(user_cp15);
    begin("msr cpsr_c, user: ignored");
    result("cpsr", run_user(user_msr) & 0xf80000ff);
    begin("svc and udf, Thumb, user");
    run_user(user_thumb_svc);
    begin("load, privileged section, user");
    run_user(user_privileged);
    begin("store, user-readable section, user");
    result("then", run_user(user_read_only));
}

static void check_high_vectors(void)
{
    set_control(0, SCTLR_V);
    SITUATION("udf, high vectors", ".inst 0xe7f000f0");
    SITUATION("svc, high vectors", "svc #2");
    load("load, high vectors", MAP_FAULT);
    set_control(SCTLR_V, 0);
    SITUATION("svc, low vectors again", "svc #3");
}

int main(void)
{
    map_on();
    print("id:");
    print_field("midr", MRC5(0, 0, 0));
    print("\n");
    check_instructions();
    check_memory();
    check_alignment();
    check_user();
    check_high_vectors();
    print("== done: ");
    print_dec(count);
    print(" traps\n");
    return 0;
}
