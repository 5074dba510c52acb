/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The random x86 system that a stream runs in: mode, descriptor tables, task
 * segments, page tables (Intel SDM volume 3A, chapters 3 to 7). */
#include "x86.h"

enum { GDT = TABLES, TSS32 = TABLES + 0x400, TSS16 = TABLES + 0x500, LDT = TABLES + 0x600 };
enum { TSS_OTHER = TABLES + 0x800, HANDLERS = VECTORS + 0x900 };
enum { CODE0 = 1, DATA0, CODE3, DATA3, CODE16, DATA16, CODE16_3, DATA16_3, TSS, TASK_OTHER, TASK16 };
enum { DESCRIPTORS = 24 };
enum mode { REAL, PROTECTED, PROTECTED16, VM86 };

static void put32(struct fuzz *f, uint32_t at, uint32_t word) { memcpy(f->host + at, &word, 4); }
static void put16(struct fuzz *f, uint32_t at, uint32_t half) { memcpy(f->host + at, &half, 2); }

static void descriptor(struct fuzz *f, uint32_t at, uint32_t base, uint32_t limit, uint32_t flags)
{
    put32(f, at, (base & 0xffff) << 16 | (limit & 0xffff));
    put32(f, at + 4, (base & 0xff000000) | (base >> 16 & 0xff) | (limit & 0xf0000) | flags);
}

static void descriptor_tables(struct fuzz *f)
{
    uint32_t at = f->region;

    put32(f, GDT, 0);
    put32(f, GDT + 4, 0);
    descriptor(f, GDT + 8 * CODE0, 0, 0xfffff, 0xc09b00);
    descriptor(f, GDT + 8 * DATA0, 0, 0xfffff, 0xc09300);
    descriptor(f, GDT + 8 * CODE3, 0, 0xfffff, 0xc0fb00);
    descriptor(f, GDT + 8 * DATA3, 0, 0xfffff, 0xc0f300);
    descriptor(f, GDT + 8 * CODE16, at, 0xffff, 0x009b00);
    descriptor(f, GDT + 8 * DATA16, at, 0xffff, 0x009300);
    descriptor(f, GDT + 8 * CODE16_3, at, 0xffff, 0x00fb00);
    descriptor(f, GDT + 8 * DATA16_3, at, 0xffff, 0x00f300);
    descriptor(f, GDT + 8 * TSS, at + TSS32, 0xff, 0x008b00);
    descriptor(f, GDT + 8 * TASK_OTHER, at + TSS_OTHER, chance(f, 90) ? 0x67 : bits(f, 7),
               0x008900 | bits(f, 2) << 13);
    descriptor(f, GDT + 8 * TASK16, at + TSS16, 0x2b, 0x008100);
    for (uint32_t i = TASK16 + 1; i < DESCRIPTORS; i++) {
        uint32_t type = bits(f, 5) << 8 | bits(f, 2) << 13 | (chance(f, 90) ? 0x8000 : 0);
        switch (below(f, 4)) {
        case 0: /* gates */
            put32(f, GDT + 8 * i, below(f, DESCRIPTORS) << 19 | ((at + CODE + bits(f, 8)) & 0xffff));
            put32(f, GDT + 8 * i + 4, (at & 0xffff0000) | (type & 0xef00) | bits(f, 3));
            break;
        case 1: put32(f, GDT + 8 * i, bits(f, 32)); put32(f, GDT + 8 * i + 4, bits(f, 32)); break;
        case 2: descriptor(f, GDT + 8 * i, at + LDT, 0xff, 0x8200); break;
        default: descriptor(f, GDT + 8 * i, chance(f, 50) ? at : interesting(f), bits(f, 20),
                            type | bits(f, 4) << 20);
        }
    }
    for (uint32_t i = 0; i < 16; i++)
        put32(f, LDT + 4 * i, chance(f, 50) ? 0x00cff300 : bits(f, 32));
    while (chance(f, 15))
        put32(f, GDT + 4 * below(f, 2 * DESCRIPTORS), bits(f, 32));
}

