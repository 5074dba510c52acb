/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the entries of guests' page tables stand for: one function for each format.
 *
 * They are the `part` of vmm/monitor/memory/x86.py, arm.py and sparc.py, which cite the
 * manuals; tests/monitor/test_frame_types.py compares the two.  Entries that the
 * processor's walk refuses (not present, or with reserved bits) stand for nothing.
 */
#include "page_formats.h"

#include <stddef.h>

enum { PAGE = 0x1000 };

/* ---- x86: levels 1 to 2 of 32-bit paging, 1 to 3 of PAE ------------------------------- */

enum { X86_PRESENT = 1, X86_WRITABLE = 2, X86_LARGE = 1 << 7, X86_RESERVED_4M = 1 << 21 };
#define X86_ADDRESS 0x000ffffffffff000ull
#define X86_RESERVED_HIGH 0x7fffff0000000000ull /* MAXPHYADDR is 40 */
#define X86_NO_EXECUTE (1ull << 63)

static struct vmm_part x86(const struct vmm_format *format, uint32_t level, uint64_t entry)
{
    struct vmm_part part = {.writable = entry & X86_WRITABLE};

    if (!(entry & X86_PRESENT))
        return (struct vmm_part){0};
    if (level == 2) {
        part.address = entry & 0xfffff000 & format->mask;
        part.span = PAGE;
        return part;
    }
    if (!(entry & X86_LARGE && format->flags & VMM_FORMAT_PSE))
        return (struct vmm_part){
            .address = entry & 0xfffff000 & format->mask, .level = 2, .size = PAGE};
    if (entry & X86_RESERVED_4M)
        return (struct vmm_part){0};
    part.address = (entry >> 13 & 0xff) << 32 | (entry & 0xffc00000 & format->mask);
    part.span = 1 << 22;
    return part;
}

static struct vmm_part pae(const struct vmm_format *format, uint32_t level, uint64_t entry)
{
    const uint64_t pat = 1 << 12, low = 0x1ff000; /* of an entry for 2 MiB */
    bool executable_bit = format->flags & VMM_FORMAT_NXE && level > 1;
    bool large = level == 2 && entry & X86_LARGE;
    struct vmm_part part = {.writable = entry & X86_WRITABLE};

    if (!(entry & X86_PRESENT) || entry & X86_RESERVED_HIGH
        || (entry & X86_NO_EXECUTE && !executable_bit) || (large && entry & low & ~pat))
        return (struct vmm_part){0};
    if (level < 3 && !large)
        return (struct vmm_part){
            .address = entry & X86_ADDRESS & format->mask, .level = level + 1, .size = PAGE};
    part.span = large ? 1 << 21 : PAGE;
    part.address = entry & X86_ADDRESS & ~(part.span - 1) & format->mask;
    return part;
}

/* ---- ARM: levels 1 to 2 of short descriptors; 4 more than the manual's of long ones ----- */

enum { ARM_SUPERSECTION = 1 << 18, ARM_MIB = 1 << 20 };
#define LPAE_ADDRESS 0xfffffff000ull

static bool arm_writable(unsigned ap)
{
    return ap >= 1 && ap <= 3; /* AP[2:0], table B3-8 */
}

static struct vmm_part arm(const struct vmm_format *format, uint32_t level, uint64_t entry)
{
    unsigned kind = entry & 3;
    struct vmm_part part = {0};

    if (!kind || (level == 1 && kind == 3 && !(format->flags & VMM_FORMAT_PXN)))
        return part;
    if (level == 2) {
        part.span = kind == 1 ? 1 << 16 : PAGE;
        part.address = entry & ~(part.span - 1);
        part.writable = arm_writable((entry >> 4 & 3) | (entry >> 7 & 4));
        return part;
    }
    if (kind == 1)
        return (struct vmm_part){.address = entry & 0xfffffc00, .level = 2, .size = 1 << 10};
    part.span = ARM_MIB;
    part.address = entry & 0xfff00000;
    part.writable = arm_writable((entry >> 10 & 3) | (entry >> 13 & 4));
    if (entry & ARM_SUPERSECTION) {
        part.span = ARM_MIB << 4;
        part.address = (entry & 0xff000000) | (entry >> 20 & 15) << 32 | (entry >> 5 & 15) << 36;
    }
    return part;
}

static struct vmm_part lpae(const struct vmm_format *format, uint32_t level, uint64_t entry)
{
    struct vmm_part part = {0};

    (void)format;
    if (!(entry & 1) || (level == 7 && !(entry & 2)))
        return part;
    if (level < 7 && entry & 2)
        return (struct vmm_part){
            .address = entry & LPAE_ADDRESS, .level = level + 1, .size = PAGE};
    part.span = 1ull << (9 * (8 - level) + 3);
    part.address = entry & LPAE_ADDRESS & ~(part.span - 1);
    part.writable = !(entry & 1 << 7);
    return part;
}

/* ---- SPARC: the context table's entry is level 1 ----------------------------------------- */

static struct vmm_part sparc(const struct vmm_format *format, uint32_t level, uint64_t entry)
{
    enum { PTD = 1, PTE = 2, WRITING = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 /* ACC, table H-2 */ };
    static const uint32_t sizes[] = {0, 4, 1 << 10, 1 << 8, 1 << 8};
    struct vmm_part part = {0};

    if ((entry & 3) == PTD && level < 4)
        return (struct vmm_part){
            .address = (entry & 0xfffffffc) << 4, .level = level + 1, .size = sizes[level + 1]};
    if ((entry & 3) != PTE || level == 1)
        return part;
    part.span = 1ull << vmm_level_shift(format, level);
    part.address = (entry & 0xffffff00) << 4 & ~(part.span - 1);
    part.writable = WRITING >> (entry >> 2 & 7) & 1;
    return part;
}

/* ---- by kind ------------------------------------------------------------------------------- */

static const struct {
    struct vmm_part (*part)(const struct vmm_format *, uint32_t level, uint64_t entry);
    unsigned shifts[9]; /* by level; 0: there is none */
} formats[] = {
    [VMM_TABLES_X86] = {x86, {0, 22, 12}},
    [VMM_TABLES_PAE] = {pae, {0, 30, 21, 12}},
    [VMM_TABLES_ARM] = {arm, {0, 20, 12}},
    [VMM_TABLES_LPAE] = {lpae, {0, 0, 0, 0, 0, 30, 21, 12}},
    [VMM_TABLES_SPARC] = {sparc, {0, 32, 24, 18, 12}},
};

struct vmm_part vmm_part_of(const struct vmm_format *format, uint32_t level, uint64_t entry)
{
    return formats[format->kind].part(format, level, entry);
}

bool vmm_level_has_tables(const struct vmm_format *format, uint32_t level)
{
    return formats[format->kind].shifts[level + 1];
}

unsigned vmm_level_shift(const struct vmm_format *format, uint32_t level)
{
    return formats[format->kind].shifts[level];
}
