/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A LEON3's kernel translated for its virtual processor.
 *
 * PSR, WIM, TBR and the MMU's registers of the guest are the real ones, which
 * user mode cannot reach, but for PSR.S (vmm/monitor/sparc/vcpu.py).  So the
 * kernel's blocks are translated as those of supervisor mode: what the
 * translator makes of rd and wr of WIM and TBR is right as it is, and the
 * helpers that it calls for PSR, RETT and alternate spaces are these.  They let
 * the engine's own do the work with S as the guest has it, then take S out of
 * the real PSR and into the virtual processor.  Traps are entered likewise.
 */
#include "monitor_sparc.h"
#include "offsets.h"
#include "tlb.h"

typedef void (*raise_fn)(void *, int, uintptr_t);

enum { PRIVILEGED_INSTRUCTION = 0x03, HARD = 2, WINDOWS = 8, CASA = 0x3c, LDSTUBA = 0x1d };
enum { USER_DATA = 0x0a, SUPERVISOR_DATA = 0x0b, NOT_THERE = 0xff };
enum { PROBE_AND_FLUSH = 0x18, MMU_REGISTERS = 0x19, CONTEXT_TABLE = 1, CONTEXT = 2 };

static uint32_t *word(const struct vmm_cpu *v, enum vmm_sparc_word index)
{
    return &v->vcpu->words[index];
}

bool vmm_sparc_mmu_on(const struct vmm_cpu *v)
{
    return *word(v, VMM_SPARC_MMU_CONTROL) & 1;
}

bool vmm_sparc_translates(const struct vmm_cpu *v)
{
    return v->vcpu && v->vcpu->view == VMM_VIEW_KERNEL && *word(v, VMM_SPARC_TRANSLATED);
}

/* Let the real PSR have the guest's S while the engine works on it ... */
static void lend_supervisor(struct vmm_cpu *v)
{
    FIELD(uint32_t, v->env, SPARC_PSRS) = v->vcpu->kernel;
}

/* ... and take it out again: PSR has been written. */
static void take_supervisor(struct vmm_cpu *v)
{
    struct vmm_vcpu *c = v->vcpu;
    uint32_t kernel = FIELD(uint32_t, v->env, SPARC_PSRS);

    FIELD(uint32_t, v->env, SPARC_PSRS) = 0;
    c->level = FIELD(uint32_t, v->env, SPARC_PSRPIL);
    c->open = FIELD(uint32_t, v->env, SPARC_PSRET) ? HARD : 0;
    if (c->kernel != kernel) {
        c->kernel = kernel;
        vmm_set_view(v, kernel ? VMM_VIEW_KERNEL : VMM_VIEW_USER);
    }
}

/* The guest's PSR is written. */
void vmm_sparc_put_psr(struct vmm_cpu *v, uint32_t value);
void vmm_sparc_put_psr(struct vmm_cpu *v, uint32_t value)
{
    typedef void (*put_fn)(void *, uint32_t);
    ORIGINAL(put_fn, put, "cpu_put_psr_sparc");

    put(v->env, value);
    take_supervisor(v);
}

/* A privileged instruction of virtual supervisor mode has trapped: what it is, and what most of
 * them need to know, without a call for each. */
void vmm_sparc_note_instruction(struct vmm_cpu *v)
{
    typedef uint32_t (*get_fn)(void *);
    ORIGINAL(get_fn, get, "cpu_get_psr_sparc");
    enum { USER_INDEX = 0, PSR_S = 1 << 7 };
    const uint32_t *code
        = vmm_plain_word(v, FIELD(uint32_t, v->env, SPARC_PC), USER_INDEX, VMM_TLB_FETCH);

    *word(v, VMM_SPARC_INSTRUCTION) = code ? __builtin_bswap32(*code) : 0;
    *word(v, VMM_SPARC_PSR) = get(v->env) | PSR_S;
}

/* ---- traps ------------------------------------------------------------------ */

