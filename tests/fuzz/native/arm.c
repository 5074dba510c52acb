/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random ARM and Thumb code (ARM DDI 0406C, chapters A5 and A6). */
#include "fuzz.h"

static void put16(struct fuzz *f, uint32_t at, uint32_t half)
{
    uint16_t value = (uint16_t)half;
    memcpy(f->host + at, &value, 2);
}

static void put32(struct fuzz *f, uint32_t at, uint32_t word) { memcpy(f->host + at, &word, 4); }

static uint32_t coprocessor(struct fuzz *f) /* bits 11 to 8 */
{
    return chance(f, 60) ? 15u : chance(f, 40) ? 14u : chance(f, 70) ? 10 + bits(f, 1) : bits(f, 4);
}

/* MRC, MCR: the operands as guests use them, or any. */
static uint32_t system_transfer(struct fuzz *f)
{
    static const uint8_t crn[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t crm = chance(f, 50) ? bits(f, 2) : bits(f, 4);
    uint32_t opc1 = chance(f, 70) ? 0 : bits(f, 3);

    return 0x0e000010u | opc1 << 21 | bits(f, 1) << 20 | (uint32_t)PICK(f, crn) << 16
        | bits(f, 4) << 12 | coprocessor(f) << 8 | bits(f, 3) << 5 | crm;
}

/* Encodings that ARM and 32-bit Thumb have in common, without the condition. */
static uint32_t shared(struct fuzz *f)
{
    switch (below(f, 5)) {
    case 0:
    case 1: return system_transfer(f);
    case 2: return 0x0c000000u | bits(f, 25);                       /* LDC, STC, MCRR, MRRC */
    case 3: return 0x0c000a00u | (bits(f, 26) & 0x03fff1ffu);       /* VFP */
    default: return 0x0e000000u | bits(f, 24);
    }
}

static uint32_t arm(struct fuzz *f)
{
    uint32_t cond = chance(f, 85) ? 14u << 28 : bits(f, 4) << 28;

    switch (below(f, 20)) {
    case 0:
    case 1: return cond | bits(f, 28);
    case 2: return cond | bits(f, 26);              /* data processing, miscellaneous */
    case 3: return cond | 0x01000000u | (bits(f, 23) & 0x6ff0ffu); /* MSR, MRS, BX, SMC, BKPT */
    case 4:
    case 5: return cond | 0x04000000u | bits(f, 26); /* LDR, STR, media */
    case 6: return cond | 0x08000000u | bits(f, 25); /* LDM, STM */
    case 7: return cond | 0x01800090u | (bits(f, 23) & 0x7fff0fu); /* exclusives, SWP */
    case 8: return cond | 0x00000090u | (bits(f, 25) & 0x1ffff6fu); /* multiplies, LDRD, STRD, LDRH */
    case 9:
    case 10:
    case 11: return cond | shared(f);
    case 12: return cond | 0x0a000000u | bits(f, 1) << 24 | ((below(f, 24) - 10) & 0xffffff);
    case 13: return 0xf0000000u | bits(f, 28);       /* unconditional: everything */
    case 14: return 0xf1000000u | (bits(f, 20) & 0xf01ff); /* CPS, SETEND */
    case 15: return 0xf8000000u | (bits(f, 25) & 0x1ffffffu); /* RFE, SRS */
    case 16: return chance(f, 50) ? 0xf2000000u | bits(f, 25) : 0xf4000000u | bits(f, 24); /* NEON */
    case 17: return cond | 0x0320f000u | (chance(f, 70) ? bits(f, 3) : bits(f, 8)); /* hints */
    case 18: { /* SVC, HVC, SMC, ERET, banked MRS and MSR */
        static const uint32_t words[] = {0x0f000000, 0x01400070, 0x01600070, 0x0160006e,
                                         0x01000200, 0x0120f200, 0x01200070, 0x0ef00a10};
        return cond | PICK(f, words) | (bits(f, 20) & (chance(f, 50) ? 0xff10fu : 0xf100u));
    }
    default: return bits(f, 32);
    }
}

/* One Thumb instruction at AT; returns its size. */
static uint32_t thumb(struct fuzz *f, uint32_t at)
{
    uint32_t word;

    switch (below(f, 10)) {
    case 0:
    case 1: put16(f, at, bits(f, 16)); return 2;
    case 2: put16(f, at, 0xbf00 | bits(f, 8)); return 2;           /* IT and hints */
    case 3: put16(f, at, 0xb000 | bits(f, 12)); return 2;          /* CPS, BKPT, PUSH, POP, CBZ */
    case 4: put16(f, at, 0x4000 | bits(f, 14)); return 2;          /* registers, loads and stores */
    case 5: put16(f, at, 0xd000 | bits(f, 4) << 8 | (below(f, 16) - 6)); return 2;
    case 6:
    case 7: word = (chance(f, 70) ? 0xeu : 0xfu) << 28 | shared(f); break;
    case 8: word = 0xf3808000u | bits(f, 23); break;               /* MSR, MRS, CPS, hints, SMC */
    default: word = 0xe8000000u | bits(f, 29); break;
    }
    put16(f, at, word >> 16);
    put16(f, at + 2, word);
    return 4;
}

static void code(struct fuzz *f, bool is_thumb)
{
    uint32_t at = CODE;

    if (is_thumb) {
        while (at < CODE_BYTES)
            at += thumb(f, at);
        if (chance(f, 1))
            at = slide(f, 2 * (1 + below(f, 4)));
        put16(f, at, 0xe000 | ((0u - at - 4) >> 1 & 0x7ff)); /* b back */
    } else {
        for (; at < CODE_BYTES; at += 4)
            put32(f, at, arm(f));
        if (chance(f, 1))
            at = slide(f, 4 * (1 + below(f, 2)));
        put32(f, at, 0xea000000u | ((0u - (at >> 2) - 2) & 0xffffff));
    }
}

static void vectors(struct fuzz *f)
{
    /* undefined, SVC, prefetch abort: movs pc, lr; data abort and the rest: subs pc, lr, #4 */
    static const uint32_t skip[] = {0xe1b0f00e, 0xe1b0f00e, 0xe1b0f00e, 0xe1b0f00e,
                                    0xe25ef004, 0xe160006e, 0xe25ef004, 0xe25ef004};
    bool kind = chance(f, 70);

    for (uint32_t i = 0; i < 8; i++)
        put32(f, VECTORS + 4 * i, kind ? skip[i] : arm(f));
    f->shape |= kind ? 0 : 16;
}

static uint32_t *system_word(struct fuzz *f, uint32_t key)
{
    typedef void *(*find_fn)(void *, uint32_t);
    static find_fn find;
    void *ri;

    if (!find)
        find = (find_fn)(uintptr_t)engine_function("get_arm_cp_reginfo_arm");
    ri = find(FIELD(void *, f->v->cpu, ARM_CP_REGS), key);
    if (!ri || !FIELD(int64_t, ri, RI_FIELD_OFFSET))
        return NULL;
    return (uint32_t *)((char *)f->v->env + FIELD(int64_t, ri, RI_FIELD_OFFSET));
}

#define KEY(crn, opc1, crm, opc2) (15u << 16 | (crn) << 11 | (crm) << 7 | (opc1) << 3 | (opc2))

/* Both instances of a banked register. */
static void set_system(struct fuzz *f, uint32_t key, uint32_t value)
{
    uint32_t *secure = system_word(f, key), *normal = system_word(f, key | 1u << 29);

    if (secure)
        *secure = value;
    if (normal)
        *normal = value;
}

static void change_system(struct fuzz *f, uint32_t key, uint32_t flip)
{
    uint32_t *normal = system_word(f, key | 1u << 29);

    if (normal)
        set_system(f, key, *normal ^ flip);
}

/* Short descriptors: sections of identity; with LPAE four blocks of 1 GiB. */
static void tables(struct fuzz *f)
{
    bool lpae = chance(f, 30) && FIELD(uint64_t, f->v->env, ARM_FEATURES) >> 25 & 1;

    if (lpae) {
        for (uint32_t i = 0; i < 4; i++) {
            put32(f, PAGES + 8 * i, i << 30 | 0x741);
            put32(f, PAGES + 8 * i + 4, 0);
        }
        for (int i = (int)below(f, 4); i > 0; i--)
            put32(f, PAGES + 4 * bits(f, 3), bits(f, 32));
        set_system(f, KEY(2u, 0u, 0u, 2u), 1u << 31);
    } else {
        for (uint32_t i = 0; i < 4096; i++)
            put32(f, PAGES + 4 * i, i << 20 | 0xc02);
        for (int i = (int)below(f, 200); i > 0; i--)
            put32(f, PAGES + 4 * bits(f, 12), chance(f, 50) ? (f->region + DATA) | 1 : bits(f, 32));
    }
    set_system(f, KEY(2u, 0u, 0u, 0u), f->region + PAGES);
    set_system(f, KEY(2u, 0u, 0u, 1u), f->region + PAGES);
    set_system(f, KEY(3u, 0u, 0u, 0u), chance(f, 80) ? 0x55555555 : bits(f, 32));
    change_system(f, KEY(1u, 0u, 0u, 0u), 1);
    f->shape |= lpae ? 3 : 1;
}

/* Rights of most pages are kept, so that streams get somewhere. */
static uint32_t some_rights(struct fuzz *f, uint32_t usual)
{
    return chance(f, 85) ? usual : bits(f, 32);
}

/* The stream's own MiB by small and large pages of identity, each with rights of its own, below an
 * entry that has some too. */
static void short_pages(struct fuzz *f)
{
    enum { SMALL = 2, LARGE = 1, NO_XN = 1 };
    uint32_t mib = f->region >> 20, first = f->region + TABLES;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t page = mib << 20 | i << 12, rights = some_rights(f, 0x30);

        if (chance(f, 3))
            put32(f, TABLES + 4 * i, rights);
        else if (chance(f, 10))
            put32(f, TABLES + 4 * i, (page & 0xffff0000) | (rights & 0x8230) | LARGE);
        else
            put32(f, TABLES + 4 * i, page | (rights & 0x231) | SMALL);
    }
    put32(f, PAGES + 4 * mib, first | (some_rights(f, 0) & 4) | 1);
    if (chance(f, 30)) /* the same below another address */
        put32(f, PAGES + 4 * (mib ^ 1), first | bits(f, 4) << 5 | 1);
    if (chance(f, 20))
        put32(f, PAGES + 4 * mib, mib << 20 | (some_rights(f, 0xc00) & 0x8c11) | 2);
}

