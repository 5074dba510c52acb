/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ARM instructions are sensitive: the twin of vmm/monitor/arm/decode.py, row by
 * row.  A32 and T32 after DDI 0406C, chapters A5, A6 and B9. */
#include "monitor_arm.h"

struct row {
    uint32_t mask, value, kind;
};

static const struct row conditional[] = {
    {0x0fbf0fff, 0x010f0000, ARM_MRS},
    {0x0fb0fff0, 0x0120f000, ARM_MSR},
    {0x0fb0f000, 0x0320f000, ARM_MSR},
    {0x0fb00eff, 0x01000200, ARM_MRS_BANKED},
    {0x0fb0fef0, 0x0120f200, ARM_MSR_BANKED},
    {0x0fffffff, 0x0160006e, ARM_EXCEPTION_RETURN},
    {0x0ff000f0, 0x01400070, ARM_HVC},
    {0x0ff000f0, 0x01600070, ARM_SMC},
    {0x0e508000, 0x08508000, ARM_LDM_RETURN},
    {0x0e508000, 0x08500000, ARM_LDM_USER},
    {0x0e500000, 0x08400000, ARM_STM_USER},
    {0x0e10f000, 0x0210f000, ARM_EXCEPTION_RETURN},
    {0x0e10f010, 0x0010f000, ARM_EXCEPTION_RETURN},
    {0x0f2000f0, 0x002000b0, ARM_UNPRIVILEGED},
    {0x0f3000d0, 0x003000d0, ARM_UNPRIVILEGED},
    {0x0f200000, 0x04200000, ARM_UNPRIVILEGED},
    {0x0f200010, 0x06200000, ARM_UNPRIVILEGED},
    {0x0f000e10, 0x0e000e10, ARM_SYSTEM},
    {0x0fe00e00, 0x0c400e00, ARM_SYSTEM_WIDE},
    {0x0fe00fff, 0x0ee00a10, ARM_FLOAT_SYSTEM},
    {0, 0, 0},
};

static const struct row unconditional[] = {
    {0xfff1fe20, 0xf1000000, ARM_CPS},
    {0xfe50ffff, 0xf8100a00, ARM_RFE},
    {0xfe5fffe0, 0xf84d0500, ARM_SRS},
    {0, 0, 0},
};

static const struct row wide_thumb[] = {
    {0xfffff800, 0xf3af8000, ARM_CPS},
    {0xffeff0ff, 0xf3ef8000, ARM_MRS},
    {0xffe0f0ff, 0xf3808000, ARM_MSR},
    {0xffe0f0ef, 0xf3e08020, ARM_MRS_BANKED},
    {0xffe0f0ef, 0xf3808020, ARM_MSR_BANKED},
    {0xffffff00, 0xf3de8f00, ARM_EXCEPTION_RETURN},
    {0xffd0ffff, 0xe810c000, ARM_RFE},
    {0xffd0ffff, 0xe990c000, ARM_RFE},
    {0xffdfffe0, 0xe80dc000, ARM_SRS},
    {0xffdfffe0, 0xe98dc000, ARM_SRS},
    {0xfee00f00, 0xf8000e00, ARM_UNPRIVILEGED_OFFSET},
    {0xfee00f00, 0xf8200e00, ARM_UNPRIVILEGED_OFFSET},
    {0xffe00f00, 0xf8400e00, ARM_UNPRIVILEGED_OFFSET},
    {0xff000e10, 0xee000e10, ARM_SYSTEM},
    {0xffe00e00, 0xec400e00, ARM_SYSTEM_WIDE},
    {0xffe00fff, 0xeee00a10, ARM_FLOAT_SYSTEM},
    {0xfff0f000, 0xf7e08000, ARM_HVC},
    {0xfff0f000, 0xf7f08000, ARM_SMC},
    {0, 0, 0},
};

static uint32_t field(uint32_t code, unsigned low, unsigned bits)
{
    return code >> low & ((1u << bits) - 1);
}

/* What a row's mask cannot say: the encodings of a kind that are not sensitive. */
/* With a bit that should be zero an encoding is UNPREDICTABLE, and undefined to the engine. */
static bool innocuous(uint32_t kind, uint32_t code)
{
    enum { FPSCR = 1, SUB = 2, MOV = 13 }; /* the engine knows only these two as returns */
    uint32_t opcode = field(code, 21, 4);

    switch (kind) {
    case ARM_MSR: return (code & 0x024f0000) == 0x02000000; /* no field of the CPSR: a hint */
    case ARM_EXCEPTION_RETURN:
        if ((code & 0x0fffffff) == 0x0160006e)
            return false;
        return opcode != SUB && (opcode != MOV || field(code, 16, 4));
    case ARM_UNPRIVILEGED: /* LDRHT and its like, by a register */
        return !(code & 0x0e400000) && field(code, 8, 4);
    case ARM_FLOAT_SYSTEM: return field(code, 16, 4) == FPSCR;
    default: return false;
    }
}

