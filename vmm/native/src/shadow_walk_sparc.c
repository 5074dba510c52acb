/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPARC Reference MMU tables (SPARC V8 manual, appendix H): vmm/cpu/sparc/mmu.py and
 * vmm/monitor/memory/sparc.py in C.  In no-fault mode what is refused is Python's. */
#include "shadow_state.h"
#include "monitor_sparc.h"
#include "offsets.h"

enum { CONTEXT_TABLE = 1, CONTEXT, FAULT_STATUS, FAULT_ADDRESS }; /* MMU registers */
enum { ENABLED = 1, NO_FAULT = 2 };                               /* of the control register */
enum { PTD = 1, PTE = 2 };
enum { REFERENCED = 1 << 5, MODIFIED = 1 << 6 };
enum { INVALID_ADDRESS = 1, PROTECTION, PRIVILEGE, TRANSLATION }; /* fault types, H.5 */
enum { OVERWRITE = 1, ADDRESS_VALID = 1 << 1, FIRST_PRIVATE = 6 /* ACC: the user has no access */ };
enum { INSTRUCTION_ACCESS = 0x01, DATA_ACCESS = 0x09, DATA_STORE = 0x2b };

static uint32_t *mmu(const struct vmm_cpu *v)
{
    return &FIELD(uint32_t, v->env, SPARC_MMUREGS);
}

static uint32_t control(const struct vmm_cpu *v) { return v->vcpu->words[VMM_SPARC_MMU_CONTROL]; }

static void key(struct vmm_cpu *v, struct shadow_key *k)
{
    *k = (struct shadow_key){0};
    if (!(control(v) & ENABLED))
        return;
    k->translates = 1;
    k->words[0] = mmu(v)[CONTEXT_TABLE];
    k->words[1] = mmu(v)[CONTEXT];
}

/* FSR: L, AT, FT, FAV.  As in the engine, L is told of entries that end a walk, not of
 * rights refused. */
static enum shadow_result fault(const struct vmm_cpu *v, struct shadow_walk *found, uint32_t level,
                                uint32_t type, unsigned access, bool user)
{
    static const uint8_t access_types[] = {1, 5, 3}; /* of the supervisor: the user's is one less */
    uint32_t access_type = access_types[access] - user;

    if (control(v) & NO_FAULT)
        return SHADOW_UNUSUAL;
    found->status = level << 8 | access_type << 5 | type << 2 | ADDRESS_VALID;
    return SHADOW_FAULT;
}

/* A walk has ended with ENTRY at address AT, which maps SIZE bytes. */
static enum shadow_result page(struct vmm_cpu *v, uint32_t address, unsigned access, bool user,
                               bool marks, struct shadow_walk *found, uint64_t at, uint32_t entry,
                               uint64_t size)
{
    enum { R = VMM_ENTRY_READ, W = VMM_ENTRY_WRITE, X = VMM_ENTRY_EXECUTE, USER = VMM_ENTRY_USER };
    static const uint8_t by_access[] = { /* ACC, table H-2 */
        R | R << USER, R | W | (R | W) << USER, R | X | (R | X) << USER,
        R | W | X | (R | W | X) << USER, X | X << USER, R | W | R << USER, R | X, R | W | X,
    };
    uint32_t acc = entry >> 2 & 7, rights = by_access[acc];
    uint32_t marked = entry | REFERENCED | (access == SHADOW_STORE ? MODIFIED : 0);
    uint8_t *host = shadow_host(v->shadow, at, 4, true);

    if (!(rights >> (user ? USER : 0) >> access & 1))
        return fault(v, found, 0, user && acc >= FIRST_PRIVATE ? PRIVILEGE : PROTECTION, access,
                     user);
    if (!host)
        return SHADOW_UNUSUAL;
    if (marks && marked != entry)
        shadow_put(v, at, host, marked);
    if (!(marked & MODIFIED))
        rights &= ~(uint32_t)SHADOW_WRITES;
    found->sources[found->count - 1].value = marked;
    found->span = (uint32_t)size;
    found->entry = ((((uint64_t)(entry & 0xffffff00) << 4 & ~(size - 1)) | (address & (size - 1)))
                    & VMM_ENTRY_FRAME)
        | rights;
    return SHADOW_FOUND;
}

static enum shadow_result walk(struct vmm_cpu *v, uint32_t address, unsigned access, bool user,
                               bool marks, struct shadow_walk *found)
{
    static const struct {
        unsigned shift, mask;
    } levels[] = {{32, 0}, {24, 0xff}, {18, 0x3f}, {12, 0x3f}};
    uint64_t table = (uint64_t)mmu(v)[CONTEXT_TABLE] << 4;
    uint32_t index = mmu(v)[CONTEXT];

    found->count = 0;
    for (uint32_t level = 0; level < 4; level++) {
        uint64_t at = table + 4 * (level ? address >> levels[level].shift & levels[level].mask : index);
        const uint8_t *host = shadow_host(v->shadow, at, 4, false);
        uint32_t entry, kind;

        if (!host)
            return SHADOW_UNUSUAL;
        entry = (uint32_t)shadow_value(v, host, 4);
        kind = entry & 3;
        found->sources[found->count++]
            = (struct vmm_source){.address = at, .value = entry, .size = 4};
        if (kind == PTE && level)
            return page(v, address, access, user, marks, found, at, entry,
                        1ull << levels[level].shift);
        if (kind != PTD || level == 3)
            return fault(v, found, level, kind ? TRANSLATION : INVALID_ADDRESS, access, user);
        table = (uint64_t)(entry & 0xfffffffc) << 4;
    }
    return SHADOW_UNUSUAL; /* the third level always ends a walk */
}

static int refuse(struct vmm_cpu *v, uint32_t address, unsigned access, uint32_t status)
{
    mmu(v)[FAULT_STATUS] = status | (mmu(v)[FAULT_STATUS] ? OVERWRITE : 0);
    mmu(v)[FAULT_ADDRESS] = address & ~0xfffu;
    if (access == SHADOW_FETCH)
        return INSTRUCTION_ACCESS;
    return access == SHADOW_STORE && !FIELD(uint32_t, v->env, SPARC_PSRET) ? DATA_STORE : DATA_ACCESS;
}

const struct shadow_format vmm_shadow_sparc = {NULL, key, walk, refuse};
