/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores of virtual kernel mode that were found to change page tables (rewritten.c).
 *
 * STR, STRD and STM in both instruction sets.  Each word that goes to a page which only
 * protection keeps the kernel from storing to is made, and followed, by whoever keeps the
 * shadow tables, with no trap; the others are stored as ever, and may trap.  Forms
 * that name the pc, and those that are UNPREDICTABLE, are left as they are.
 */
#include "monitor_arm.h"
#include "shadow.h"

enum { SP = 13, PC = 15 };
#define ALWAYS 0xe0000000u

/* ---- which instructions they are (DDI 0406C, A5.3, A5.5, A6.2, A6.3; forms: A8.8.199 and on) ---- */

/* A register is written back that must not be, or the pc has a part in it. */
static bool is_wrong(unsigned to, unsigned base, bool writes_back)
{
    return to == PC || base == PC || (writes_back && base == to);
}

static bool indexes(uint32_t code) { return code & 1u << 24; }

/* Whether an A32 STR, STRD or STM changes its base. */
static bool writes_back(uint32_t code)
{
    return (code & 0x0e000000) == 0x08000000 ? code & 1u << 21 : !indexes(code) || code & 1u << 21;
}

static bool is_store_a32(uint32_t code)
{
    unsigned to = vmm_arm_field(code, 12, 4), base = vmm_arm_field(code, 16, 4), last = vmm_arm_field(code, 0, 4);
    bool back = writes_back(code), unprivileged = !indexes(code) && code & 1u << 21;

    if (code >> 28 == 15)
        return false;
    if ((code & 0x0e500000) == 0x04000000)
        return !unprivileged && !is_wrong(to, base, back);
    if ((code & 0x0e500010) == 0x06000000)
        return !unprivileged && last != PC && !is_wrong(to, base, back);
    if ((code & 0x0e5000f0) == 0x004000f0 || (code & 0x0e500ff0) == 0x000000f0)
        return !unprivileged && to % 2 == 0 && to + 1 != PC && (code & 1u << 22 || last != PC)
            && !is_wrong(to, base, back) && !is_wrong(to + 1, base, back);
    if ((code & 0x0e500000) == 0x08000000)
        return code & 0x7fff && !(code & 0x8000) && base != PC && !(back && code >> base & 1);
    return false;
}

/* The A32 form of a T32 store of two halfwords; 0: it is none, or has no such form. */
static uint32_t twin(uint32_t code)
{
    uint32_t base = code & 0x000f0000, to = code & 0xf000, how = code >> 8 & 7; /* P U W */

    if ((code & 0xfff00000) == 0xf8c00000)
        return ALWAYS | 0x05800000 | base | to | (code & 0xfff);
    if ((code & 0xfff00fc0) == 0xf8400000)
        return ALWAYS | 0x07800000 | base | to | (code & 0x30) << 3 | (code & 15);
    if ((code & 0xfff00800) == 0xf8400800 && (how & 5) && how != 6)
        return ALWAYS | 0x04000000 | (how & 4) << 22 | (how & 2) << 22
            | (how == 5 || how == 7 ? 1u << 21 : 0) | base | to | (code & 0xff);
    if ((code & 0xffd0a000) == 0xe8800000 || (code & 0xffd0a000) == 0xe9000000)
        return ALWAYS | 0x08000000 | (code & 0x01a0ffff) | base;
    return 0;
}

/* STRD of T32, whose registers need not follow each other. */
static bool is_double_t32(uint32_t code)
{
    unsigned first = vmm_arm_field(code, 12, 4), second = vmm_arm_field(code, 8, 4), base = vmm_arm_field(code, 16, 4);
    bool back = code & 1u << 21;

    return (code & 0xfe500000) == 0xe8400000 && code & (1u << 24 | 1u << 21)
        && !is_wrong(first, base, back) && !is_wrong(second, base, back);
}

/* The A32 form of a T32 store of one halfword; 0: it is none. */
static uint32_t narrow_twin(uint32_t code)
{
    uint32_t to = code & 7, base = code >> 3 & 7, number = code >> 6 & 0x1f;

    switch (code >> 11) {
    case 0x0c: return ALWAYS | 0x05800000 | base << 16 | to << 12 | number << 2;
    case 0x12: return ALWAYS | 0x05800000 | SP << 16 | (code >> 8 & 7) << 12 | (code & 0xff) << 2;
    case 0x18: return ALWAYS | 0x08a00000 | (code >> 8 & 7) << 16 | (code & 0xff);
    default: break;
    }
    if (code >> 9 == 0x28)
        return ALWAYS | 0x07800000 | base << 16 | to << 12 | (code >> 6 & 7);
    return 0;
}

