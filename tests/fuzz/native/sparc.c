/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random SPARC V8 code (The SPARC Architecture Manual V8, appendix F). */
#include "fuzz.h"

static void put(struct fuzz *f, uint32_t at, uint32_t word)
{
    word = __builtin_bswap32(word);
    memcpy(f->host + at, &word, 4);
}

static uint32_t operand(struct fuzz *f)
{
    static const uint32_t asi[] = {0, 1, 2, 3, 4, 5, 6, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10,
                                   0x11, 0x13, 0x14, 0x15, 0x17, 0x18, 0x19, 0x1b, 0x1c, 0x1d,
                                   0x1f, 0x20, 0x21, 0x23, 0x2f, 0x30, 0x38, 0x39, 0x3a, 0x3b,
                                   0x3f, 0x4c, 0x80, 0xff};
    switch (below(f, 4)) {
    case 0: return 1u << 13 | bits(f, 13);
    case 1: return 1u << 13 | (bits(f, 5) << 2);
    case 2: return PICK(f, asi) << 5 | bits(f, 5);
    default: return bits(f, 8) << 5 | bits(f, 5);
    }
}

static uint32_t op3_word(struct fuzz *f, uint32_t op, uint32_t op3)
{
    return op << 30 | bits(f, 5) << 25 | op3 << 19 | bits(f, 5) << 14 | operand(f);
}

static uint32_t instruction(struct fuzz *f)
{
    static const uint32_t system[] = {0x28, 0x29, 0x2a, 0x2b, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39,
                                      0x3a, 0x3b, 0x3c, 0x3d, 0x20, 0x24, 0x0a, 0x0e, 0x1e, 0x3e};
    static const uint32_t fp[] = {0x01, 0x05, 0x09, 0x29, 0x2a, 0x2b, 0x41, 0x42, 0x43, 0x45, 0x46,
                                  0x49, 0x4a, 0x4d, 0x4e, 0x69, 0x6e, 0xc4, 0xc6, 0xc8, 0xc9, 0xcb,
                                  0xcd, 0xce, 0xd1, 0xd2, 0xd3, 0x51, 0x52, 0x53, 0x55, 0x56};
    switch (below(f, 16)) {
    case 0:
    case 1: return op3_word(f, 2, bits(f, 6));
    case 2:
    case 3:
    case 4: return op3_word(f, 2, PICK(f, system));
    case 5:
    case 6:
    case 7: return op3_word(f, 3, bits(f, 6));
    case 8: return op3_word(f, 3, chance(f, 50) ? 0x10 | bits(f, 4) : bits(f, 3));
    case 9: return op3_word(f, 3, 0x20 | bits(f, 5)); /* floating point and coprocessor */
    case 10: /* FPop1, FPop2 */
        return 2u << 30 | bits(f, 5) << 25 | (0x34 + bits(f, 1)) << 19 | bits(f, 5) << 14
            | (chance(f, 80) ? PICK(f, fp) : bits(f, 9)) << 5 | bits(f, 5);
    case 11: /* branches forth and back a little */
        return bits(f, 5) << 25 | (chance(f, 70) ? 2u : 6u + bits(f, 1)) << 22
            | ((below(f, 24) - 8) & 0x3fffff);
    case 12: return bits(f, 5) << 25 | bits(f, 3) << 22 | bits(f, 22);
    case 13: /* sethi of something that is an address */
        return bits(f, 5) << 25 | 4u << 22 | interesting(f) >> 10;
    case 14: return 1u << 30 | ((below(f, 16) - 6) & 0x3fffffff);
    default: return bits(f, 32);
    }
}

static void vectors(struct fuzz *f)
{
    static const uint32_t skip[] = {0x81c48000, 0x81cca004, 0x01000000, 0x01000000};
    int how = (int)below(f, 10);

    for (uint32_t i = 0; i < 1024; i++) /* jmp %l2; rett %l2 + 4: the next instruction */
        put(f, VECTORS + 4 * i, how < 7 ? skip[i & 3] : how < 9 ? 0x01000000 : 0);
    if (how >= 6)
        for (int i = 0; i < 64; i++)
            put(f, VECTORS + 4 * bits(f, 10), instruction(f));
    f->shape |= (uint32_t)how << 4;
}

