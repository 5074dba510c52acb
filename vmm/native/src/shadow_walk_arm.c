/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM short descriptors (ARM DDI 0406C, B3.5, B3.7, B3.12): vmm/cpu/arm/walk_short.py and
 * vmm/monitor/memory/arm.py in C.  Long descriptors are in shadow_walk_long.c.  No guest of this
 * kind has the Security Extensions. */
#include "shadow_state.h"
#include "monitor_arm.h"
#include "offsets.h"

enum { SCTLR, TTBCR, DACR, TTBR0, TTBR1 }; /* of s->registers */
enum { SCTLR_M = 1, SCTLR_WXN = 1 << 19, SCTLR_UWXN = 1 << 20, SCTLR_EE = 1 << 25 };
enum { SCTLR_AFE = 1 << 29, SCTLR_TRANSLATION = SCTLR_M | SCTLR_WXN | SCTLR_UWXN | SCTLR_EE | SCTLR_AFE };
#define TTBCR_EAE (1u << 31)
enum { INVALID, TABLE, SECTION, PRIVILEGED_NEVER }; /* kinds of first-level descriptors */
enum { SUPERSECTION = 1 << 18, LARGE_PAGE = 1 };
enum { CLIENT = 1, MANAGER = 3 }; /* of DACR */
/* Fault status of the first level, table B3-23; that of the second is two more, and of a
 * refused access flag three. */
enum { ACCESS_FLAG = 3, TRANSLATION = 5, DOMAIN = 9, PERMISSION = 13 };
enum { SECOND = 2, SECOND_ACCESS_FLAG = 3 };
enum { FSR_WRITE = 1 << 11 };

static void begin(struct vmm_cpu *v)
{
    static const uint32_t keys[] = {
        [SCTLR] = ARM_KEY(15, 0, 1, 0, 0, 0), [TTBCR] = ARM_KEY(15, 0, 2, 0, 0, 2),
        [DACR] = ARM_KEY(15, 0, 3, 0, 0, 0), [TTBR0] = ARM_KEY(15, 0, 2, 0, 0, 0),
        [TTBR1] = ARM_KEY(15, 0, 2, 0, 0, 1),
    };

    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        v->shadow->registers[i] = vmm_arm_word(v, keys[i]);
}

static uint32_t get(const struct vmm_cpu *v, unsigned index)
{
    return *v->shadow->registers[index];
}

/* TTBR0 and TTBR1 of long descriptors. */
static uint64_t get_wide(const struct vmm_cpu *v, unsigned index)
{
    const uint32_t *words = v->shadow->registers[index];

    return words[0] | (uint64_t)words[1] << 32;
}

static void key(struct vmm_cpu *v, struct shadow_key *k)
{
    uint32_t sctlr = get(v, SCTLR) & SCTLR_TRANSLATION, ttbcr = get(v, TTBCR);

    *k = (struct shadow_key){0};
    if (!(sctlr & SCTLR_M))
        return;
    k->translates = 1;
    k->wide = ttbcr & TTBCR_EAE ? 1 : 0;
    k->words[0] = sctlr;
    k->words[1] = ttbcr;
    k->words[2] = get(v, TTBR0);
    k->words[3] = get(v, TTBR1);
    if (!k->wide) {
        k->words[4] = get(v, DACR);
        return;
    }
    k->words[4] = (uint32_t)(get_wide(v, TTBR0) >> 32);
    k->words[5] = (uint32_t)(get_wide(v, TTBR1) >> 32);
}

/* One walk. */
struct walk {
    struct vmm_cpu *v;
    uint32_t address, sctlr;
    unsigned access;
    bool user;
    struct shadow_walk *found;
    uint32_t first;      /* the first-level descriptor; 0: none was read */
    uint32_t domain;
    uint32_t level;      /* 0 or SECOND */
};

static bool has_pxn(const struct walk *w) { return w->v->shadow->features & VMM_SHADOW_PXN; }

static uint32_t domain_access(const struct walk *w)
{
    return get(w->v, DACR) >> 2 * w->domain & 3;
}

/* DFSR or IFSR: as in the engine, IFSR has the domain too. */
static enum shadow_result fault(struct walk *w, uint32_t status)
{
    uint32_t kind = w->first & 3, domain = 0;

    if (kind == TABLE
        || (kind && !(w->first & SUPERSECTION) && (kind == SECTION || has_pxn(w))))
        domain = w->first >> 5 & 15;
    w->found->status = domain << 4 | status | (w->access == SHADOW_STORE ? FSR_WRITE : 0);
    return SHADOW_FAULT;
}

/* The descriptor at AT; false: it is not in RAM that is known here. */
static bool read_entry(struct walk *w, uint64_t at, uint32_t *entry)
{
    const uint8_t *host = shadow_host(w->v->shadow, at, 4, false);

    if (!host)
        return false;
    *entry = (uint32_t)shadow_value(w->v, host, 4);
    w->found->sources[w->found->count++]
        = (struct vmm_source){.address = at, .value = *entry, .size = 4};
    if (w->sctlr & SCTLR_EE)
        *entry = __builtin_bswap32(*entry);
    return true;
}

/* By AP[2:0], in kernel and in user mode (table B3-8); the reserved 4 gives nothing. */
static uint32_t rights_of(uint32_t ap, bool never, bool never_privileged)
{
    enum { R = VMM_ENTRY_READ, RW = R | VMM_ENTRY_WRITE };
    static const uint8_t kernel[] = {0, RW, RW, RW, 0, R, R, R}, user[] = {0, 0, R, RW, 0, 0, R, R};
    uint32_t of_kernel = kernel[ap], of_user = user[ap];

    if (of_kernel && !never_privileged)
        of_kernel |= VMM_ENTRY_EXECUTE;
    if (of_user && !never)
        of_user |= VMM_ENTRY_EXECUTE;
    return of_kernel | of_user << VMM_ENTRY_USER;
}