/* The guest's trap or interrupt, told, entered and acknowledged as on a bare machine. */
void vmm_sparc_take(struct vmm_cpu *v, uint32_t trap)
{
    void sparc_cpu_do_interrupt_sparc(void *);

    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = (int32_t)trap;
    lend_supervisor(v);
    sparc_cpu_do_interrupt_sparc(v->cpu);
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
    /* Whoever intercepts the trap may have written the virtual PSR. */
    FIELD(uint32_t, v->env, SPARC_PSRS) |= v->vcpu->kernel;
    take_supervisor(v);
}

bool vmm_sparc_takes_trap(struct vmm_cpu *v, uint32_t trap)
{
    if (!*word(v, VMM_SPARC_TRANSLATED) || (trap == PRIVILEGED_INSTRUCTION && v->vcpu->kernel))
        return false;
    vmm_sparc_take(v, trap);
    return true;
}

bool vmm_sparc_takes_interrupt(struct vmm_cpu *v)
{
    if (!*word(v, VMM_SPARC_TRANSLATED))
        return false;
    vmm_sparc_take(v, FIELD(uint32_t, v->env, SPARC_INTERRUPT_INDEX));
    return true;
}

/* ---- instructions ----------------------------------------------------------- */

static struct vmm_cpu *translated(const void *env)
{
    struct vmm_cpu *v = vmm_current;

    return v && v->env == env && v->vcpu && *word(v, VMM_SPARC_TRANSLATED) ? v : NULL;
}

/* The engine's own helper looks for its caller's place in a block, but we call it: say
 * which place is meant; 0: none any more. */
static void may_raise(uintptr_t host_pc)
{
    if (vmm_current)
        vmm_current->helper_pc = host_pc;
}

uint32_t helper_rdpsr_sparc(void *env);
uint32_t helper_rdpsr_sparc(void *env)
{
    typedef uint32_t (*fn)(void *);
    ORIGINAL(fn, original, "helper_rdpsr_sparc");
    enum { PSR_S = 1 << 7 };
    const struct vmm_cpu *v = translated(env);
    uint32_t psr = original(env);

    return v && v->vcpu->kernel ? psr | PSR_S : psr;
}

void helper_wrpsr_sparc(void *env, uint32_t psr);
void helper_wrpsr_sparc(void *env, uint32_t psr)
{
    typedef void (*fn)(void *, uint32_t);
    ORIGINAL(fn, original, "helper_wrpsr_sparc");

    may_raise(GUEST_RETURN);
    original(env, psr);
    may_raise(0);
    if (translated(env))
        take_supervisor(vmm_current);
}

/* With traps enabled, or to a window that is not there. */
static bool rett_traps(const void *env)
{
    uint32_t window = (FIELD(uint32_t, env, SPARC_CWP) + 1) % WINDOWS;

    return FIELD(uint32_t, env, SPARC_PSRET) || FIELD(uint32_t, env, SPARC_WIM) >> window & 1;
}

void helper_rett_sparc(void *env);
void helper_rett_sparc(void *env)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "helper_rett_sparc");
    struct vmm_cpu *v = translated(env);

    /* If it traps, the translator has npc overwritten by the target; what it was is in pc. */
    if (vmm_current && rett_traps(env))
        FIELD(uint32_t, env, SPARC_NPC) = FIELD(uint32_t, env, SPARC_PC);
    if (v)
        v->vcpu->open = HARD; /* also if the window is not there, and it traps */
    may_raise(GUEST_RETURN);
    original(env);
    may_raise(0);
    if (v)
        take_supervisor(v);
}

/* ---- alternate spaces ------------------------------------------------------- */

/* Whether this is a legal access of an alternate space. */
static bool is_alternate(uint32_t code)
{
    enum { LDDA = 0x13, STDA = 0x17, SWAPA = 0x1f };
    const uint64_t legal = 0xffull << 0x10 | 1ull << 0x19 | 1ull << 0x1a | 1ull << LDSTUBA
        | 1ull << SWAPA | 1ull << CASA;
    uint32_t op3 = code >> 19 & 0x3f, rd = code >> 25 & 0x1f;

    return code >> 30 == 3 && legal >> op3 & 1 && !(code >> 13 & 1)
        && !((op3 == LDDA || op3 == STDA) && rd & 1);
}

/* Whether the space it names is memory with other rights than the guest's mode has: user
 * data, or with the MMU passed by.  Such accesses are the monitor's to emulate. */
