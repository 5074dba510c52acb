/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual LEON3 kernel: traps that enter it directly, the way back, its register
 * windows, and the hypercalls that need no Python.
 *
 * guests/runtime/hypercall.h is the interface, and vmm/monitor/sparc/para.py the same in Python.
 * What cannot be done here, because memory that it takes is not at hand, goes there with
 * nothing told and nothing lost: a window that has been spilled is spilled.
 */
#include "monitor_sparc.h"
#include "offsets.h"

enum { PSR_CWP = 0x1f, PSR_ET = 1 << 5, PSR_PS = 1 << 6, PSR_S = 1 << 7, PSR_PIL = 0xf00 };
enum { PSR_EF = 1 << 12, PSR_ICC = 0xf << 20, STATUS = 0x1fff /* of PSR, in the ledger */ };
enum { WINDOWS = 8, WORDS = 16 /* of a window, without its outs or its ins */, HARD = 2 };
enum { G1 = 1, O0 = 8, O1 = 9, O6 = 14, L0 = 16, I6 = 30 };
enum { FAULT_STATUS = 3, FAULT_ADDRESS = 4 /* of the MMU's registers */ };
enum { LOAD, STORE, USER_INDEX = 0 /* of the engine's translations */ };
/* struct hyper_spill, and an element of it */
enum { SPILL_LOW = 0, SPILL_ROOM = 4, SPILL_NEXT = 8, ELEMENT_SP = 64, ELEMENT = 72 };

static uint32_t *state(const struct vmm_cpu *v, unsigned offset)
{
    return &FIELD(uint32_t, v->env, offset);
}

static uint32_t window(const struct vmm_cpu *v, unsigned above)
{
    return (*state(v, SPARC_CWP) + above) % WINDOWS;
}

static uint32_t *locals(const struct vmm_cpu *v, uint32_t number)
{
    return state(v, SPARC_REGBASE) + WORDS * number + L0 - O0;
}

/* A window's outs; those of the first are kept apart while the last is in use. */
static uint32_t *outs(const struct vmm_cpu *v, uint32_t number)
{
    bool apart = number == 0 && *state(v, SPARC_CWP) == WINDOWS - 1;

    return state(v, SPARC_REGBASE) + WORDS * (apart ? WINDOWS : number);
}

static uint32_t *reg(const struct vmm_cpu *v, unsigned index)
{
    if (index < O0)
        return state(v, 4 * index);
    return state(v, SPARC_REGBASE) + WORDS * *state(v, SPARC_CWP) + index - O0;
}

/* The guest's PSR. */
static uint32_t get_psr(const struct vmm_cpu *v)
{
    typedef uint32_t (*get_fn)(void *);
    ORIGINAL(get_fn, original, "cpu_get_psr_sparc");

    return (original(v->env) & ~(uint32_t)PSR_S) | (v->vcpu->kernel ? PSR_S : 0);
}

static void put_psr(struct vmm_cpu *v, uint32_t psr)
{
    typedef void (*put_fn)(void *, uint32_t);
    ORIGINAL(put_fn, original, "cpu_put_psr_sparc");
    uint32_t kernel = psr & PSR_S ? 1 : 0;

    original(v->env, psr & ~(uint32_t)PSR_S);
    v->vcpu->level = psr >> 8 & 15;
    v->vcpu->open = psr & PSR_ET ? HARD : 0;
    if (v->vcpu->kernel != kernel) {
        v->vcpu->kernel = kernel;
        vmm_set_view(v, kernel ? VMM_VIEW_KERNEL : VMM_VIEW_USER);
    }
}

/* Let interrupts in unless one is known to wait for the flag. */
static void settle(struct vmm_cpu *v)
{
    bool held = vmm_page_get(v, VMM_PAGE_PENDING) && !vmm_page_get(v, VMM_PAGE_INTERRUPTS);

    v->vcpu->open = !held && *state(v, SPARC_PSRET) ? HARD : 0;
}

/* ---- windows ------------------------------------------------------------------ */

/* Whether the guest's tables allow the present mode an access.  Where the engine walks them
 * it raises what it finds, so they are looked at before. */