/* Permissions, B3.7: by AP[2:0], or by AP[2:1] with AP[0] as the access flag. */
static enum shadow_result page(struct walk *w, uint64_t base, uint32_t span, uint32_t ap,
                               bool never, bool never_privileged)
{
    bool simplified = w->sctlr & SCTLR_AFE, checked = domain_access(w) != MANAGER;
    uint32_t rights;

    never_privileged = never_privileged || never;
    rights = rights_of(simplified ? ap | 1 : ap, never, never_privileged);
    if (simplified && ap >> 1 == 0) /* is for the privileged only */
        rights &= SHADOW_ALL;
    if (checked && w->access == SHADOW_FETCH && (never || (never_privileged && !w->user)))
        return fault(w, PERMISSION + w->level);
    if (simplified && checked && !(ap & 1))
        return fault(w, w->level ? ACCESS_FLAG + SECOND_ACCESS_FLAG : ACCESS_FLAG);
    if (!checked)
        rights = SHADOW_ALL | SHADOW_ALL << VMM_ENTRY_USER;
    if (!(rights >> (w->user ? VMM_ENTRY_USER : 0) >> w->access & 1))
        return fault(w, PERMISSION + w->level);
    w->found->span = span;
    w->found->entry = ((base | (w->address & (span - 1))) & VMM_ENTRY_FRAME) | rights;
    return SHADOW_FOUND;
}

static bool domain_refuses(const struct walk *w)
{
    uint32_t access = domain_access(w);

    return access != CLIENT && access != MANAGER;
}

static enum shadow_result second_level(struct walk *w)
{
    bool never_privileged = has_pxn(w) && w->first & 1 << 2;
    uint32_t entry, ap;

    w->level = SECOND;
    w->domain = w->first >> 5 & 15;
    if (domain_refuses(w))
        return fault(w, DOMAIN + SECOND);
    if (!read_entry(w, (w->first & 0xfffffc00) + (w->address >> 10 & 0x3fc), &entry))
        return SHADOW_UNUSUAL;
    ap = (entry >> 4 & 3) | (entry >> 7 & 4);
    if (!(entry & 3))
        return fault(w, TRANSLATION + SECOND);
    if ((entry & 3) == LARGE_PAGE)
        return page(w, entry & 0xffff0000, 1 << 16, ap, entry >> 15 & 1, never_privileged);
    return page(w, entry & 0xfffff000, 1 << 12, ap, entry & 1, never_privileged);
}

static enum shadow_result section(struct walk *w)
{
    uint32_t first = w->first, ap = (first >> 10 & 3) | (first >> 13 & 4);
    bool large = first & SUPERSECTION;
    uint64_t base = first & 0xfff00000;

    w->domain = large ? 0 : first >> 5 & 15;
    if (domain_refuses(w))
        return fault(w, DOMAIN);
    if (large)
        base = (first & 0xff000000) | (uint64_t)(first >> 20 & 15) << 32
            | (uint64_t)(first >> 5 & 15) << 36;
    return page(w, base, large ? 1 << 24 : 1 << 20, ap, first >> 4 & 1, first & 1);
}

static enum shadow_result walk(struct vmm_cpu *v, uint32_t address, unsigned access, bool user,
                               bool marks, struct shadow_walk *found)
{
    struct walk w = {.v = v, .address = address, .sctlr = get(v, SCTLR), .access = access,
                     .user = user, .found = found};
    uint32_t ttbcr = get(v, TTBCR), n = ttbcr & 7, base, index = address >> 20, kind;
    enum { PD0 = 1 << 4, PD1 = 1 << 5 };
    bool second = n && address >> (32 - n);

    (void)marks; /* there are no flags that a walk sets */
    if (ttbcr & TTBCR_EAE) {
        struct vmm_arm_regime regime
            = vmm_arm_regime(ttbcr, get_wide(v, TTBR0), get_wide(v, TTBR1), address);

        return vmm_shadow_walk_long(v, address, access, user, &regime, w.sctlr, found);
    }
    found->count = 0;
    if (ttbcr & (second ? PD1 : PD0))
        return fault(&w, TRANSLATION);
    if (second) {
        base = get(v, TTBR1) & 0xffffc000;
    } else {
        base = get(v, TTBR0) & 0xffffffff << (14 - n);
        index &= 0xfff >> n;
    }
    if (!read_entry(&w, base + 4 * (uint64_t)index, &w.first))
        return SHADOW_UNUSUAL;
    kind = w.first & 3;
    if (kind == INVALID || (kind == PRIVILEGED_NEVER && !has_pxn(&w)))
        return fault(&w, TRANSLATION);
    return kind == TABLE ? second_level(&w) : section(&w);
}

static int refuse(struct vmm_cpu *v, uint32_t address, unsigned access, uint32_t status)
{
    FIELD(uint32_t, v->env, ARM_EXCEPTION + 4) = status;
    FIELD(uint64_t, v->env, ARM_EXCEPTION + 8) = address;
    return access == SHADOW_FETCH ? ARM_EXCEPTION_PREFETCH : ARM_EXCEPTION_DATA;
}

const struct shadow_format vmm_shadow_arm = {begin, key, walk, refuse};
