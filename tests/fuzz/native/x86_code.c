/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random 16-bit and 32-bit x86 code (Intel SDM volume 2). */
#include "x86.h"

struct writer {
    struct fuzz *f;
    uint32_t at;
    bool big; /* operands of 32 bits */
};

static void byte(struct writer *w, uint32_t value) { w->f->host[w->at++] = (uint8_t)value; }

static void immediate(struct writer *w, int size, uint32_t value)
{
    for (int i = 0; i < size; i++)
        byte(w, value >> 8 * i);
}

static void modrm(struct writer *w, uint32_t reg)
{
    struct fuzz *f = w->f;
    uint32_t mod = chance(f, 40) ? 3 : bits(f, 2), rm = bits(f, 3);

    byte(w, mod << 6 | (reg & 7) << 3 | rm);
    if (mod == 3)
        return;
    if (w->big && rm == 4) {
        uint32_t sib = bits(f, 8);
        byte(w, sib);
        if (mod == 0 && (sib & 7) == 5)
            immediate(w, 4, interesting(f));
    } else if (mod == 0 && rm == (w->big ? 5u : 6u)) {
        immediate(w, w->big ? 4 : 2, w->big ? interesting(f) : DATA + bits(f, 8));
    }
    if (mod == 1)
        byte(w, bits(f, 8));
    if (mod == 2)
        immediate(w, w->big ? 4 : 2, chance(f, 70) ? bits(f, 8) : bits(f, 32));
}

static uint32_t selector(struct fuzz *f)
{
    return chance(f, 80) ? below(f, 24) * 8 + (chance(f, 30) ? bits(f, 3) : 0) : bits(f, 16);
}

static void load_register(struct writer *w, uint32_t reg, uint32_t value)
{
    byte(w, 0xb8 + reg);
    immediate(w, w->big ? 4 : 2, value);
}

static uint32_t port(struct fuzz *f)
{
    static const uint16_t ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x70, 0x71,
                                     0x92, 0xe9, 0xf4, 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe,
                                     0x3ff, 0x402, 0x4d0, 0x4d1, 0x60, 0x64, 0xcf8, 0xcfc, 0x510, 0x511,
                                     0x80, 0x3d4, 0x1f0, 0xffff};
    return chance(f, 80) ? PICK(f, ports) : bits(f, 16);
}

static uint32_t msr(struct fuzz *f)
{
    static const uint32_t numbers[] = {0x10, 0x17, 0x1b, 0x2c, 0x8b, 0xe7, 0xfe, 0x174, 0x175, 0x176,
                                       0x179, 0x17a, 0x17b, 0x198, 0x1a0, 0x1d9, 0x200, 0x201, 0x20f,
                                       0x250, 0x258, 0x268, 0x26f, 0x277, 0x2ff, 0x400, 0x401, 0x48f,
                                       0x6e0, 0x802, 0xd90, 0xda0, 0xc0000080, 0xc0000081, 0xc0000082,
                                       0xc0000083, 0xc0000084, 0xc0000100, 0xc0000102, 0xc0000103,
                                       0xc0010117, 0xc0010015};
    return chance(f, 85) ? PICK(f, numbers) : bits(f, 32);
}

/* Instructions that change how the processor runs. */
static void system_instruction(struct writer *w)
{
    struct fuzz *f = w->f;

    switch (below(f, 16)) {
    case 0: byte(w, 0x0f); byte(w, 0x00); modrm(w, bits(f, 3)); break; /* SLDT .. VERW */
    case 1:
    case 2: byte(w, 0x0f); byte(w, 0x01); /* SGDT .. INVLPG; XGETBV, VMRUN, SWAPGS, ... */
        if (chance(f, 40))
            byte(w, 0xc0 | bits(f, 6));
        else
            modrm(w, bits(f, 3));
        break;
    case 3: /* MOV CR, DR with a value of some sense */
    case 4: {
        static const uint32_t values[] = {0x60000010, 0x60000011, 0xe0000011, 0x80000001, 0x11, 0x10,
                                          0x80000011, 0x6000001f, 0x600000, 0x2ff, 0x10, 0x20, 0x30};
        load_register(w, 0, chance(f, 70) ? PICK(f, values) : interesting(f));
        byte(w, 0x0f); byte(w, 0x20 + below(f, 8)); byte(w, 0xc0 | bits(f, 6));
        break;
    }
    case 5:
    case 6: /* RDMSR, WRMSR */
        load_register(w, 1, msr(f));
        load_register(w, 0, interesting(f));
        byte(w, 0x0f); byte(w, chance(f, 50) ? 0x30 : 0x32);
        break;
    case 7: load_register(w, 0, chance(f, 60) ? bits(f, 5) : 0x80000000 | bits(f, 5));
        byte(w, 0x0f); byte(w, 0xa2); break; /* CPUID */
    case 8: /* far transfers */
        byte(w, chance(f, 50) ? 0x9a : 0xea);
        immediate(w, w->big ? 4 : 2, chance(f, 70) ? f->region + bits(f, 8) : interesting(f));
        immediate(w, 2, selector(f));
        break;
    case 9: byte(w, 0xff); modrm(w, 2 + bits(f, 2)); break;
    case 10: { /* returns */
        static const uint8_t returns[] = {0xca, 0xcb, 0xcf, 0xcf, 0xc2, 0xc3};
        if (chance(f, 60)) {
            byte(w, 0x68); immediate(w, w->big ? 4 : 2, bits(f, 18));
            byte(w, 0x68); immediate(w, w->big ? 4 : 2, selector(f));
            byte(w, 0x68); immediate(w, w->big ? 4 : 2, f->region + CODE + bits(f, 8));
        }
        byte(w, PICK(f, returns));
        break;
    }
    case 11: load_register(w, 0, selector(f)); /* segment registers, LTR, LLDT */
        if (chance(f, 60)) {
            byte(w, 0x8e); byte(w, 0xc0 | bits(f, 3) << 3);
        } else {
            byte(w, 0x0f); byte(w, 0x00); byte(w, 0xc0 | bits(f, 3) << 3);
        }
        break;
    case 12: byte(w, 0xcd); byte(w, chance(f, 50) ? bits(f, 5) : bits(f, 8)); break; /* INT */
    case 13: { /* SYSCALL, SYSRET, SYSENTER, SYSEXIT, CLTS, INVD, WBINVD, RSM, RDTSC, RDPMC, UD2 */
        static const uint8_t codes[] = {0x05, 0x07, 0x34, 0x35, 0x06, 0x08, 0x09, 0xaa, 0x31, 0x33,
                                        0x0b, 0x37, 0x0e, 0x77};
        byte(w, 0x0f); byte(w, PICK(f, codes)); break;
    }
    case 14: { /* flags, interrupts, halts */
        static const uint8_t codes[] = {0x9c, 0x9d, 0xfa, 0xfb, 0xf4, 0xcc, 0xce, 0xf1, 0x17, 0x1f, 0x07};
        byte(w, PICK(f, codes)); break;
    }
    default: /* FXSAVE, XSAVE, LDMXCSR, fences; CMPXCHG8B, RDRAND, VMX */
        byte(w, 0x0f); byte(w, chance(f, 60) ? 0xae : 0xc7); modrm(w, bits(f, 3));
    }
}