static bool allowed(const struct vmm_cpu *v, uint32_t address, int access)
{
    typedef uint32_t (*probe_fn)(void *, uint32_t, int);
    ORIGINAL(probe_fn, probe, "mmu_probe_sparc");
    enum { ENTIRE = 4, TYPE = 3, PAGE_ENTRY = 2, ACC = 7 };
    /* By ACC (SPARC V8 manual, H.3): loads and stores, of the user and of the supervisor. */
    static const uint8_t rights[2][2] = {{0x2f, 0x0a}, {0xef, 0xaa}};
    uint32_t entry;

    if (v->vcpu->fill_mode == VMM_FILL_SHADOW || v->vcpu->fill_mode == VMM_FILL_FLAT
        || !vmm_sparc_mmu_on(v))
        return true;
    entry = probe(v->env, address, ENTIRE);
    return (entry & TYPE) == PAGE_ENTRY && rights[v->vcpu->kernel][access] >> (entry >> 2 & ACC) & 1;
}

/* Whether the present mode finds a window's place in memory: where the host has it, or NULL if
 * stores to it have to be watched. */
static bool place(struct vmm_cpu *v, uint32_t sp, int access, uint32_t **host)
{
    typedef void *(*host_fn)(void *, uint32_t, int, int);
    ORIGINAL(host_fn, original, "tlb_vaddr_to_host_sparc");
    enum { BYTES = 4 * WORDS, PAGE = 0x1000 };

    if (sp & 3 || (sp & (PAGE - 1)) > PAGE - BYTES || !allowed(v, sp, access))
        return false;
    *host = original(v->env, sp, access, USER_INDEX);
    /* The engine does not look whether it has a translation now; where nobody answers there
     * is none. */
    switch (vmm_translation_at_hand(v, sp, access, USER_INDEX)) {
    case VMM_AT_HAND: return *host;
    case VMM_AT_HAND_WATCHED: return !*host && access == STORE;
    default: return false;
    }
}

static bool store_window(struct vmm_cpu *v, uint32_t sp, const uint32_t *local, const uint32_t *in)
{
    typedef void (*store_fn)(void *, uint32_t, uint32_t, int, uintptr_t);
    ORIGINAL(store_fn, store, "cpu_stl_mmuidx_ra_sparc");
    uint32_t *to;

    if (!place(v, sp, STORE, &to))
        return false;
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t value = i < WORDS / 2 ? local[i] : in[i - WORDS / 2];

        if (to)
            to[i] = __builtin_bswap32(value);
        else
            store(v->env, sp + 4 * i, value, USER_INDEX, 0);
    }
    return true;
}

static bool fill(struct vmm_cpu *v, uint32_t number, uint32_t sp)
{
    uint32_t *from, *local = locals(v, number), *in = outs(v, (number + 1) % WINDOWS);

    if (!place(v, sp, LOAD, &from))
        return false;
    for (int i = 0; i < WORDS / 2; i++) {
        local[i] = __builtin_bswap32(from[i]);
        in[i] = __builtin_bswap32(from[WORDS / 2 + i]);
    }
    *state(v, SPARC_WIM) = 1u << (number + 1) % WINDOWS;
    return true;
}

/* Guest-physical memory that is no page table; nothing is there: zero. */
static bool is_memory(const struct vmm_cpu *v, uint32_t address)
{
    return vmm_is_ram(v, address) && !(v->roles && v->roles[address >> 12]);
}

static uint32_t load(const struct vmm_cpu *v, uint32_t address)
{
    return is_memory(v, address) ? vmm_load_word(v, address) : 0;
}

/* Whether a user's window with this %sp goes to its stack and comes from there. */
static bool reachable(struct vmm_cpu *v, uint32_t sp)
{
    uint32_t area = vmm_page_get(v, VMM_PAGE_SPILL);

    return sp % 8 == 0
        && sp - load(v, area + SPILL_LOW) <= load(v, area + SPILL_ROOM);
}

/* Put a window into the spill area, if that is memory. */
static bool put_aside(struct vmm_cpu *v, const uint32_t *local, const uint32_t *in, uint32_t sp)
{
    uint32_t area = vmm_page_get(v, VMM_PAGE_SPILL), next = load(v, area + SPILL_NEXT);

    if (!is_memory(v, area + SPILL_NEXT) || !is_memory(v, next) || !is_memory(v, next + ELEMENT_SP))
        return false;
    for (uint32_t i = 0; i < WORDS / 2; i++) {
        vmm_store_word(v, next + 4 * i, local[i]);
        vmm_store_word(v, next + 4 * (WORDS / 2 + i), in[i]);
    }
    vmm_store_word(v, next + ELEMENT_SP, sp);
    vmm_store_word(v, area + SPILL_NEXT, next + ELEMENT);
    return true;
}