/* The same by long descriptors of three levels. */
static void long_pages(struct fuzz *f)
{
    enum { SECOND = PAGES + 0x1000, THIRD = PAGES + 0x2000, ACCESSED = 1 << 10, RIGHTS = 0xc0 };
    uint32_t gib = f->region >> 30, block = f->region >> 21 & 511;

    for (uint32_t i = 0; i < 512; i++) {
        uint32_t rights = some_rights(f, 0x40), never = chance(f, 90) ? 0 : bits(f, 2) << 21;

        put32(f, SECOND + 8 * i, gib << 30 | i << 21 | ACCESSED | (rights & RIGHTS) | 1);
        put32(f, SECOND + 8 * i + 4, never);
        rights = some_rights(f, 0x40);
        put32(f, THIRD + 8 * i, gib << 30 | block << 21 | i << 12
                                    | (chance(f, 95) ? ACCESSED : 0) | (rights & RIGHTS) | 3);
        put32(f, THIRD + 8 * i + 4, never);
    }
    put32(f, SECOND + 8 * block, (f->region + THIRD) | 3);
    put32(f, SECOND + 8 * block + 4, chance(f, 80) ? 0 : bits(f, 4) << 28);
    put32(f, PAGES + 8 * gib, (f->region + SECOND) | 3);
    put32(f, PAGES + 8 * gib + 4, chance(f, 80) ? 0 : bits(f, 5) << 27);
}