static void task_segment(struct fuzz *f, uint32_t at, bool running)
{
    for (uint32_t i = 0; i < 26; i++)
        put32(f, at + 4 * i, interesting(f));
    for (uint32_t i = 26; i < 40; i++)
        put32(f, at + 4 * i, chance(f, 50) ? 0 : bits(f, 32));
    put32(f, at, 8 * (chance(f, 60) ? (uint32_t)TASK_OTHER : below(f, DESCRIPTORS)));
    for (uint32_t i = 0; i < 3; i++) { /* stacks of rings 0 to 2 */
        put32(f, at + 4 + 8 * i, chance(f, 90) ? f->region + STACK + 0x800 : interesting(f));
        put32(f, at + 8 + 8 * i, chance(f, 90) ? 8u * DATA0 : 8 * below(f, DESCRIPTORS) + i);
    }
    if (!running) {
        bool user = chance(f, 40);
        put32(f, at + 0x1c, f->region + PAGES);
        put32(f, at + 0x20, f->region + CODE + bits(f, 6));
        put32(f, at + 0x24, 2 | (chance(f, 20) ? bits(f, 18) : 0));
        for (uint32_t i = 0; i < 6; i++)
            put32(f, at + 0x48 + 4 * i, user ? 8 * DATA3 + 3 : 8 * DATA0);
        put32(f, at + 0x4c, user ? 8 * CODE3 + 3 : 8 * CODE0);
        put32(f, at + 0x60, chance(f, 80) ? 0 : 8 * below(f, DESCRIPTORS));
        if (chance(f, 20))
            put32(f, at + 0x48 + 4 * below(f, 7), bits(f, 8));
    }
    put32(f, at + 0x64, 104u << 16 | (chance(f, 10) ? 1 : 0)); /* I/O permission bitmap */
}

/* Handlers that go on one byte behind the instruction that trapped. */
static void interrupt_table(struct fuzz *f, bool real)
{
    static const uint8_t skip[] = {0xff, 0x04, 0x24, 0xcf};                   /* inc [esp]; iret */
    static const uint8_t skip_code[] = {0x83, 0xc4, 4, 0xff, 0x04, 0x24, 0xcf}; /* add esp, 4; ... */
    static const uint8_t skip_real[] = {0x55, 0x89, 0xe5, 0xff, 0x46, 2, 0x5d, 0xcf};
    bool good = chance(f, 70);

    memcpy(f->host + HANDLERS, skip, sizeof skip);
    memcpy(f->host + HANDLERS + 0x10, skip_code, sizeof skip_code);
    memcpy(f->host + HANDLERS + 0x20, skip_real, sizeof skip_real);
    memcpy(f->ram + 0x7000, skip_real, sizeof skip_real);
    for (uint32_t i = 0; i < (real ? 256u : 0u); i++)
        put32(f, VECTORS + 4 * i, good ? 0x07000000 : interesting(f));
    for (uint32_t i = 0; i < (real ? 0u : 256u); i++) {
        bool with_code = i == 8 || (i >= 10 && i <= 14) || i == 17;
        uint32_t offset = f->region + HANDLERS + (with_code ? 0x10 : 0);
        put32(f, VECTORS + 8 * i, 8u * CODE0 << 16 | (offset & 0xffff));
        put32(f, VECTORS + 8 * i + 4, (offset & 0xffff0000) | (i < 32 ? 0x8e00 : 0xee00));
    }
    for (int i = good ? (int)below(f, 4) : 40; i > 0; i--) {
        uint32_t at = VECTORS + 8 * (chance(f, 80) ? bits(f, 5) : bits(f, 8));
        put16(f, at + 2, 8 * below(f, DESCRIPTORS) | (chance(f, 20) ? bits(f, 3) : 0));
        f->host[at + 5] = (uint8_t)(0x80 | bits(f, 8));
    }
    f->shape |= good ? 0 : 16;
}