enum spilled { NOT_SPILLED, TO_STACK, TO_AREA };

/* Write the oldest window to memory: it is the invalid one now. */
static enum spilled spill_oldest(struct vmm_cpu *v)
{
    uint32_t wim = *state(v, SPARC_WIM), oldest, sp, *local, *in;
    uint32_t *user = &v->vcpu->words[VMM_SPARC_USER_WINDOW];
    bool users, to_stack;

    if (!wim)
        return NOT_SPILLED;
    oldest = ((uint32_t)__builtin_ctz(wim) - 1) % WINDOWS;
    local = locals(v, oldest);
    in = outs(v, (oldest + 1) % WINDOWS);
    sp = outs(v, oldest)[O6 - O0];
    users = !v->vcpu->kernel || *user;
    to_stack = !users || reachable(v, sp);
    if (!(to_stack ? store_window(v, sp, local, in) : put_aside(v, local, in, sp)))
        return NOT_SPILLED;
    if (*user == oldest + 1)
        *user = 0;
    *state(v, SPARC_WIM) = 1u << oldest;
    return to_stack ? TO_STACK : TO_AREA;
}

/* All windows but the present one. */
static bool spill_all(struct vmm_cpu *v)
{
    while (*state(v, SPARC_WIM) != 1u << window(v, 1))
        if (spill_oldest(v) == NOT_SPILLED)
            return false;
    return true;
}

/* ---- entry and return ----------------------------------------------------------- */

static bool enter(struct vmm_cpu *v, uint32_t kind)
{
    enum { INSTRUCTION_ACCESS = 1, DATA_ACCESS = 9 };
    uint32_t psr = get_psr(v), to = window(v, WINDOWS - 1), entry = vmm_para(v, VMM_PARA_TRAPS);
    uint32_t kernel = v->vcpu->kernel, pc = *state(v, SPARC_PC), npc = *state(v, SPARC_NPC);
    uint32_t *mmu = state(v, SPARC_MMUREGS), *local, level;
    int action;

    if (!(psr & PSR_ET))
        return false;
    if (*state(v, SPARC_WIM) >> to & 1 && spill_oldest(v) == NOT_SPILLED)
        return false;
    action = vmm_trap(v, kind, pc, psr & STATUS, npc);
    if (action == VMM_STOP)
        vmm_stop(v, VMM_REASON_STOPPED);
    if (action != VMM_NATIVE)
        return true;
    level = vmm_page_get(v, VMM_PAGE_INTERRUPTS) ? 0 : PSR_PIL;
    vmm_page_put(v, VMM_PAGE_INTERRUPTS, 0);
    if (!kernel)
        v->vcpu->words[VMM_SPARC_USER_WINDOW] = window(v, 0) + 1;
    psr &= ~(uint32_t)(PSR_PIL | PSR_PS | PSR_CWP);
    put_psr(v, psr | PSR_S | PSR_ET | to);
    local = locals(v, to);
    local[0] = (psr & ~(uint32_t)PSR_ET) | PSR_S | (kernel ? PSR_PS : 0) | level;
    local[1] = pc;
    local[2] = npc;
    local[3] = kind;
    if (kind == INSTRUCTION_ACCESS || kind == DATA_ACCESS) {
        vmm_page_put(v, VMM_PAGE_FAULT_STATUS, mmu[FAULT_STATUS]);
        vmm_page_put(v, VMM_PAGE_FAULT_ADDRESS, mmu[FAULT_ADDRESS]);
        mmu[FAULT_STATUS] = 0;
    }
    *state(v, SPARC_PC) = entry;
    *state(v, SPARC_NPC) = entry + 4;
    settle(v);
    return true;
}

/* HYPER_RETURN: to user mode, or to the kernel that an interrupt was taken from. */
static bool go_back(struct vmm_cpu *v)
{
    uint32_t to = window(v, 1), psr, *local = locals(v, window(v, 0));

    if (*state(v, SPARC_WIM) >> to & 1 && !fill(v, to, *reg(v, I6)))
        return false;
    psr = local[0];
    *state(v, SPARC_PC) = local[1];
    *state(v, SPARC_NPC) = local[2];
    *reg(v, G1) = local[3];
    *reg(v, I6) = local[4];
    put_psr(v, (get_psr(v) & ~(uint32_t)(PSR_ICC | PSR_S | PSR_PS | PSR_CWP)) | (psr & PSR_ICC)
                   | (psr & PSR_PS ? PSR_S : 0) | to);
    vmm_page_put(v, VMM_PAGE_INTERRUPTS, !(psr & PSR_PIL));
    settle(v);
    return true;
}

