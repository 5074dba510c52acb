/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ARM generic timer's registers on virtual time (ARM DDI 0406C, part B8).
 *
 * The engine's own read and write functions of these registers are replaced,
 * in the engine's table of system registers.  The counters are answered here,
 * the comparators by generic_timer.c or Python.
 */
#include "models.h"
#include "offsets.h"

/* ---- the cycle counter ------------------------------------------------------ */

static int64_t cycles_of(const struct vmm_cpu *v, int64_t now)
{
    enum { PMCR_D = 8 };
    return FIELD(uint64_t, v->env, ARM_PMCR) & PMCR_D ? now >> 6 : now;
}

static bool counts_cycles(const struct vmm_cpu *v)
{
    return FIELD(uint64_t, v->env, ARM_PMCR) & 1 && FIELD(uint64_t, v->env, ARM_PMCNTEN) >> 31 & 1;
}

static bool monitors_performance(const void *ri)
{
    uint8_t crm = FIELD(uint8_t, ri, RI_CRM);

    return FIELD(uint8_t, ri, RI_CP) == 15 && FIELD(uint8_t, ri, RI_CRN) == 9 && crm >= 12
        && crm <= 14;
}

/* PMCCNTR is a time minus an offset.  The engine brings it up to date before each
 * access, and at each change of mode, but has lost the function that works out the
 * offset again afterwards: it would count from the last of these. */
static void before_monitor(struct vmm_cpu *v)
{
    v->exact_clock = true;
    if (counts_cycles(v))
        FIELD(int64_t, v->env, ARM_CCNT)
            = cycles_of(v, vmm_count_at(v, v->helper_pc) + v->idle) - v->cycle_offset;
    FIELD(int64_t, v->env, ARM_CCNT_DELTA) = v->cycle_offset;
}

static void after_monitor(struct vmm_cpu *v)
{
    v->cycle_offset = cycles_of(v, vmm_count_at(v, v->helper_pc) + v->idle)
        - FIELD(int64_t, v->env, ARM_CCNT);
    v->exact_clock = counts_cycles(v);
}

/* ---- where the accessing instruction is ----------------------------------- */

/* Maintenance of the TLBs of all processors (DDI 0406C, B4.2.2: inner shareable). */
static void broadcast(struct vmm_cpu *v, const void *ri)
{
    if (FIELD(uint8_t, ri, RI_CP) == 15 && FIELD(uint8_t, ri, RI_CRN) == 8
        && FIELD(uint8_t, ri, RI_CRM) == 3)
        vmm_withdraw_translations(v);
}