static void page_tables(struct fuzz *f, bool pae)
{
    static const uint32_t present = 0xe7; /* 4 MiB (PAE: 2 MiB), dirty, accessed, user, writable */

    if (pae) {
        for (uint32_t i = 0; i < 4; i++) {
            put32(f, DATA + 0x800 + 8 * i, (f->region + PAGES) | 1);
            put32(f, DATA + 0x800 + 8 * i + 4, 0);
        }
        for (uint32_t i = 0; i < 512; i++) {
            put32(f, PAGES + 8 * i, i << 21 | present);
            put32(f, PAGES + 8 * i + 4, 0);
        }
    } else {
        for (uint32_t i = 0; i < 1024; i++)
            put32(f, PAGES + 4 * i, i << 22 | present);
    }
    for (uint32_t i = 0; i < 64; i++) /* a table that broken entries lead to */
        put32(f, PAGES + 0x1000 + 4 * i, chance(f, 60) ? (f->region + 0x1000 * (i & 7)) | 7 : bits(f, 32));
    for (int i = (int)below(f, 100); i > 0; i--)
        put32(f, PAGES + 4 * (chance(f, 20) ? bits(f, 5) : bits(f, 10)),
              chance(f, 50) ? (f->region + PAGES + 0x1000) | bits(f, 12) : bits(f, 32));
}

static void set_segment(struct fuzz *f, int index, uint32_t selector, uint32_t base, uint32_t limit,
                        uint32_t flags)
{
    char *at = (char *)f->v->env + X86_SEGS + 24 * index;

    FIELD(uint32_t, at, 0) = selector;
    FIELD(uint64_t, at, 8) = base;
    FIELD(uint32_t, at, 16) = limit;
    FIELD(uint32_t, at, 20) = flags;
}

enum { SEG_LDT = 6, SEG_TR = 7, SEG_GDT = 8, SEG_IDT = 9 };

static void segments(struct fuzz *f, enum mode mode)
{
    uint32_t cs = mode == PROTECTED ? (f->user ? CODE3 : CODE0) : f->user ? CODE16_3 : CODE16;
    uint32_t ds = mode == PROTECTED ? (f->user ? DATA3 : DATA0) : f->user ? DATA16_3 : DATA16;
    uint32_t rpl = f->user ? 3 : 0, dpl = rpl << 13;

    for (int i = 0; i < 6; i++) {
        bool code = i == 1;
        if (mode == PROTECTED)
            set_segment(f, i, 8 * (code ? cs : ds) | rpl, 0, 0xffffffff,
                        (code ? 0xcf9b00 : 0xcf9300) | dpl);
        else if (mode == PROTECTED16)
            set_segment(f, i, 8 * (code ? cs : ds) | rpl, f->region, 0xffff,
                        (code ? 0x009b00 : 0x009300) | dpl);
        else if (mode == VM86) /* below 1 MiB only: the region is copied there */
            set_segment(f, i, 0x1000, 0x10000, 0xffff, 0xf300);
        else
            set_segment(f, i, f->region >> 4 & 0xffff, f->region, 0xffff, code ? 0x9b00 : 0x9300);
    }
    set_segment(f, SEG_TR, 8 * TSS, f->region + TSS32, 0xff, 0x8900); /* the engine keeps no busy bit */
    set_segment(f, SEG_LDT, 0, chance(f, 50) ? f->region + LDT : 0, 0xff, 0x8200);
    set_segment(f, SEG_GDT, 0, f->region + GDT, chance(f, 95) ? 8 * DESCRIPTORS - 1 : bits(f, 16), 0);
    set_segment(f, SEG_IDT, 0, f->region + VECTORS, chance(f, 95) ? 0x7ff : bits(f, 16), 0);
}

enum { CPL = 3, CS32 = 1 << 4, SS32 = 1 << 5, ADDSEG = 1 << 6 };

