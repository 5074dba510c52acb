/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM long descriptors, stage 1 of PL1 and PL0 (ARM DDI 0406C, B3.6 and B3.7):
 * vmm/cpu/arm/walk_long.py and vmm/monitor/memory/arm.py in C. */
#include "monitor_arm.h"
#include "shadow_state.h"

enum { SCTLR_WXN = 1 << 19, SCTLR_UWXN = 1 << 20, SCTLR_EE = 1 << 25 };
enum { TTBCR_EPD0 = 1 << 7, TTBCR_EPD1 = 1 << 23 };
enum { TRANSLATION = 0x04, ACCESS_FLAG = 0x08, PERMISSION = 0x0c }; /* table B3-24, less the level */
enum { FSR_LPAE = 1 << 9, FSR_WRITE = 1 << 11 };
enum { VALID = 1, TABLE = 2, AF = 1 << 10, LAST = 3 /* level */ };
/* What a table takes away, bits 63 to 59 of its descriptor (B3.6.2). */
enum { PXN_TABLE = 1, XN_TABLE = 2, NO_USER = 4, READ_ONLY = 8 };
#define ADDRESS 0xfffffff000ull
#define TABLE_BASE 0xffffffffffull

/* Where walks for an address begin (B3.6.5). */
struct vmm_arm_regime vmm_arm_regime(uint32_t ttbcr, uint64_t ttbr0, uint64_t ttbr1, uint32_t address)
{
    unsigned t0 = ttbcr & 7, t1 = ttbcr >> 16 & 7;
    uint64_t lower = 1ull << (32 - t0), upper = (1ull << 32) - (1ull << (32 - t1));
    struct vmm_arm_regime regime = {.upper = t1 ? address >= upper : address >= lower};

    regime.bits = 32 - (regime.upper ? t1 : t0);
    regime.level = regime.bits > 30 ? 1 : 2;
    regime.base = (regime.upper ? ttbr1 : ttbr0) & TABLE_BASE
        & -(1ull << (regime.bits - 9 * (4 - regime.level)));
    regime.disabled = ttbcr & (regime.upper ? TTBCR_EPD1 : TTBCR_EPD0)
        || (!regime.upper && address >= lower);
    return regime;
}

/* Permissions of stage 1, by AP[2:1] and what the tables above take away. */
static uint32_t rights_of(uint64_t entry, uint32_t limits, uint32_t sctlr)
{
    enum { R = VMM_ENTRY_READ, W = VMM_ENTRY_WRITE };
    uint32_t ap = entry >> 6 & 3, kernel, user;
    bool never = entry >> 54 & 1 || limits & XN_TABLE;
    bool never_privileged = never || entry >> 53 & 1 || limits & PXN_TABLE;

    if (limits & NO_USER)
        ap &= ~1u;
    if (limits & READ_ONLY)
        ap |= 2;
    kernel = ap & 2 ? R : R | W;
    user = ap & 1 ? kernel : 0;
    if (!never_privileged && !(sctlr & SCTLR_WXN && kernel & W) && !(sctlr & SCTLR_UWXN && user & W))
        kernel |= VMM_ENTRY_EXECUTE;
    if (!never && user && !(sctlr & SCTLR_WXN && user & W))
        user |= VMM_ENTRY_EXECUTE;
    return kernel | user << VMM_ENTRY_USER;
}

static enum shadow_result fault(struct shadow_walk *found, uint32_t status, unsigned access)
{
    found->status = status | FSR_LPAE | (access == SHADOW_STORE ? FSR_WRITE : 0);
    return SHADOW_FAULT;
}

enum shadow_result vmm_shadow_walk_long(struct vmm_cpu *v, uint32_t address, unsigned access,
                                        bool user, const struct vmm_arm_regime *regime,
                                        uint32_t sctlr, struct shadow_walk *found)
{
    unsigned level = regime->level, width = regime->bits - 9 * (4 - level);
    uint64_t base = regime->base, entry;
    uint32_t limits = 0, rights, span;

    found->count = 0;
    if (regime->disabled)
        return fault(found, TRANSLATION + level, access);
    for (;; level++, width = 12) {
        uint64_t at = base
            | ((uint64_t)address >> 9 * (4 - level) & ((1ull << width) - 1) & ~7ull);
        const uint8_t *host = shadow_host(v->shadow, at, 8, false);

        if (!host)
            return SHADOW_UNUSUAL;
        entry = shadow_value(v, host, 8);
        found->sources[found->count++]
            = (struct vmm_source){.address = at, .value = entry, .size = 8};
        if (sctlr & SCTLR_EE)
            entry = __builtin_bswap64(entry);
        if (!(entry & VALID) || (level == LAST && !(entry & TABLE)))
            return fault(found, TRANSLATION + level, access);
        if (level == LAST || !(entry & TABLE))
            break;
        limits |= (uint32_t)(entry >> 59);
        base = entry & ADDRESS;
    }
    if (!(entry & AF))
        return fault(found, ACCESS_FLAG + level, access);
    rights = rights_of(entry, limits, sctlr);
    if (!(rights >> (user ? VMM_ENTRY_USER : 0) >> access & 1))
        return fault(found, PERMISSION + level, access);
    span = 1u << (9 * (4 - level) + 3);
    found->span = span;
    found->entry = (((entry & ADDRESS & -(uint64_t)span) | (address & (span - 1))) & VMM_ENTRY_FRAME)
        | rights;
    return SHADOW_FOUND;
}