/* ---- exits -------------------------------------------------------------------- */

/* SAVE has met the invalid window.  It is done again, unless the kernel is to see where a
 * user's window has gone. */
static bool overflow(struct vmm_cpu *v, uint32_t kind)
{
    enum spilled spilled = spill_oldest(v);

    if (spilled == NOT_SPILLED)
        return false;
    return spilled == TO_STACK || v->vcpu->kernel || enter(v, kind);
}

/* RESTORE has. */
static bool underflow(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t sp = *reg(v, I6);

    if (v->vcpu->kernel || reachable(v, sp))
        return fill(v, window(v, 1), sp);
    vmm_page_put(v, VMM_PAGE_FAULT_ADDRESS, sp);
    return enter(v, kind);
}

static bool interrupt(struct vmm_cpu *v)
{
    uint32_t trap = *state(v, SPARC_INTERRUPT_INDEX);
    bool closed = !vmm_page_get(v, VMM_PAGE_INTERRUPTS);

    vmm_page_put(v, VMM_PAGE_PENDING, closed);
    settle(v);
    if (closed)
        return true;
    if (!enter(v, trap))
        return false;
    if (v->reason == VMM_REASON_NONE)
        vmm_acknowledge(v, (int)(trap & 15));
    return true;
}

/* A call that answers goes on behind its instruction. */
static bool answer(struct vmm_cpu *v, uint32_t result)
{
    uint32_t npc = *state(v, SPARC_NPC);

    *state(v, SPARC_PC) = npc;
    *state(v, SPARC_NPC) = npc + 4;
    *reg(v, O0) = result;
    settle(v);
    return true;
}

static bool call(struct vmm_cpu *v)
{
    enum { CONTEXT = 2, CONTEXT_BITS = 0xff, MOST_UPDATES = 4096, PAGE = 0x1000 };
    uint32_t a = *reg(v, O0), b = *reg(v, O1), psr;

    switch (*reg(v, G1)) {
    case VMM_HYPER_RETURN:
        return go_back(v);
    case VMM_HYPER_SPACE:
        state(v, SPARC_MMUREGS)[CONTEXT] = b & CONTEXT_BITS;
        return vmm_memory_context(v) && answer(v, 0);
    case VMM_HYPER_UPDATE:
        return b <= MOST_UPDATES && vmm_memory_update(v, a, b) && answer(v, b);
    case VMM_HYPER_FLUSH:
        return vmm_memory_flush(v, a & -PAGE, false) && answer(v, 0);
    case VMM_HYPER_FLUSH_SPACE:
        return vmm_memory_flush(v, 0, true) && answer(v, 0);
    case VMM_HYPER_RELEASE:
        return vmm_memory_release(v, a, b) && answer(v, 0);
    case VMM_HYPER_FPU:
        psr = get_psr(v);
        put_psr(v, a ? psr | PSR_EF : psr & ~(uint32_t)PSR_EF);
        return answer(v, 0);
    case VMM_HYPER_OPENED:
        return answer(v, 0);
    case VMM_HYPER_WINDOWS:
        return spill_all(v) && answer(v, 0);
    default:
        return false;
    }
}

/* An exit of a paravirtual kernel that traps enter directly.  False: for its monitor. */
bool vmm_para_sparc_exit(struct vmm_cpu *v, uint32_t kind)
{
    enum { PRIVILEGED_INSTRUCTION = 0x03, OVERFLOW = 0x05, UNDERFLOW = 0x06, CALL = 0xf0 };

    if (!vmm_para(v, VMM_PARA_CALLS) || !vmm_para(v, VMM_PARA_TRAPS) || !v->vcpu_page)
        return false;
    switch (kind) {
    case VMM_KIND_VIRTUAL_INTERRUPT: return interrupt(v);
    case CALL: return v->vcpu->kernel ? call(v) : enter(v, kind);
    case OVERFLOW: return overflow(v, kind);
    case UNDERFLOW: return underflow(v, kind);
    case PRIVILEGED_INSTRUCTION: return !v->vcpu->kernel && enter(v, kind);
    default: return kind < 256 && enter(v, kind);
    }
}
