/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM: trap delivery, external aborts, and the generic timer's registers. */
#include "code_pages.h"
#include "monitor_arm.h"
#include "offsets.h"

#include <string.h>

/* The bus reports a decode error; the engine's own code makes it the
 * synchronous external abort of the current translation regime
 * (ARM DDI 0406C B3.13, "External aborts"). */
static void bus_error(struct vmm_cpu *v, uint32_t address, int access, int mmu_index,
                      uint32_t attrs, uintptr_t retaddr)
{
    typedef void (*failed_fn)(void *, uint64_t, uint32_t, unsigned, int, int, uint32_t, int,
                              uintptr_t);
    ORIGINAL(failed_fn, failed, "arm_cpu_do_transaction_failed_arm");
    failed(v->cpu, v->last_unmapped, address, 4, access, mmu_index, attrs, 2, retaddr);
}

#define S arm
#define ARCH VMM_ARM
#define ADDRESS uint32_t
#define TB_CODE TB32_CODE
#define DB_PC_NEXT DB32_PC_NEXT
#define DB_IS_JMP DB32_IS_JMP
#define DB_NUM_INSNS DB32_NUM_INSNS
#define FILL arm_cpu_tlb_fill_arm
#define BUS_ERROR(v, address, access, mmu_index, retaddr)                     \
    do {                                                                      \
        if (v->fill_probe)                                                    \
            return;                                                           \
        bus_error(v, (uint32_t)address, access, mmu_index, attrs, retaddr);   \
    } while (0)
#define BEFORE_INSTRUCTION(v, pc)                                             \
    (vmm_arm_begin_site(v, (uint32_t)(pc)), vmm_arm_before_instruction(v, (uint32_t)(pc)))
#define SITE_CALL(function, place, what) vmm_arm_site_call(function, place, what)
#define SITE(v, place, what, retaddr) vmm_arm_site(v, place, what, retaddr)
#define END_SITE(db) \
    (vmm_arm_after_instruction(), FIELD(uint32_t, db, DB_PC_NEXT)             \
     = vmm_arm_end_site(&FIELD(int32_t, db, DB_IS_JMP), FIELD(uint32_t, db, DB_PC_NEXT)))
#define MEMOP(operation) vmm_arm_memop(operation)
#define CACHED() vmm_arm_cached()
#define BEGIN_AGAIN(db, start) (FIELD(void *, db, ARM_DC_START) = (start))
#define ODD(place, what) vmm_arm_odd_site(place, what)
#define ENDS_BLOCK() false
#define LOADED(result, size) vmm_arm_loaded(result, size)
#define LOADS_FROM(v, address) vmm_arm_loads_from(v, address)
#define BLOCK_LIMIT(tb, limit) (limit)
#define GOES_ON(function, tb) ((void)(function), (void)(tb), false)
#define OPTIMIZE(v, context, tb) (vmm_arm_select_values(context), vmm_clear_upper_halves(v, context))
#include "thunks.inc"
#define NEXT_PC(env) FIELD(uint32_t, env, ARM_CPSR_READ_PC)
#define KEEPS_NEXT(env)                                                                       \
    (!(FIELD(uint32_t, env, ARM_HFLAGS) & ARM_HFLAGS_OTHER)                                   \
     && !(FIELD(uint32_t, env, ARM_FEATURES) & ARM_FEATURES_OTHER))
#define BLOCK_STATE(env, state)                                                               \
    ((state)[0] = NEXT_PC(env) | (uint64_t)FIELD(uint32_t, env, ARM_HFLAGS) << 32,            \
     (state)[1] = FIELD(volatile uint32_t, env, ARM_THUMB)                                    \
         | (uint64_t)FIELD(volatile uint32_t, env, ARM_CONDEXEC) << 32,                       \
     (state)[2] = FIELD(uint64_t, env, ARM_VECTOR)                                            \
         | (FIELD(uint32_t, env, ARM_FPEXC) & ARM_FPEXC_EN))