static bool innocuous_thumb(uint32_t kind, uint32_t code)
{
    switch (kind) {
    case ARM_CPS: return !(code & 0x700); /* a hint */
    case ARM_FLOAT_SYSTEM: return innocuous(kind, code);
    case ARM_UNPRIVILEGED_OFFSET: /* a literal; a store that extends the sign */
        return field(code, 16, 4) == 15 || (code & 0x01100000) == 0x01000000;
    default: return false;
    }
}

/* The A32 encoding that does the same. */
static uint32_t twin(uint32_t kind, uint32_t code)
{
    uint32_t spsr = field(code, 20, 1) << 22, writes_back = code & 1u << 21;
    uint32_t before = code & 1u << 24 ? 1u << 23 : 1u << 24; /* IA or DB */
    uint32_t number = field(code, 16, 4) << 12 | (code & 0xfff);

    switch (kind) {
    case ARM_CPS:
        return 0xf1000000 | field(code, 9, 2) << 18 | field(code, 8, 1) << 17
            | field(code, 5, 3) << 6 | (code & 0x1f);
    case ARM_MRS: return 0xe10f0000 | spsr | field(code, 8, 4) << 12;
    case ARM_MSR: return 0xe120f000 | spsr | field(code, 8, 4) << 16 | field(code, 16, 4);
    case ARM_MRS_BANKED:
        return 0xe1000200 | spsr | field(code, 16, 4) << 16 | field(code, 8, 4) << 12
            | field(code, 4, 1) << 8;
    case ARM_MSR_BANKED:
        return 0xe120f200 | spsr | field(code, 8, 4) << 16 | field(code, 4, 1) << 8
            | field(code, 16, 4);
    case ARM_EXCEPTION_RETURN: return 0xe25ef000 | (code & 0xff);
    case ARM_RFE: return 0xf8100a00 | before | writes_back | (code & 0x000f0000);
    case ARM_SRS: return 0xf84d0500 | before | writes_back | (code & 0x1f);
    case ARM_HVC: return 0xe1400070 | number >> 4 << 8 | (number & 15);
    case ARM_SMC: return 0xe1600070 | field(code, 16, 4);
    default: return code;
    }
}

/* Rows of which only those are looked at that have an encoding's bits 27 to 20. */
struct table {
    const struct row *rows;
    bool known;
    bool has[256]; /* a row, by these bits */
};

static bool has_row(struct table *table, uint32_t code)
{
    enum { BITS = 0xff };

    if (!__atomic_load_n(&table->known, __ATOMIC_ACQUIRE)) { /* engines may run side by side */
        for (uint32_t bits = 0; bits <= BITS; bits++)
            for (const struct row *row = table->rows; row->kind; row++)
                table->has[bits] |= !((bits << 20 ^ row->value) & row->mask & BITS << 20);
        __atomic_store_n(&table->known, true, __ATOMIC_RELEASE);
    }
    return table->has[code >> 20 & BITS];
}

/* The row of CODE; NULL: none. */
static const struct row *match(struct table *table, uint32_t code)
{
    if (!has_row(table, code))
        return NULL;
    for (const struct row *row = table->rows; row->kind; row++)
        if ((code & row->mask) == row->value)
            return row;
    return NULL;
}

/* The sensitive instruction that CODE is, and its A32 form; kind 0 if it is none.  A
 * T32 instruction of two halfwords has the first one high. */
struct arm_instruction vmm_arm_decode(uint32_t code, bool thumb)
{
    static struct table of_conditional = {.rows = conditional},
                        of_unconditional = {.rows = unconditional},
                        of_wide_thumb = {.rows = wide_thumb};
    struct arm_instruction none = {0, code, thumb && code >> 16 == 0 ? 2 : 4};
    const struct row *row;

    if (!thumb) {
        row = match(code >> 28 == 15 ? &of_unconditional : &of_conditional, code);
        return row && !innocuous(row->kind, code)
            ? (struct arm_instruction){row->kind, code, 4} : none;
    }
    if (none.length == 2)
        return (code & 0xffe8) == 0xb660
            ? (struct arm_instruction){ARM_CPS, 0xf1080000 | field(code, 4, 1) << 18 | (code & 7) << 6, 2}
            : none;
    row = match(&of_wide_thumb, code);
    return row && !innocuous_thumb(row->kind, code)
        ? (struct arm_instruction){row->kind, twin(row->kind, code), 4} : none;
}

/* The same for Python: kind, A32 form and length. */
void vmm_arm_decode_into(uint32_t code, bool thumb, uint32_t result[3]);
void vmm_arm_decode_into(uint32_t code, bool thumb, uint32_t result[3])
{
    struct arm_instruction found = vmm_arm_decode(code, thumb);

    result[0] = found.kind;
    result[1] = found.code;
    result[2] = found.length;
}