/* SRMMU tables: 16 MiB pages of identity, some of them broken. */
static void tables(struct fuzz *f)
{
    put(f, TABLES, (f->region + TABLES + 0x400) >> 4 | 1);
    for (uint32_t i = 0; i < 256; i++)
        put(f, TABLES + 0x400 + 4 * i, i << 20 | 3u << 2 | 2);
    for (int i = (int)below(f, 24); i > 0; i--) {
        uint32_t entry = chance(f, 40) ? (f->region + TABLES + bits(f, 12)) >> 4 | 1 : bits(f, 32);
        put(f, TABLES + (chance(f, 70) ? 0x400 + 4 * bits(f, 8) : 4 * bits(f, 8)), entry);
    }
    for (uint32_t i = 0; i < 64; i++) /* a second level that an entry may lead to */
        put(f, TABLES + 0x800 + 4 * i,
            chance(f, 80) ? (f->ram_base >> 4) | i << 14 | bits(f, 3) << 2 | 2 : bits(f, 32));
}

void sparc_stream(struct fuzz *f)
{
    typedef void (*psr_fn)(void *, uint32_t);
    static psr_fn put_psr;
    uint32_t *words = (uint32_t *)f->v->env;
    uint32_t *mmu = (uint32_t *)((char *)f->v->env + SPARC_MMUREGS);
    uint32_t psr, end = CODE_BYTES;

    if (!put_psr)
        put_psr = (psr_fn)(uintptr_t)engine_function("cpu_put_psr_sparc");
    for (uint32_t at = 0; at < CODE_BYTES; at += 4)
        put(f, CODE + at, instruction(f));
    if (chance(f, 1))
        end = slide(f, 4 * (1 + below(f, 2)));
    put(f, CODE + end, 0x10800000 | ((0 - end / 4) & 0x3fffff)); /* ba back to the start */
    put(f, CODE + end + 4, 0x01000000);
    vectors(f);
    psr = bits(f, 4) << 20 | (chance(f, 70) ? 1u << 12 : 0) | (chance(f, 90) ? 1u << 5 : 0)
        | bits(f, 4) << 8 | bits(f, 3);
    psr |= f->user ? 0 : 1u << 7;
    psr |= chance(f, 50) ? 1u << 6 : 0;
    put_psr(f->v->env, psr);
    words[53] = chance(f, 70) ? 1u << bits(f, 3) : chance(f, 50) ? bits(f, 8) : chance(f, 50) ? 0 : 0xff;
    words[54] = chance(f, 95) ? f->region + VECTORS : bits(f, 32) & ~0xfffu;
    words[12] = bits(f, 32);
    words[19] = chance(f, 60) ? 0 : bits(f, 32) & 0xcfc00fff; /* FSR: rounding, traps enabled */
    for (int i = 0; i < 32; i++)
        words[20 + i] = chance(f, 50) ? interesting(f) : bits(f, 12) << 20;
    for (int i = 1; i < 8; i++)
        words[i] = interesting(f);
    for (int i = 0; i < 8 * 16 + 8; i++)
        words[62 + i] = interesting(f);
    if (chance(f, 40)) {
        tables(f);
        mmu[0] = 1 | (chance(f, 20) ? 2 : 0);
        mmu[1] = (f->region + TABLES) >> 4;
        mmu[2] = chance(f, 90) ? 0 : bits(f, 8);
        f->shape |= 1;
    }
    words[10] = f->region + CODE + (chance(f, 95) ? 4 * below(f, 16) : bits(f, 12));
    words[11] = words[10] + 4;
    if (chance(f, 10))
        words[61] = 0x10 | bits(f, 4); /* the interrupt level that a pending request has */
}
