/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions: which they are, how long, and with which operands (Intel SDM
 * volume 2).  vmm/monitor/x86/decode.py is the same to read, and says how operands are packed. */
#include "monitor_x86.h"

#define NONE 15ull /* no base or index register */
enum { SS = 2, DS = 3, ESP = 4, EBP = 5 };
enum { OPERAND_SIZE = 0x66, ADDRESS_SIZE = 0x67, LOCK = 0xf0 };

/* An instruction's bytes, and the operands found in them. */
struct reader {
    const uint8_t *code;
    uint32_t size, at;
    bool ended; /* the bytes do, before the instruction does */
    bool wide, wide_address, memory;
    int segment; /* of a prefix; -1: none */
    uint32_t reg;
};

static uint32_t take(struct reader *r, uint32_t size)
{
    uint32_t value = 0;

    if (r->at + size > r->size) {
        r->ended = true;
        r->at = r->size;
        return 0;
    }
    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)r->code[r->at + i] << 8 * i;
    r->at += size;
    return value;
}

static int segment_of(uint32_t prefix)
{
    switch (prefix) {
    case 0x26: return 0;
    case 0x2e: return 1;
    case 0x36: return 2;
    case 0x3e: return 3;
    case 0x64: return 4;
    case 0x65: return 5;
    default: return -1;
    }
}

/* Read prefixes; the opcode behind them, or LOCK, with which it is another. */
static uint32_t prefixes(struct reader *r)
{
    bool operand = false, address = false;
    uint32_t byte;

    do {
        byte = take(r, 1);
        if (segment_of(byte) >= 0)
            r->segment = segment_of(byte);
        else if (byte == OPERAND_SIZE)
            operand = true;
        else if (byte == ADDRESS_SIZE)
            address = true;
        else if (byte != 0xf2 && byte != 0xf3)
            break;
    } while (!r->ended);
    r->wide ^= operand;
    r->wide_address ^= address;
    return byte;
}

/* ---- operands ----------------------------------------------------------------------- */

static uint64_t pack(const struct reader *r, uint32_t displacement, uint64_t base, uint64_t index,
                     uint64_t scale, bool stack)
{
    uint64_t segment = r->segment >= 0 ? (uint64_t)r->segment : stack ? SS : DS;

    return displacement | base << 32 | index << 36 | scale << 40 | segment << 42 | 1ull << 45;
}

static uint64_t address_32(struct reader *r, uint32_t mod, uint32_t rm)
{
    uint64_t base = rm, index = NONE, scale = 0;
    uint32_t displacement = 0;

    if (rm == ESP) {
        uint32_t sib = take(r, 1);

        base = sib & 7;
        index = (sib >> 3 & 7) == ESP ? NONE : sib >> 3 & 7;
        scale = sib >> 6;
    }
    if (mod == 0 && base == EBP) {
        base = NONE;
        displacement = take(r, 4);
    } else if (mod == 1) {
        displacement = (uint32_t)(int8_t)take(r, 1);
    } else if (mod == 2) {
        displacement = take(r, 4);
    }
    return pack(r, displacement, base, index, scale, base == ESP || base == EBP);
}

static uint64_t address_16(struct reader *r, uint32_t mod, uint32_t rm)
{
    static const uint8_t bases[] = {3, 3, 5, 5, 6, 7, 5, 3};
    static const uint8_t indexes[] = {6, 7, 6, 7, NONE, NONE, NONE, NONE};
    uint64_t base = bases[rm];
    uint32_t displacement = 0;

    if (mod == 0 && rm == 6) {
        base = NONE;
        displacement = take(r, 2);
    } else if (mod == 1) {
        displacement = (uint32_t)(int8_t)take(r, 1);
    } else if (mod == 2) {
        displacement = take(r, 2);
    }
    return pack(r, displacement, base, indexes[rm], 0, base == EBP) | 1ull << 46;
}

