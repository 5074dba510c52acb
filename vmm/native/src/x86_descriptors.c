/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit 21 of a data segment's descriptor.
 *
 * It is reserved, and processors ignore it (Intel SDM volume 3A, 3.4.5: L is of code segments, in
 * IA-32e mode).  The engine, which has 64-bit code, takes a stack segment that has it for one
 * of 64-bit code, and then traps, far calls and returns reach its base and nothing else.  So helpers read
 * such descriptors without it.  When they mark one as accessed, memory keeps the bit; LAR shows it.
 */
#include "x86_descriptors.h"
#include "x86_state.h"

static __thread uintptr_t lar; /* the LAR at work: its helper_pc */
static __thread struct {       /* where the bit was hidden last, and the rest of the word */
    uint64_t address;
    uint32_t word;
} hidden;

static bool in_table(const void *env, int place, uint64_t address)
{
    uint64_t offset = address - FIELD(uint64_t, env, place + 8);

    return offset < FIELD(uint32_t, env, place + 16) && (offset & 7) == 4;
}

/* WORD, which a helper has loaded from ADDRESS: perhaps the second one of a descriptor. */
uint32_t vmm_x86_without_long(void *env, uint64_t address, int mmu_index, uint32_t word)
{
    enum { HF_LMA = 1 << 14, USER_INDEX = 1 };

    if (mmu_index == USER_INDEX || FIELD(uint32_t, env, X86_HFLAGS) & HF_LMA
        || !vmm_current || (lar && lar == vmm_current->helper_pc)
        || (!in_table(env, X86_GDT, address) && !in_table(env, X86_LDT, address)))
        return word;
    hidden.address = address;
    hidden.word = word & ~(uint32_t)DESCRIPTOR_LONG;
    return hidden.word;
}

/* WORD, which a helper stores at ADDRESS: perhaps a descriptor that is now accessed. */
uint32_t vmm_x86_accessed_with_long(uint64_t address, uint32_t word)
{
    bool marks = address == hidden.address && word == (hidden.word | DESCRIPTOR_ACCESSED);

    return marks ? word | DESCRIPTOR_LONG : word;
}

uint64_t helper_lar_x86_64(void *env, uint64_t selector)
{
    typedef uint64_t (*fn)(void *, uint64_t);
    ORIGINAL(fn, original, "helper_lar_x86_64");
    struct vmm_cpu *v = vmm_current;
    bool committed;
    uint64_t answer;

    if (!v || v->env != env)
        return original(env, selector);
    committed = v->helper_pc != 0; /* a monitor does it */
    if (!committed)
        v->helper_pc = GUEST_RETURN;
    lar = v->helper_pc;
    answer = original(env, selector);
    lar = 0;
    if (!committed)
        v->helper_pc = 0;
    return answer;
}