static bool passes_by(uint32_t code)
{
    enum { BYPASS = 0x1c, BYPASS_SUPERSPARC = 0x20 };
    uint32_t asi = code >> 5 & 0xff;

    return is_alternate(code) && (asi == USER_DATA || asi == BYPASS || asi == BYPASS_SUPERSPARC);
}

/* A LEON3 lets user mode name the space of user data, for casa.  So in virtual
 * supervisor mode that would neither trap nor have the right rights: the translator is
 * shown the supervisor's space, which traps.  Where all is translated it is shown
 * an access by a helper, which comes to the monitor (vmm_sparc_emulated). */
uint32_t vmm_sparc_shown(const struct vmm_cpu *v, uint32_t pc, uint32_t code)
{
    const uint32_t op3_bits = 0x3fu << 19;

    if (vmm_sparc_translates(v) && vmm_is_rewritten(v, pc))
        return vmm_sparc_store_shown(code);
    if (!passes_by(code))
        return code;
    if (vmm_sparc_translates(v))
        return (code & ~op3_bits) | (uint32_t)LDSTUBA << 19 | NOT_THERE << 5;
    if ((code >> 5 & 0xff) == USER_DATA)
        return code ^ (USER_DATA ^ SUPERVISOR_DATA) << 5;
    return code;
}

/* Whether the engine's own helper does an access of the MMU as the virtual processor's: of
 * all registers but the control register, which only the guest believes.  Changes are the
 * monitor's to follow unless it is the engine that walks the guest's tables. */
bool vmm_sparc_engine_accesses(const struct vmm_cpu *v, uint32_t address, int asi, bool store)
{
    if (store && v->vcpu->fill_mode != VMM_FILL_ENGINE)
        return false;
    return asi == PROBE_AND_FLUSH || (asi == MMU_REGISTERS && address >> 8 & 0x1f);
}

/* Have the monitor emulate the instruction that called the helper. */
void vmm_sparc_emulated(struct vmm_cpu *v, uintptr_t host_pc)
{
    ORIGINAL(raise_fn, raise_trap, "cpu_raise_exception_ra_sparc");

    raise_trap(v->env, PRIVILEGED_INSTRUCTION, host_pc);
    __builtin_unreachable();
}

/* A store to the MMU that the memory policy can answer here. */
static bool policy_stores(struct vmm_cpu *v, uint32_t address, uint32_t value, int asi,
                          uint32_t operation)
{
    enum { SIZE = 3, WORD = 2 /* of a memory operation */, PAGE = 0x1000, ENTIRE = 4 };
    uint32_t *mmu = &FIELD(uint32_t, v->env, SPARC_MMUREGS), level = address >> 8 & 15;

    if ((operation & SIZE) != WORD || address & 3)
        return false;
    if (asi == PROBE_AND_FLUSH)
        return level > ENTIRE || vmm_memory_flush(v, address & -PAGE, level != 0);
    if (asi != MMU_REGISTERS)
        return false;
    switch (address >> 8 & 0x1f) {
    case CONTEXT_TABLE: mmu[CONTEXT_TABLE] = value & ~3u; break;
    case CONTEXT: mmu[CONTEXT] = value & 0xff; break;
    default: return false;
    }
    return vmm_memory_context(v);
}

void helper_st_asi_sparc(void *env, uint32_t address, uint64_t value, int asi, uint32_t operation);
void helper_st_asi_sparc(void *env, uint32_t address, uint64_t value, int asi, uint32_t operation)
{
    typedef void (*store_fn)(void *, uint32_t, uint64_t, int, uint32_t);
    ORIGINAL(store_fn, original, "helper_st_asi_sparc");
    struct vmm_cpu *v = translated(env);

    if (v && asi == (int)VMM_SPARC_TABLE) {
        vmm_sparc_store(v, address, (uint32_t)value, GUEST_RETURN);
        return;
    }
    if (v && !vmm_sparc_engine_accesses(v, address, asi, true)) {
        if (!policy_stores(v, address, (uint32_t)value, asi, operation))
            vmm_sparc_emulated(v, GUEST_RETURN);
        return;
    }
    may_raise(GUEST_RETURN);
    original(env, address, value, asi, operation);
    may_raise(0);
}
