/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPARC V8: trap delivery, and what the engine leaves out for a LEON3. */
#include "code_pages.h"
#include "monitor_sparc.h"
#include "offsets.h"

#include <string.h>

typedef void (*raise_fn)(void *, int, uintptr_t);
/* SPARC V8 manual, table 7-1, and the LEON3 manual's data_store_error. */
enum { TT_IACC = 0x01, TT_DACC = 0x09, TT_DSTORE = 0x2b, TT_TA0 = 0x80 };

/* An access that no slave answers is an AHB error response: a trap with the
 * MMU on or off (GRLIB IP manual, LEON3: "AHB error response"). */
static void bus_error(struct vmm_cpu *v, int access, uintptr_t retaddr)
{
    static const int trap[] = {TT_DACC, TT_DSTORE, TT_IACC};
    ORIGINAL(raise_fn, raise_trap, "cpu_raise_exception_ra_sparc");
    raise_trap(v->env, trap[access], retaddr);
}

/* In no-fault mode (SRMMU control register NF) a missing translation goes to
 * nowhere instead of trapping (SPARC V8 manual, appendix H.6.1). */
static bool no_fault(struct vmm_cpu *v)
{
    return (FIELD(uint32_t, v->env, SPARC_MMUREGS) & 3) == 3;
}

#define S sparc
#define ARCH VMM_SPARC
#define ADDRESS uint32_t
#define TB_CODE TB32_CODE
#define DB_PC_NEXT DB32_PC_NEXT
#define DB_IS_JMP DB32_IS_JMP
#define DB_NUM_INSNS DB32_NUM_INSNS
#define FILL sparc_cpu_tlb_fill_sparc
#define BUS_ERROR(v, address, access, mmu_index, retaddr) \
    do {                                                  \
        if (v->fill_probe)                                \
            return;                                       \
        if (!no_fault(v))                                 \
            bus_error(v, access, retaddr);                \
    } while (0)
#define SITE_CALL(function, place, what) ((void)(function), (void)(place), (void)(what), false)
#define SITE(v, place, what, retaddr) ((void)(v), (void)(place), (void)(what), (void)(retaddr))
#define END_SITE(db) ((void)(db))
#define MEMOP(operation) vmm_sparc_memop(operation)
#define CACHED() NULL
#define BEGIN_AGAIN(db, start) ((void)(db), (void)(start))
#define ODD(place, what) ((void)(place), (void)(what))
#define BEFORE_INSTRUCTION(v, pc) vmm_sparc_before_instruction((uint32_t)(pc), db)
#define BLOCK_LIMIT(tb, limit) (limit)
#define ENDS_BLOCK() vmm_sparc_ends_block()
#define BLOCK_FLAGS(v) (vmm_sparc_translates(v) ? TB_FLAG_SUPER_ : 0)
#define GOES_ON(function, tb) ((void)(function), (void)(tb), false)
#define OPTIMIZE(v, context, tb) (vmm_sparc_join_branches(context), vmm_clear_upper_halves(v, context))
#include "thunks.inc"
#define NEXT_PC(env) FIELD(volatile uint32_t, env, SPARC_PC)
#define KEEPS_NEXT(env) true
#define BLOCK_STATE(env, state)                                                               \
    ((state)[0] = NEXT_PC(env) | (uint64_t)FIELD(volatile uint32_t, env, SPARC_NPC) << 32,    \
     (state)[1] = FIELD(uint32_t, env, SPARC_PSRS) | (uint64_t)FIELD(uint32_t, env, SPARC_PSREF) << 32, \
     (state)[2] = FIELD(uint32_t, env, SPARC_MMUREGS) & 1)
#include "stay_thunks.inc"

/* The engine's index of untranslated accesses: all of them with the MMU off,
 * those of bypass spaces with it on. */
static bool bypasses(const struct vmm_cpu *v, uint32_t mmu_index)
{
    enum { MMU_PHYSICAL = 2 };

    return mmu_index == MMU_PHYSICAL && FIELD(uint32_t, v->env, SPARC_MMUREGS) & 1;
}
#define PHYSICAL(v, mmu_index) bypasses(v, mmu_index)
#include "watch_thunks.inc"

/* Tcc and power-down leave their block without saying where they were. */
void helper_raise_exception_sparc(void *env, int trap);
void helper_raise_exception_sparc(void *env, int trap)
{
    typedef void (*fn)(void *, int);
    ORIGINAL(fn, original, "helper_raise_exception_sparc");
    if (vmm_current)
        vmm_charge_until(vmm_current, GUEST_RETURN);
    original(env, trap);
}

void helper_power_down_sparc(void *env);
void helper_power_down_sparc(void *env)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "helper_power_down_sparc");
    if (vmm_current)
        vmm_charge_until(vmm_current, GUEST_RETURN);
    original(env);
}

/* PSR without icc, which the engine has not worked out yet: EF, PIL, S, PS, ET, CWP. */
static uint32_t status_of(const void *env)
{
    return (FIELD(uint32_t, env, SPARC_PSREF) != 0) << 12 | FIELD(uint32_t, env, SPARC_PSRPIL) << 8
        | (FIELD(uint32_t, env, SPARC_PSRS) != 0) << 7
        | (FIELD(uint32_t, env, SPARC_PSRPS) != 0) << 6
        | (FIELD(uint32_t, env, SPARC_PSRET) != 0) << 5 | FIELD(uint32_t, env, SPARC_CWP);
}

/* Both traps (from the gate) and interrupts (from the engine's own
 * exec_interrupt) are delivered by this function. */
void sparc_cpu_do_interrupt_sparc(void *cpu);
void sparc_cpu_do_interrupt_sparc(void *cpu)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "sparc_cpu_do_interrupt_sparc");
    struct vmm_cpu *v = vmm_current;
    uint32_t trap = FIELD(uint32_t, cpu, CPU_EXCEPTION_INDEX);
    int action;

    if (!v || v->cpu != cpu) {
        original(cpu);
        return;
    }
    trap &= 0xff;
    if (FIELD(uint32_t, v->env, SPARC_PSRET) == 0) {
        v->reason_trap = (int32_t)trap;
        vmm_stop(v, VMM_REASON_ERROR_MODE);
        return;
    }
    action = vmm_trap(v, trap, FIELD(uint32_t, v->env, SPARC_PC), status_of(v->env),
                      FIELD(uint32_t, v->env, SPARC_NPC));
    if (action == VMM_NATIVE)
        original(cpu);
    if (action == VMM_STOP)
        vmm_stop(v, VMM_REASON_STOPPED);
    else if (trap >= 0x11 && trap <= 0x1f)
        vmm_acknowledge(v, (int)(trap & 15));
}

void vmm_deliver_sparc(struct vmm_cpu *v, int number);
void vmm_deliver_sparc(struct vmm_cpu *v, int number)
{
    (void)number;
    sparc_cpu_do_interrupt_sparc(v->cpu);
}
