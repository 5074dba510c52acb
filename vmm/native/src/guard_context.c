/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where walks begin: the roots that a guest's registers name now, for the guard of its tables.
 *
 * The `roots` and `format` of vmm/monitor/memory/x86.py and sparc.py.  An architecture without a
 * row here has its changes of context answered in Python.
 */
#include "monitor_sparc.h"
#include "offsets.h"
#include "table_guard.h"

static bool x86(const struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *root)
{
    enum { CR0_PG = 1u << 31, CR4_PSE = 1 << 4, CR4_PAE = 1 << 5, EFER_NXE = 1 << 11 };
    const uint64_t *cr = &FIELD(uint64_t, v->env, X86_CR);
    bool pointers = cr[4] & CR4_PAE;

    format->kind = pointers ? VMM_TABLES_PAE : VMM_TABLES_X86;
    format->flags = (cr[4] & CR4_PSE ? VMM_FORMAT_PSE : 0)
        | (FIELD(uint64_t, v->env, X86_EFER) & EFER_NXE ? VMM_FORMAT_NXE : 0);
    format->entry_size = pointers ? 8 : 4;
    format->mask = (uint64_t)(int64_t)FIELD(int32_t, v->env, X86_A20_MASK);
    root->base = cr[3] & (pointers ? 0xffffffe0 : 0xfffff000) & format->mask;
    root->level = 1;
    root->size = pointers ? 32 : 0x1000;
    return cr[0] & CR0_PG;
}

static bool sparc(const struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *root)
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
    return vmm_sparc_mmu_on(v);
}

/* The root of the guest's present context.  False: translation is off, or Python has to say. */
static bool present_root(const struct vmm_cpu *v, struct vmm_format *format, struct vmm_root *root)
{
    switch (v->arch) {
    case VMM_X86: return x86(v, format, root);
    case VMM_SPARC: return sparc(v, format, root);
    default: return false;
    }
}

/* The root that HYPER_RELEASE names by these (guests/runtime/hypercall.h). */
static uint64_t root_named(const struct vmm_cpu *v, uint32_t root, uint32_t tag)
{
    enum { CONTEXT_TABLE = 1, CR4_PAE = 1 << 5 };

    switch (v->arch) {
    case VMM_SPARC:
        return ((uint64_t)FIELD(uint32_t, v->env, SPARC_MMUREGS + 4 * CONTEXT_TABLE) << 4
                & 0xffffffff0) + 4ull * tag;
    case VMM_X86:
        return root & (FIELD(uint64_t, v->env, X86_CR + 8 * 4) & CR4_PAE ? 0xffffffe0 : 0xfffff000);
    default:
        return root & 0xffffc000;
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
    struct vmm_root root;

    if (!guard || !present_root(v, &format, &root)
        || !vmm_guard_has_format(guard, &format) || !vmm_guard_enter(guard, &root, 1))
        return false;
    guard->counters->switches++;
    return true;
}