/* Read ModRM and what belongs to it; the operand packed. */
static uint64_t modrm(struct reader *r)
{
    uint32_t byte = take(r, 1), mod = byte >> 6, rm = byte & 7;

    r->reg = byte >> 3 & 7;
    r->memory = mod != 3;
    if (!r->memory)
        return (uint64_t)rm << 32 | NONE << 36;
    return r->wide_address ? address_32(r, mod, rm) : address_16(r, mod, rm);
}

/* ---- instructions --------------------------------------------------------------------- */

/* The instruction that ends here. */
static struct x86_decoded made(const struct reader *r, uint32_t operation, uint64_t argument)
{
    return (struct x86_decoded){operation, r->at, argument | (uint64_t)r->wide << 47};
}

static struct x86_decoded plain(const struct reader *r, uint32_t operation)
{
    return made(r, operation, NONE << 32 | NONE << 36);
}

/* The same with ModRM's register field as an operand. */
static struct x86_decoded with_reg(const struct reader *r, uint32_t operation, uint64_t argument)
{
    return made(r, operation, argument | (uint64_t)r->reg << 48);
}

static const struct x86_decoded nothing;

static struct x86_decoded pointer(struct reader *r, uint64_t segment)
{
    uint64_t operand = modrm(r);

    if (!r->memory)
        return nothing;
    return made(r, X86_LOAD_FAR_POINTER, operand | segment << 48 | (uint64_t)r->reg << 51);
}

static struct x86_decoded pop(const struct reader *r, uint64_t segment)
{
    return made(r, X86_POP_SEGMENT, segment << 48);
}

static struct x86_decoded far(struct reader *r, uint32_t operation)
{
    uint64_t offset = take(r, r->wide ? 4 : 2);

    offset |= (uint64_t)take(r, 2) << 48;
    return made(r, operation, offset);
}

static struct x86_decoded one_byte(struct reader *r, uint32_t opcode, bool flat)
{
    uint64_t operand;

    switch (opcode) {
    case 0xfa: return plain(r, X86_CLI);
    case 0xfb: return plain(r, X86_STI);
    case 0x9c: return plain(r, X86_PUSHF);
    case 0x9d: return plain(r, X86_POPF);
    case 0xcf: return plain(r, X86_IRET);
    case 0xf4: return plain(r, X86_HLT);
    }
    if (!flat) {
        if (opcode != 0xcd)
            return nothing;
        operand = take(r, 1);
        return made(r, X86_INT, operand);
    }
    switch (opcode) {
    case 0xca: operand = take(r, 2); return made(r, X86_LRET, operand);
    case 0xcb: return made(r, X86_LRET, 0);
    case 0xea: return far(r, X86_LJMP);
    case 0x9a: return far(r, X86_LCALL);
    case 0x07: return pop(r, 0);
    case 0x17: return pop(r, 2);
    case 0x1f: return pop(r, 3);
    case 0xc4: return pointer(r, 0);
    case 0xc5: return pointer(r, 3);
    case 0x8e:
        operand = modrm(r);
        return r->reg == 1 || r->reg > 5 ? nothing : with_reg(r, X86_MOV_TO_SEGMENT, operand);
    case 0xff:
        operand = modrm(r);
        if (!r->memory || (r->reg != 3 && r->reg != 5))
            return nothing;
        return made(r, r->reg == 3 ? X86_LCALL_MEMORY : X86_LJMP_MEMORY, operand);
    default: return nothing;
    }
}

/* 0F 20 to 0F 23: ModRM names registers, whatever its mode. */
static struct x86_decoded move(struct reader *r, uint32_t opcode)
{
    static const uint8_t operations[] = {X86_MOV_FROM_CR, X86_MOV_FROM_DR, X86_MOV_TO_CR, X86_MOV_TO_DR};
    uint32_t byte = take(r, 1);

    r->reg = byte >> 3 & 7;
    if (!(opcode & 1) && (r->reg == 1 || r->reg > 4))
        return plain(r, X86_UNDEFINED); /* #UD only where it would be allowed: #GP comes first */
    return with_reg(r, operations[opcode & 3], (uint64_t)(byte & 7) << 32);
}