#include "stay_thunks.inc"
#define PHYSICAL(v, mmu_index) ((void)(mmu_index), false)
#include "watch_thunks.inc"

/* These helpers may raise an exception in the middle of a block after the
 * translator has set the pc by itself. */
static void enter_helper(uintptr_t guest_return)
{
    if (vmm_current)
        vmm_current->helper_pc = guest_return;
}

/* ... and ITSTATE, which nobody takes back if none is raised: a block that leaves the IT block
 * would leave it on.  While a block runs it is the translator's to know, and zero here. */
static void leave_helper(void *env)
{
    if (vmm_current)
        vmm_current->helper_pc = 0;
    FIELD(uint32_t, env, ARM_CONDEXEC) = 0;
}

void helper_access_check_cp_reg_arm(void *env, void *reg, uint32_t syndrome, uint32_t is_read);
void helper_access_check_cp_reg_arm(void *env, void *reg, uint32_t syndrome, uint32_t is_read)
{
    typedef void (*fn)(void *, void *, uint32_t, uint32_t);
    ORIGINAL(fn, original, "helper_access_check_cp_reg_arm");
    enter_helper(GUEST_RETURN);
    original(env, reg, syndrome, is_read);
    leave_helper(env);
}

uint32_t helper_mrs_banked_arm(void *env, uint32_t mode, uint32_t reg);
uint32_t helper_mrs_banked_arm(void *env, uint32_t mode, uint32_t reg)
{
    typedef uint32_t (*fn)(void *, uint32_t, uint32_t);
    ORIGINAL(fn, original, "helper_mrs_banked_arm");
    uint32_t value;
    enter_helper(GUEST_RETURN);
    value = original(env, mode, reg);
    leave_helper(env);
    return value;
}

void helper_msr_banked_arm(void *env, uint32_t value, uint32_t mode, uint32_t reg);
void helper_msr_banked_arm(void *env, uint32_t value, uint32_t mode, uint32_t reg)
{
    typedef void (*fn)(void *, uint32_t, uint32_t, uint32_t);
    ORIGINAL(fn, original, "helper_msr_banked_arm");
    enter_helper(GUEST_RETURN);
    original(env, value, mode, reg);
    leave_helper(env);
}

/* ITSTATE with a mask of zero, or without T, is that of no IT block: to return to one is
 * UNPREDICTABLE (DDI 0406C, A2.5.2 and B1.8.5).  The engine keeps the first until its block
 * ends and the second until the next exception, over what later returns ask for. */
void cpsr_write_arm(void *env, uint32_t value, uint32_t mask, int how);
void cpsr_write_arm(void *env, uint32_t value, uint32_t mask, int how)
{
    typedef void (*fn)(void *, uint32_t, uint32_t, int);
    ORIGINAL(fn, original, "cpsr_write_arm");
    enum { IT_MASK = 15 };

    original(env, value, mask, how);
    if (!(FIELD(uint32_t, env, ARM_CONDEXEC) & IT_MASK) || !FIELD(uint32_t, env, ARM_THUMB))
        FIELD(uint32_t, env, ARM_CONDEXEC) = 0;
    if (FIELD(uint64_t, env, ARM_FEATURES) & ARM_FEATURE_EL3 && vmm_of_env(env))
        vmm_arm_alignment(vmm_of_env(env));
}

/* raise_exception() comes from helpers that restore nothing: charge the block
 * up to the helper that is running. */
void raise_exception_arm(void *env, uint32_t number, uint32_t syndrome, uint32_t target_el);
void raise_exception_arm(void *env, uint32_t number, uint32_t syndrome, uint32_t target_el)
{
    typedef void (*fn)(void *, uint32_t, uint32_t, uint32_t);
    ORIGINAL(fn, original, "raise_exception_arm");
    if (vmm_current && vmm_current->helper_pc) {
        vmm_charge_until(vmm_current, vmm_current->helper_pc);
        vmm_current->helper_pc = 0;
    }
    original(env, number, syndrome, target_el);
}