#define ACCESSES(result, name, parameters, arguments, keep, give) \
    result name parameters;                                       \
    result name parameters                                        \
    {                                                             \
        typedef result(*fn) parameters;                           \
        ORIGINAL(fn, original, #name);                            \
        struct vmm_cpu *v = vmm_current;                          \
        bool monitor = v && monitors_performance(ri);             \
        if (v)                                                    \
            v->helper_pc = GUEST_RETURN;                          \
        if (monitor)                                              \
            before_monitor(v);                                    \
        keep original arguments;                                  \
        if (v && v->peer)                                         \
            broadcast(v, ri);                                     \
        if (monitor) {                                            \
            v->helper_pc = GUEST_RETURN;                          \
            after_monitor(v);                                     \
        }                                                         \
        if (v)                                                    \
            v->helper_pc = 0;                                     \
        give;                                                     \
    }
ACCESSES(uint32_t, helper_get_cp_reg_arm, (void *env, void *ri), (env, ri), uint32_t value =,
         return value)
ACCESSES(uint64_t, helper_get_cp_reg64_arm, (void *env, void *ri), (env, ri), uint64_t value =,
         return value)
ACCESSES(void, helper_set_cp_reg_arm, (void *env, void *ri, uint32_t value), (env, ri, value), ,
         return)
ACCESSES(void, helper_set_cp_reg64_arm, (void *env, void *ri, uint64_t value), (env, ri, value), ,
         return)

/* ---- the registers ---------------------------------------------------------- */

/* The physical count as the running instruction sees it. */
static uint64_t now(struct vmm_cpu *v)
{
    uint64_t cycles = (uint64_t)(vmm_count_at(v, v->helper_pc) + v->idle);
    return (uint64_t)((unsigned __int128)cycles * v->counter_mul >> v->counter_shift);
}

/* The register as Python names it: crn << 16 | crm << 12 | opc1 << 8 | opc2 << 4,
 * and bit 24 for the secure instance of a banked one. */
static uint32_t register_id(const void *ri)
{
    return (uint32_t)FIELD(uint8_t, ri, RI_CRN) << 16 | (uint32_t)FIELD(uint8_t, ri, RI_CRM) << 12
        | (uint32_t)FIELD(uint8_t, ri, RI_OPC1) << 8 | (uint32_t)FIELD(uint8_t, ri, RI_OPC2) << 4;
}

static uint64_t read_counter(void *env, const void *ri)
{
    struct vmm_cpu *v = vmm_current;
    (void)env;
    (void)ri;
    return v ? now(v) : 0;
}

static uint64_t read_virtual_counter(void *env, const void *ri)
{
    struct vmm_cpu *v = vmm_current;
    (void)env;
    (void)ri;
    return v ? now(v) - v->virtual_offset : 0;
}

#define SECURE_INSTANCE (1u << 24)

/* Registers with a comparator behind them are devices: their instruction ends its block. */
static uint64_t ask(const void *ri, bool secure, bool is_write, uint64_t value)
{
    struct vmm_cpu *v = vmm_current;
    uint32_t id = register_id(ri);

    if (!v)
        return 0;
    vmm_device_access_is_last(v, v->helper_pc);
    if (vmm_generic_timer_access(v, id, secure, is_write, &value))
        return value;
    return v->on_sysreg(v, secure ? id | SECURE_INSTANCE : id, is_write, value);
}

static uint64_t read_register(void *env, const void *ri)
{
    (void)env;
    return ask(ri, false, false, 0);
}

static void write_register(void *env, const void *ri, uint64_t value)
{
    (void)env;
    ask(ri, false, true, value);
}

static uint64_t read_secure_register(void *env, const void *ri)
{
    (void)env;
    return ask(ri, true, false, 0);
}

static void write_secure_register(void *env, const void *ri, uint64_t value)
{
    (void)env;
    ask(ri, true, true, value);
}

/* Put one system register of an engine on virtual time.  KEY is the engine's
 * own encoding of the register; WHAT is 0 for the physical counter, 1 for the
 * virtual one, 2 for a register that Python keeps, 3 for its secure instance.
 * Returns 0, or -1 if this model has no such register. */
int vmm_arm_timer_register(struct vmm_cpu *v, void *registers, uint32_t key, int what);
int vmm_arm_timer_register(struct vmm_cpu *v, void *registers, uint32_t key, int what)
{
    typedef void *(*find_fn)(void *, uint32_t);
    ORIGINAL(find_fn, find, "get_arm_cp_reginfo_arm");
    void *ri = find(registers, key);

    (void)v;
    if (!ri || FIELD(uint8_t, ri, RI_CP) != 15)
        return -1;
    FIELD(void *, ri, RI_READFN) = (void *)(uintptr_t)(what == 0 ? read_counter
                                                       : what == 1 ? read_virtual_counter
                                                       : what == 2 ? read_register
                                                                   : read_secure_register);
    if (what >= 2)
        FIELD(void *, ri, RI_WRITEFN)
            = (void *)(uintptr_t)(what == 2 ? write_register : write_secure_register);
    return 0;
}

uint64_t vmm_arm_counter(struct vmm_cpu *v);
uint64_t vmm_arm_counter(struct vmm_cpu *v)
{
    return now(v);
}