/* TTBCR as a guest writes it: the engine keeps what follows from it. */
static void set_ttbcr(struct fuzz *f, uint32_t value)
{
    typedef void *(*find_fn)(void *, uint32_t);
    typedef void (*write_fn)(void *, void *, uint64_t);
    find_fn find = (find_fn)(uintptr_t)engine_function("get_arm_cp_reginfo_arm");
    void *ri = find(FIELD(void *, f->v->cpu, ARM_CP_REGS), KEY(2u, 0u, 0u, 2u) | 1u << 29);

    FIELD(write_fn, ri, RI_WRITEFN)(f->v->env, ri, value);
}

/* Tables with pages of all kinds, and both interrupts. */
static void mixed(struct fuzz *f)
{
    bool lpae = FIELD(uint64_t, f->v->env, ARM_FEATURES) >> 25 & 1 && chance(f, 40);

    if (FIELD(uint64_t, f->v->env, ARM_FEATURES) & ARM_FEATURE_V7 && chance(f, 80)) {
        change_system(f, KEY(1u, 0u, 0u, 0u), f->shape & 1); /* off again if it is on */
        f->shape &= ~3u;
        for (uint32_t i = 0; i < 4096; i++)
            put32(f, PAGES + 4 * i, lpae ? 0 : i << 20 | 0xc02);
        if (lpae)
            for (uint32_t i = 0; i < 4; i++)
                put32(f, PAGES + 8 * i, i << 30 | 0x741);
        (lpae ? long_pages : short_pages)(f);
        set_ttbcr(f, lpae ? 1u << 31 : chance(f, 70) ? 0 : bits(f, 3));
        set_system(f, KEY(2u, 0u, 0u, 0u), f->region + PAGES);
        set_system(f, KEY(2u, 0u, 0u, 1u), f->region + PAGES);
        set_system(f, KEY(3u, 0u, 0u, 0u), chance(f, 80) ? 0x55555555 : bits(f, 32) | 1);
        change_system(f, KEY(1u, 0u, 0u, 0u), 1);
        f->shape |= lpae ? 3 : 1;
    }
    if (chance(f, 10))
        FIELD(uint32_t, f->v->cpu, CPU_INTERRUPT_REQUEST) |= 0x10;
}