static void port_access(struct writer *w)
{
    struct fuzz *f = w->f;
    uint32_t number = port(f);

    if (chance(f, 30) && number < 0x100) {
        byte(w, 0xe4 + bits(f, 1) + 2 * bits(f, 1));
        byte(w, number);
        return;
    }
    load_register(w, 2, number);
    if (chance(f, 30)) /* a value that devices take for a command */
        load_register(w, 0, bits(f, 8));
    if (chance(f, 15))
        byte(w, 0xf3);
    if (chance(f, 15))
        byte(w, 0x66);
    byte(w, chance(f, 75) ? 0xec + bits(f, 2) : 0x6c + bits(f, 2));
}

static void instruction(struct writer *w)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65};
    struct fuzz *f = w->f;

    while (chance(f, 12))
        byte(w, PICK(f, prefixes));
    switch (below(f, 16)) {
    case 0:
    case 1: /* any opcode of one byte */
        byte(w, bits(f, 8)); modrm(w, bits(f, 3)); break;
    case 2:
    case 3: byte(w, 0x0f); byte(w, bits(f, 8)); modrm(w, bits(f, 3)); break;
    case 4: /* arithmetic */
        byte(w, bits(f, 3) << 3 | below(f, 4)); modrm(w, bits(f, 3)); break;
    case 5: byte(w, 0x88 + bits(f, 3)); modrm(w, bits(f, 3)); break; /* moves */
    case 6: { /* strings */
        static const uint8_t codes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
        if (chance(f, 50))
            load_register(w, 1, bits(f, 6));
        if (chance(f, 60))
            byte(w, 0xf2 + bits(f, 1));
        byte(w, PICK(f, codes));
        break;
    }
    case 7: byte(w, 0xd8 + bits(f, 3)); modrm(w, bits(f, 3)); break; /* x87 */
    case 8: byte(w, 0x70 + bits(f, 4)); byte(w, below(f, 32) - 12); break; /* short branches */
    case 9: byte(w, 0x80 + bits(f, 2)); modrm(w, bits(f, 3)); byte(w, bits(f, 8)); break;
    case 10: { /* SSE: prefix, 0F, opcode */
        static const uint8_t ranges[] = {0x10, 0x28, 0x50, 0x60, 0x70, 0xc0, 0xd0, 0xe0, 0xf0};
        static const uint8_t first[] = {0x66, 0xf2, 0xf3};
        if (chance(f, 60))
            byte(w, PICK(f, first));
        byte(w, 0x0f);
        if (chance(f, 10))
            byte(w, 0x38 + 2 * bits(f, 1));
        byte(w, PICK(f, ranges) + bits(f, 4)); modrm(w, bits(f, 3)); byte(w, bits(f, 8));
        break;
    }
    case 11: { /* PUSHA, BOUND, ARPL, ENTER, LEAVE, AAM, XLAT, shifts, LOOP, JCXZ */
        static const uint8_t codes[] = {0x60, 0x61, 0x62, 0x63, 0xc8, 0xc9, 0xd4, 0xd5, 0xd7, 0xc0,
                                        0xd3, 0xe0, 0xe1, 0xe2, 0xe3, 0x27, 0x98, 0xf6, 0xf7, 0xfe, 0xc4,
                                        0xc5, 0x8d, 0x8f, 0xd6};
        byte(w, PICK(f, codes)); modrm(w, bits(f, 3)); break;
    }
    case 12: load_register(w, bits(f, 3), interesting(f)); break;
    case 13: port_access(w); break;
    default: system_instruction(w);
    }
}

void x86_code(struct fuzz *f, bool big)
{
    struct writer w = {f, CODE, big};
    uint32_t repeated = chance(f, 1) ? 1 + below(f, 2) : 0; /* this many instructions, over and over */

    while (w.at < CODE + CODE_BYTES) {
        if (chance(f, 3))
            for (int i = 0; i < 8; i++)
                byte(&w, bits(f, 8));
        instruction(&w);
        if (repeated && --repeated == 0)
            w.at = slide(f, w.at - CODE) + CODE;
    }
    byte(&w, 0xe9); /* back to the start */
    immediate(&w, big ? 4 : 2, CODE - (w.at - CODE) - (big ? 4 : 2));
}