void x86_stream(struct fuzz *f)
{
    typedef void (*update_fn)(void *, uint32_t);
    static update_fn update_cr0, update_cr4, update_dr7;
    void *env = f->v->env;
    enum mode mode = f->user ? 1 + below(f, 3) : below(f, 3);
    bool paged = mode != REAL && chance(f, 40), pae = paged && chance(f, 30);
    uint32_t flags = 2, hflags;

    if (!update_cr0) {
        update_cr0 = (update_fn)(uintptr_t)engine_function("cpu_x86_update_cr0_x86_64");
        update_dr7 = (update_fn)(uintptr_t)engine_function("cpu_x86_update_dr7_x86_64");
        update_cr4 = (update_fn)(uintptr_t)engine_function("cpu_x86_update_cr4_x86_64");
    }
    x86_code(f, mode == PROTECTED);
    descriptor_tables(f);
    task_segment(f, TSS32, true);
    task_segment(f, TSS_OTHER, false);
    for (uint32_t i = 0; i < 11; i++)
        put32(f, TSS16 + 4 * i, interesting(f));
    interrupt_table(f, mode == REAL);
    if (paged)
        page_tables(f, pae);
    if (mode == VM86)
        memcpy(f->ram + 0x10000, f->host + CODE, VECTORS - CODE);
    segments(f, mode);
    for (int i = 0; i < 8; i++)
        FIELD(uint64_t, env, X86_REGS + 8 * i) = mode == PROTECTED ? interesting(f) : interesting(f) & 0xffff;
    if (chance(f, 85))
        FIELD(uint64_t, env, X86_REGS + 8 * 4)
            = mode == PROTECTED ? f->region + STACK + 0x400 : STACK + 0x400;
    FIELD(uint64_t, env, X86_EIP) = (mode == PROTECTED ? f->region : 0) + CODE
        + (chance(f, 90) ? 0 : bits(f, 8));
    flags |= (chance(f, 50) ? 1u << 9 : 0) | (chance(f, 20) ? 3u << 12 : 0)
        | (chance(f, 4) ? 1u << 8 : 0) | (chance(f, 4) ? 1u << 14 : 0) | (chance(f, 5) ? 1u << 18 : 0)
        | (chance(f, 3) ? 1u << 16 : 0) | (mode == VM86 ? 1u << 17 : 0);
    FIELD(uint64_t, env, X86_EFLAGS) = flags;
    FIELD(uint64_t, env, X86_EFLAGS + 16) = bits(f, 32) & 0x8d5; /* cc_src */
    FIELD(int32_t, env, X86_CC_OP) = 1;                          /* CC_OP_EFLAGS */
    FIELD(int32_t, env, X86_CC_OP + 4) = chance(f, 80) ? 1 : -1; /* DF */
    FIELD(uint64_t, env, X86_SYSENTER_CS) = chance(f, 70) ? 8 * CODE0 : interesting(f);
    FIELD(uint64_t, env, X86_SYSENTER_CS + 8) = f->region + STACK;
    FIELD(uint64_t, env, X86_SYSENTER_CS + 16) = f->region + CODE;
    if (chance(f, 5)) {
        for (int i = 0; i < 4; i++)
            FIELD(uint64_t, env, X86_DR + 8 * i) = interesting(f);
        if (chance(f, 50)) /* an instruction of the stream */
            FIELD(uint64_t, env, X86_DR) = f->region + CODE + bits(f, 6);
        update_dr7(env, (chance(f, 50) ? bits(f, 32) : bits(f, 8)) | 0x400);
    }
    FIELD(uint64_t, env, X86_CR + 24) = f->region + (pae ? DATA + 0x800 : PAGES);
    update_cr4(env, (paged ? (pae ? 0x30 : 0x10) : 0) | (chance(f, 70) ? 0x600 : 0)
                        | (chance(f, 5) ? bits(f, 9) & 0xcf : 0));
    update_cr0(env, 0x60000010 | (mode != REAL) | (paged ? 1u << 31 : 0)
                        | (chance(f, 10) ? bits(f, 4) & 0xe : 0) | (chance(f, 50) ? 0x20 : 0)
                        | (chance(f, 50) ? 1u << 16 : 0) | (chance(f, 20) ? 1u << 18 : 0));
    hflags = FIELD(uint32_t, env, X86_HFLAGS) & ~(uint32_t)(CPL | CS32 | SS32 | ADDSEG);
    hflags |= f->user ? 3 : 0;
    hflags |= mode == PROTECTED ? CS32 | SS32 : ADDSEG;
    FIELD(uint32_t, env, X86_HFLAGS) = hflags;
    f->shape |= (uint32_t)mode | (paged ? 4 : 0) | (pae ? 8 : 0);
}