void arm_stream(struct fuzz *f)
{
    typedef void (*cpsr_fn)(void *, uint32_t, uint32_t, int);
    typedef void (*hflags_fn)(void *);
    static cpsr_fn write_cpsr;
    static hflags_fn rebuild;
    static const uint32_t modes[] = {0x13, 0x1f, 0x11, 0x12, 0x17, 0x1b};
    static const uint32_t sctlr[] = {1u << 1, 1u << 13, 1u << 25, 1u << 28, 1u << 29, 1u << 30,
                                     1u << 19, 1u << 20, 1u << 12 | 1u << 2};
    void *env = f->v->env;
    uint32_t *words = env;
    uint32_t mode, cpsr = bits(f, 4) << 28;
    bool is_thumb = chance(f, 40);

    if (!write_cpsr) {
        write_cpsr = (cpsr_fn)(uintptr_t)engine_function("cpsr_write_arm");
        rebuild = (hflags_fn)(uintptr_t)engine_function("arm_rebuild_hflags_arm");
    }
    code(f, is_thumb);
    vectors(f);
    for (int i = 0; i < 15; i++)
        words[i] = interesting(f);
    for (uint32_t at = 0x158; at < 0x220; at += 4)
        words[at / 4] = interesting(f); /* SPSRs and banked registers */
    for (uint32_t at = 0x158; at < 0x1a0; at += 8) {
        words[at / 4] = 0x10 | (bits(f, 32) & (chance(f, 60) ? 0xf00000efu : ~0u));
        words[at / 4 + 1] = 0;
    }
    if (chance(f, 40))
        tables(f);
    while (chance(f, 20))
        change_system(f, KEY(1u, 0u, 0u, 0u), PICK(f, sctlr));
    set_system(f, KEY(12u, 0u, 0u, 0u), chance(f, 95) ? f->region + VECTORS : bits(f, 32) & ~31u);
    set_system(f, KEY(12u, 0u, 0u, 1u), f->region + VECTORS);
    set_system(f, KEY(12u, 4u, 0u, 0u), f->region + VECTORS);
    set_system(f, KEY(1u, 0u, 0u, 2u), chance(f, 60) ? 0x00f00000 : bits(f, 28));
    /* A Hyp or Secure board resets to a mode of its own: keep it for some. */
    mode = FIELD(uint32_t, env, ARM_UNCACHED_CPSR) & 0x1f;
    if (f->user)
        mode = 0x10;
    else if (mode != 0x1a || chance(f, 60))
        mode = PICK(f, modes);
    cpsr |= mode | bits(f, 3) << 6 | (chance(f, 5) ? 1u << 9 : 0) | (is_thumb ? 1u << 5 : 0);
    if (f->mixed)
        mixed(f);
    write_cpsr(env, cpsr, 0xffffffff, 2);
    rebuild(env);
    FIELD(uint32_t, env, ARM_THUMB) = is_thumb;
    words[15] = f->region + CODE + (chance(f, 95) ? 4 * below(f, 16) : bits(f, 12) & ~1u);
    if (!is_thumb)
        words[15] &= ~3u;
    if (chance(f, 5) && is_thumb) { /* inside an IT block */
        uint32_t it = bits(f, 8);

        FIELD(uint32_t, env, ARM_THUMB + 4) = it & 15 ? it : 0;
    }
    f->shape |= mode << 8 | (is_thumb ? 4 : 0);
}