/* The firmware takes calls of its conduit before the architecture is asked. */
bool arm_is_psci_call_arm(void *cpu, int number);
bool arm_is_psci_call_arm(void *cpu, int number)
{
    struct vmm_cpu *v = vmm_current;
    return v && v->cpu == cpu && v->psci_conduit == (uint32_t)number;
}

enum { EXCP_SWI_ = 2, EXCP_IRQ_ = 5, EXCP_FIQ_ = 6, EXCP_BKPT_ = 7, MODE_HYP = 0x1a };

void arm_cpu_do_interrupt_arm(void *cpu);
void arm_cpu_do_interrupt_arm(void *cpu)
{
    typedef void (*fn)(void *);
    typedef uint32_t (*cpsr_fn)(void *);
    ORIGINAL(fn, original, "arm_cpu_do_interrupt_arm");
    ORIGINAL(cpsr_fn, get_cpsr, "cpsr_read_arm");
    struct vmm_cpu *v = vmm_current;
    uint32_t kind = FIELD(uint32_t, cpu, CPU_EXCEPTION_INDEX) & 0xff;
    uint32_t syndrome, pc;
    bool to_hyp, from_hyp;
    int action;

    if (!v || v->cpu != cpu) {
        original(cpu);
        return;
    }
    if (kind == EXCP_IRQ_ || kind == EXCP_FIQ_)
        vmm_arm_no_syndrome(v);
    syndrome = FIELD(uint32_t, v->env, ARM_EXCEPTION);
    pc = FIELD(uint32_t, v->env, ARM_CPSR_READ_PC);
    /* SVC 0x123456 (Thumb: 0xab): the callback reads the instruction itself. */
    if (v->semihosting && kind == EXCP_SWI_
        && ((syndrome & 0xffff) == 0x3456 || (syndrome & 0xffff) == 0xab)
        && v->on_trap(v, VMM_KIND_SEMIHOSTING) == VMM_HANDLED)
        return;
    to_hyp = FIELD(uint32_t, v->env, ARM_EXCEPTION_TARGET_EL) == 2;
    from_hyp = (get_cpsr(v->env) & 0x1f) == MODE_HYP;
    if (kind == EXCP_BKPT_ && to_hyp) {
        /* BKPT taken to Hyp mode is reported as a prefetch abort by a debug
         * event (DDI 0406C, B3.13.6: EC 0x21 from Hyp mode, 0x20 from below). */
        syndrome = (from_hyp ? 0x21u : 0x20u) << 26 | 1u << 25 | 0x22;
        FIELD(uint32_t, v->env, ARM_EXCEPTION) = syndrome;
    }
    action = vmm_trap(v, kind, pc, get_cpsr(v->env), syndrome);
    if (action == VMM_NATIVE) {
        original(cpu);
        if (FIELD(uint64_t, v->env, ARM_FEATURES) & ARM_FEATURE_EL3)
            vmm_arm_alignment(v);
        /* SVC in Hyp mode has the vector of HVC in Hyp mode, 0x08 (DDI 0406C,
         * table B1-3); this engine takes it at the trap vector, 0x14. */
        if (kind == EXCP_SWI_ && to_hyp && from_hyp)
            FIELD(uint32_t, v->env, ARM_CPSR_READ_PC) -= 0x14 - 0x08;
    } else if (action == VMM_STOP) {
        vmm_stop(v, VMM_REASON_STOPPED);
        return;
    }
    /* The board's own firmware lies at the vectors' place: nobody handles this. */
    if (FIELD(uint32_t, v->env, ARM_CPSR_READ_PC) < v->unhandled_below && !vmm_arm_mmu_on(v)) {
        v->reason_trap = (int32_t)kind;
        vmm_stop(v, VMM_REASON_UNHANDLED);
    }
}

void vmm_deliver_arm(struct vmm_cpu *v, int number);
void vmm_deliver_arm(struct vmm_cpu *v, int number)
{
    (void)number;
    arm_cpu_do_interrupt_arm(v->cpu);
}