static struct x86_decoded group_7(struct reader *r)
{
    static const uint8_t operations[] = {X86_SGDT, X86_SIDT, X86_LGDT, X86_LIDT, X86_SMSW, 0, X86_LMSW, X86_INVLPG};
    uint64_t operand = modrm(r);
    uint64_t in_eax = pack(r, 0, 0, NONE, 0, false) | (uint64_t)!r->wide_address << 46;

    if (!r->memory && !r->ended)
        switch (r->code[r->at - 1]) {
        case 0xc8: return made(r, X86_MONITOR, in_eax);
        case 0xc9: return made(r, X86_MWAIT, in_eax);
        case 0xf9: return made(r, X86_RDTSCP, in_eax);
        }
    if (!operations[r->reg] || !(r->memory || r->reg == 4 || r->reg == 6))
        return nothing;
    return made(r, operations[r->reg], operand);
}

static struct x86_decoded two_bytes(struct reader *r, uint32_t opcode, bool flat)
{
    static const uint8_t group_6[] = {X86_SLDT, X86_STR, X86_LLDT, X86_LTR, X86_VERR, X86_VERW};
    uint64_t operand;

    switch (opcode) {
    case 0x01: return group_7(r);
    case 0x06: return plain(r, X86_CLTS);
    case 0x07: return plain(r, X86_SYSRET);
    case 0x08: case 0x09: return plain(r, X86_WBINVD);
    case 0x20: case 0x21: case 0x22: case 0x23: return move(r, opcode);
    case 0x30: return plain(r, X86_WRMSR);
    case 0x31: return plain(r, X86_RDTSC);
    case 0x32: return plain(r, X86_RDMSR);
    case 0x33: return plain(r, X86_RDPMC);
    case 0x35: return plain(r, X86_SYSEXIT);
    }
    if (!flat)
        return nothing;
    switch (opcode) {
    case 0x00:
        operand = modrm(r);
        return r->reg < 6 ? made(r, group_6[r->reg], operand) : nothing;
    case 0x02: operand = modrm(r); return with_reg(r, X86_LAR, operand);
    case 0x03: operand = modrm(r); return with_reg(r, X86_LSL, operand);
    case 0xa1: return pop(r, 4);
    case 0xa9: return pop(r, 5);
    case 0xb2: return pointer(r, 2);
    case 0xb4: return pointer(r, 4);
    case 0xb5: return pointer(r, 5);
    default: return nothing;
    }
}

/* The sensitive instruction at the start of SIZE bytes of code, with operation 0 if it is not
 * one or an encoding that is undefined.  False: they end before the instruction does.
 * WIDE is CS.D; FLAT: segments are looked up in tables. */
bool vmm_x86_decode(const uint8_t *code, uint32_t size, bool wide, bool flat, struct x86_decoded *found)
{
    struct reader r = {.code = code, .size = size, .wide = wide, .wide_address = wide, .segment = -1};
    uint32_t opcode = prefixes(&r);

    if (opcode == LOCK)
        *found = nothing;
    else if (opcode == 0x0f)
        *found = two_bytes(&r, take(&r, 1), flat);
    else
        *found = one_byte(&r, opcode, flat);
    return !r.ended;
}

/* Whether a block has to end behind an operation: what follows is translated for other flags
 * or segments. */
bool vmm_x86_operation_ends(uint32_t operation)
{
    switch (operation) {
    case X86_PUSHF: case X86_SGDT: case X86_SIDT: case X86_SMSW: case X86_STR: case X86_SLDT:
    case X86_MOV_FROM_CR: case X86_MOV_FROM_DR: case X86_RDMSR: case X86_LLDT: case X86_LTR:
    case X86_LGDT: case X86_LIDT: case X86_WBINVD: case X86_STORE_REGISTER: case X86_STORE_IMMEDIATE:
        return false;
    default:
        return true;
    }
}