/* The store that CODE is, in its A32 form; kind 0: none that can be replaced. */
struct arm_instruction vmm_arm_decode_store(uint32_t code, bool thumb)
{
    uint32_t length = thumb && code >> 16 == 0 ? 2 : 4, form = code;

    if (thumb && is_double_t32(code))
        return (struct arm_instruction){ARM_STORE_DOUBLE, code, length};
    if (thumb)
        form = length == 2 ? narrow_twin(code) : twin(code);
    return (struct arm_instruction){form && is_store_a32(form) ? ARM_STORE : 0, form, length};
}

/* The same for Python: kind, A32 form and length. */
void vmm_arm_decode_store_into(uint32_t code, bool thumb, uint32_t result[3]);
void vmm_arm_decode_store_into(uint32_t code, bool thumb, uint32_t result[3])
{
    struct arm_instruction found = vmm_arm_decode_store(code, thumb);

    result[0] = found.kind;
    result[1] = found.code;
    result[2] = found.length;
}

/* ---- what they do --------------------------------------------------------------------------- */

struct words {
    uint32_t value[15], count, address, after;
    unsigned base;
    bool writes_back, aligned;
};

/* Words at the base, moved by OFFSET before or after. */
static void place(struct vmm_cpu *v, struct words *w, uint32_t code, uint32_t offset)
{
    uint32_t from = vmm_arm_registers(v)[w->base], to = code & 1u << 23 ? from + offset : from - offset;

    w->address = indexes(code) ? to : from;
    w->after = to;
}

static struct words words_of(struct vmm_cpu *v, uint32_t code)
{
    uint32_t *r = vmm_arm_registers(v), size;
    struct words w = {.base = vmm_arm_field(code, 16, 4), .writes_back = writes_back(code)};

    if ((code & 0x0e000000) == 0x08000000) { /* STM */
        for (unsigned i = 0; i < PC; i++)
            if (code >> i & 1)
                w.value[w.count++] = r[i];
        size = 4 * w.count;
        place(v, &w, code | 1u << 24, size);
        w.address = code & 1u << 23 ? r[w.base] : w.after;
        if (!indexes(code) == !(code & 1u << 23))
            w.address += 4; /* IB and DA */
        w.aligned = true;
        return w;
    }
    w.value[w.count++] = r[vmm_arm_field(code, 12, 4)];
    if (code & 1u << 26) {
        place(v, &w, code, code & 1u << 25 ? vmm_arm_shifted(v, code) : code & 0xfff);
        return w;
    }
    w.value[w.count++] = r[vmm_arm_field(code, 12, 4) + 1];
    place(v, &w, code, code & 1u << 22 ? (code >> 4 & 0xf0) | (code & 15) : r[code & 15]);
    w.aligned = true;
    return w;
}

static struct words words_of_double_t32(struct vmm_cpu *v, uint32_t code)
{
    uint32_t *r = vmm_arm_registers(v);
    struct words w = {.base = vmm_arm_field(code, 16, 4), .writes_back = code & 1u << 21, .aligned = true};

    w.value[w.count++] = r[vmm_arm_field(code, 12, 4)];
    w.value[w.count++] = r[vmm_arm_field(code, 8, 4)];
    place(v, &w, code, (code & 0xff) << 2);
    return w;
}

/* A store that can be replaced, by its kind and form: an enum arm_result. */
int vmm_arm_store(struct vmm_cpu *v, uint32_t kind, uint32_t code, uintptr_t retaddr)
{
    struct words w = kind == ARM_STORE ? words_of(v, code) : words_of_double_t32(v, code);
    uint32_t pc = vmm_arm_registers(v)[PC];
    bool made = false, seen = v->watch_count || FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E;

    vmm_rewritten_begins(v, pc, retaddr);
    for (uint32_t i = 0; i < w.count; i++) {
        uint32_t address = w.address + 4 * i;

        if (!seen && vmm_shadow_store(v, address, w.value[i]))
            made = true;
        else
            vmm_arm_store_word(v, address, w.value[i], w.aligned, retaddr);
    }
    vmm_rewritten_stored(v, pc, made);
    if (w.writes_back)
        vmm_arm_registers(v)[w.base] = w.after;
    return ARM_DONE;
}
