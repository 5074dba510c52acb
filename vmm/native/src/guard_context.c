/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where walks begin: the roots that a guest's registers name now, for the guard of its tables.
 *
 * The `roots` and `format` of vmm/monitor/memory/x86.py, arm.py and sparc.py.
 */
#include "monitor_arm.h"
#include "monitor_sparc.h"
#include "x86_state.h"
#include "table_guard.h"

enum { MOST_ROOTS = 2 };

/* How many roots there are; 0: translation is off, or Python has to say. */
static uint32_t x86(const struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *root)
{
    const uint64_t *cr = &FIELD(uint64_t, v->env, X86_CR);
    bool pointers = cr[4] & CR4_PAE;

    format->kind = pointers ? VMM_TABLES_PAE : VMM_TABLES_X86;
    format->flags = (cr[4] & CR4_PSE ? VMM_FORMAT_PSE : 0)
        | (FIELD(uint64_t, v->env, X86_EFER) & EFER_NXE ? VMM_FORMAT_NXE : 0);
    format->entry_size = pointers ? 8 : 4;
    format->mask = (uint64_t)(int64_t)FIELD(int32_t, v->env, X86_A20_MASK);
    root->begins = 0;
    root->base = cr[3] & (pointers ? 0xffffffe0 : 0xfffff000) & format->mask;
    root->level = 1;
    root->size = pointers ? 32 : 0x1000;
    return cr[0] & CR0_PG ? 1 : 0;
}

#define SCTLR ARM_KEY(15, 0, 1, 0, 0, 0)
#define TTBR0 ARM_KEY(15, 0, 2, 0, 0, 0)
#define TTBR1 ARM_KEY(15, 0, 2, 0, 0, 1)
#define TTBCR ARM_KEY(15, 0, 2, 0, 0, 2)
#define TTBCR_EAE (1u << 31)
enum { ARM_TABLE = 1 << 14, TTBCR_N = 7, TTBCR_PD0 = 1 << 4, TTBCR_PD1 = 1 << 5, SCTLR_M = 1 };
enum { SCTLR_EE = 1 << 25 };

static uint64_t wide(struct vmm_cpu *v, uint32_t key)
{
    const uint32_t *words = vmm_arm_word(v, key);

    return words[0] | (uint64_t)words[1] << 32;
}

/* DDI 0406C, B3.6.5: long descriptors, whose levels have 4 added. */
static uint32_t arm_long(struct vmm_cpu *v, uint32_t ttbcr, struct vmm_root *roots)
{
    uint32_t count = 0;
    bool first_is_all = false;

    for (unsigned i = 0; i < MOST_ROOTS && !first_is_all; i++) {
        struct vmm_arm_regime regime
            = vmm_arm_regime(ttbcr, wide(v, TTBR0), wide(v, TTBR1), i ? 0xffffffff : 0);

        first_is_all = !(ttbcr & (7 | 7 << 16));
        if (!regime.disabled)
            roots[count++] = (struct vmm_root){
                regime.base, 4 + regime.level, 1u << (regime.bits - 9 * (4 - regime.level)),
                regime.upper ? (1ull << 32) - (1ull << regime.bits) : 0};
    }
    return count;
}

/* DDI 0406C, B3.5.4: TTBR0's table is the smaller the more TTBR1 translates. */
static uint32_t arm(struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *roots)
{
    uint32_t ttbcr = *vmm_arm_word(v, TTBCR), size = ARM_TABLE >> (ttbcr & TTBCR_N), count = 0;

    format->kind = VMM_TABLES_ARM;
    format->flags = vmm_guard_of(v)->types.format.flags & VMM_FORMAT_PXN; /* the model's */
    format->entry_size = 4;
    format->big_endian = *vmm_arm_word(v, SCTLR) & SCTLR_EE ? 1 : 0;
    format->mask = ~0ull;
    if (!(*vmm_arm_word(v, SCTLR) & SCTLR_M))
        return 0;
    if (ttbcr & TTBCR_EAE) {
        format->kind = VMM_TABLES_LPAE;
        format->entry_size = 8;
        return arm_long(v, ttbcr, roots);
    }
    if (!(ttbcr & TTBCR_PD0))
        roots[count++] = (struct vmm_root){*vmm_arm_word(v, TTBR0) & -size, 1, size, 0};
    if (ttbcr & TTBCR_N && !(ttbcr & TTBCR_PD1))
        roots[count++] = (struct vmm_root){
            (*vmm_arm_word(v, TTBR1) & -(uint32_t)ARM_TABLE) + size, 1, ARM_TABLE - size,
            (uint64_t)(size / 4) << 20};
    return count;
}

static uint32_t sparc(const struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *root)
{
    enum { CONTEXT_TABLE = 1, CONTEXT = 2 };
    const uint32_t *mmu = &FIELD(uint32_t, v->env, SPARC_MMUREGS);

    format->kind = VMM_TABLES_SPARC;
    format->entry_size = 4;
    format->big_endian = 1;
    format->mask = ~0ull;
    root->base = ((uint64_t)mmu[CONTEXT_TABLE] << 4 & 0xffffffff0) + 4ull * mmu[CONTEXT];
    root->level = 1;
    root->size = 4;
    root->begins = 0;
    return vmm_sparc_mmu_on(v) ? 1 : 0;
}

/* The roots of the guest's present context. */
static uint32_t present_roots(struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *roots)
{
    switch (v->arch) {
    case VMM_X86: return x86(v, format, roots);
    case VMM_SPARC: return sparc(v, format, roots);
    default: return arm(v, format, roots);
    }
}

/* The root that HYPER_RELEASE names by these (guests/runtime/hypercall.h). */
static uint64_t root_named(struct vmm_cpu *v, uint32_t root, uint32_t tag)
{
    enum { CONTEXT_TABLE = 1 };

    switch (v->arch) {
    case VMM_SPARC:
        return ((uint64_t)FIELD(uint32_t, v->env, SPARC_MMUREGS + 4 * CONTEXT_TABLE) << 4
                & 0xffffffff0) + 4ull * tag;
    case VMM_X86:
        return root & (FIELD(uint64_t, v->env, X86_CR + 8 * 4) & CR4_PAE ? 0xffffffe0 : 0xfffff000);
    default:
        return root & -(uint32_t)(ARM_TABLE >> (*vmm_arm_word(v, TTBCR) & TTBCR_N));
    }
}

/* A space will not be entered again: its tables are memory like any other, unless it is the
 * present one, of which only nothing stays cached. */
bool vmm_guard_release_space(struct vmm_cpu *v, uint32_t root, uint32_t tag)
{
    struct vmm_guard *guard = vmm_guard_of(v);

    if (!guard)
        return false;
    vmm_guard_release(guard, root_named(v, root, tag));
    return vmm_guard_flush(v, 0, true);
}

/* A register that governs translation has been written.  False: Python has to look at it. */
bool vmm_guard_context(struct vmm_cpu *v)
{
    struct vmm_guard *guard = vmm_guard_of(v);
    struct vmm_format format = {0};
    struct vmm_root roots[MOST_ROOTS];
    uint32_t count = guard ? present_roots(v, &format, roots) : 0;

    if (!count || !vmm_guard_has_format(guard, &format) || !vmm_guard_enter(guard, roots, count))
        return false;
    guard->counters->switches++;
    return true;
}
