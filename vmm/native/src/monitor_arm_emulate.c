/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensitive ARM instructions that are emulated without leaving the engine.
 *
 * The twin of vmm/monitor/arm/emulate.py.  Instructions come in their A32 form
 * (vmm/monitor/arm/decode.py).  Nothing is changed before the last memory access
 * that may fault, so a fault leaves the instruction as if it had not begun.
 */
#include "monitor_arm.h"
#include "offsets.h"

static uint32_t *words(struct vmm_cpu *v) { return v->vcpu->words; }
static uint32_t *registers(struct vmm_cpu *v) { return (uint32_t *)v->env; }

static uint32_t *saved_psr(struct vmm_cpu *v)
{
    return &words(v)[ARM_VCPU_SPSR + vmm_arm_bank(words(v)[ARM_VCPU_MODE])];
}

static bool has_saved_psr(struct vmm_cpu *v) { return vmm_arm_bank(words(v)[ARM_VCPU_MODE]) != 0; }

static unsigned field(uint32_t code, unsigned low, unsigned bits)
{
    return code >> low & ((1u << bits) - 1);
}

/* ---- memory ------------------------------------------------------------------- */

enum { LOG_WORD = 2, SIGNED_ACCESS = 4, ALIGNED = 7 << 4, USER_INDEX = 0 };

static uint32_t load(struct vmm_cpu *v, uint32_t address, unsigned operation, uintptr_t retaddr)
{
    typedef uint64_t (*load_fn)(void *, uint32_t, uint32_t, uintptr_t);
    static const char *const names[2][3] = {
        {"helper_ret_ldub_mmu_arm", "helper_le_lduw_mmu_arm", "helper_le_ldul_mmu_arm"},
        {"helper_ret_ldub_mmu_arm", "helper_be_lduw_mmu_arm", "helper_be_ldul_mmu_arm"}};
    static load_fn functions[2][3];
    unsigned big = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E ? 1 : 0, size = operation & 3;
    load_fn *function = &functions[big][size];

    if (!*function)
        *function = (load_fn)(uintptr_t)vmm_original(names[big][size]);
    if (v->check_alignment)
        operation |= ALIGNED;
    return (uint32_t)(*function)(v->env, address,
                                 (operation & ~(unsigned)SIGNED_ACCESS) << 4 | USER_INDEX, retaddr);
}

static void store(struct vmm_cpu *v, uint32_t address, uint32_t value, unsigned operation,
                  uintptr_t retaddr)
{
    typedef void (*store_fn)(void *, uint32_t, uint32_t, uint32_t, uintptr_t);
    static const char *const names[2][3] = {
        {"helper_ret_stb_mmu_arm", "helper_le_stw_mmu_arm", "helper_le_stl_mmu_arm"},
        {"helper_ret_stb_mmu_arm", "helper_be_stw_mmu_arm", "helper_be_stl_mmu_arm"}};
    static store_fn functions[2][3];
    unsigned big = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E ? 1 : 0, size = operation & 3;
    store_fn *function = &functions[big][size];

    if (!*function)
        *function = (store_fn)(uintptr_t)vmm_original(names[big][size]);
    if (v->check_alignment)
        operation |= ALIGNED;
    (*function)(v->env, address, value, operation << 4 | USER_INDEX, retaddr);
}

/* ---- status registers ------------------------------------------------------------ */

static int cps(struct vmm_cpu *v, uint32_t code)
{
    uint32_t mask = 0, value = 0;

    if (!v->vcpu->kernel)
        return ARM_DONE;
    if (code & 1u << 19) {
        mask = code & PSR_AIF;
        value = code & 1u << 18 ? mask : 0;
    }
    if (code & 1u << 17) {
        mask |= MODE_MASK;
        value |= code & MODE_MASK;
    }
    vmm_arm_write_cpsr(v, value, mask);
    return ARM_DONE;
}

static int mrs(struct vmm_cpu *v, uint32_t code)
{
    bool saved = code & 1u << 22;

    if (saved && !v->vcpu->kernel)
        return ARM_UNDEFINED;
    registers(v)[field(code, 12, 4)]
        = saved ? *saved_psr(v) : vmm_arm_cpsr(v) & ~(PSR_EXECUTION & ~PSR_IL);
    return ARM_DONE;
}

static uint32_t field_mask(uint32_t code)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 4; i++)
        if (code >> (16 + i) & 1)
            mask |= 0xffu << 8 * i;
    return mask & PSR_VALID;
}

/* An immediate operand. */
static uint32_t rotated(uint32_t code)
{
    unsigned rotation = 2 * field(code, 8, 4);
    uint32_t value = code & 0xff;

    return rotation ? value >> rotation | value << (32 - rotation) : value;
}

static int msr(struct vmm_cpu *v, uint32_t code)
{
    uint32_t mask = field_mask(code);
    uint32_t value = code & 1u << 25 ? rotated(code) : registers(v)[code & 15];

    if (code & 1u << 22) {
        if (!v->vcpu->kernel)
            return ARM_UNDEFINED;
        *saved_psr(v) = (*saved_psr(v) & ~mask) | (value & mask);
        return ARM_DONE;
    }
    if (!v->vcpu->kernel)
        mask &= 0xf80f0200; /* N Z C V Q, GE, E */
    vmm_arm_write_cpsr(v, value, mask & ~PSR_EXECUTION);
    return ARM_DONE;
}

/* ---- exception returns ------------------------------------------------------------ */

static int return_to(struct vmm_cpu *v, uint32_t pc, uint32_t psr)
{
    vmm_arm_write_cpsr(v, psr, PSR_VALID);
    registers(v)[15] = pc & (psr & PSR_T ? ~1u : ~3u);
    return ARM_JUMPED;
}

/* A register as an operand; the pc reads as two instructions on. */
static uint32_t operand(struct vmm_cpu *v, unsigned number)
{
    return registers(v)[number] + (number == 15 ? 8 : 0);
}

static uint32_t shifted(struct vmm_cpu *v, uint32_t code)
{
    uint32_t value = operand(v, code & 15), carry = vmm_arm_cpsr(v) >> 29 & 1;
    unsigned amount = field(code, 7, 5);

    switch (field(code, 5, 2)) {
    case 0: return value << amount;
    case 1: return amount ? value >> amount : 0;
    case 2: return (uint32_t)((int32_t)value >> (amount ? amount : 31));
    default: return amount ? value >> amount | value << (32 - amount) : carry << 31 | value >> 1;
    }
}

/* SUBS or MOVS to the pc, or ERET (B9.3.19, B9.3.20). */
static int exception_return(struct vmm_cpu *v, uint32_t code)
{
    enum { SUB = 2 };
    uint32_t second = code & 1u << 25 ? rotated(code) : shifted(v, code);

    if (!v->vcpu->kernel)
        return ARM_UNDEFINED;
    if ((code & 0x0fffffff) == 0x0160006e) /* ERET */
        return return_to(v, registers(v)[14], *saved_psr(v));
    if (field(code, 21, 4) == SUB)
        second = operand(v, field(code, 16, 4)) - second;
    return return_to(v, second, *saved_psr(v));
}

/* ---- blocks of registers (A8.8.57, B9.3.5 and on) ------------------------------------ */

struct block {
    uint32_t list, start, after;
    unsigned base;
};

static struct block block_of(struct vmm_cpu *v, uint32_t code)
{
    uint32_t list = code & 0xffff, size = 4 * (uint32_t)__builtin_popcount(list);
    bool up = code & 1u << 23, before = code & 1u << 24;
    unsigned base = field(code, 16, 4);
    uint32_t from = registers(v)[base], start = up ? from : from - size;

    return (struct block){list, before == up ? start + 4 : start, up ? from + size : from - size, base};
}

static int load_block(struct vmm_cpu *v, uint32_t code, bool user, uintptr_t retaddr)
{
    struct block block = block_of(v, code);
    uint32_t values[16], at = block.start, *r = registers(v);
    bool writes_back = code & 1u << 21;

    if (!v->vcpu->kernel || !block.list || block.base == 15 || (user && writes_back))
        return ARM_UNDEFINED;
    for (unsigned i = 0; i < 16; i++)
        if (block.list >> i & 1) {
            values[i] = load(v, at, LOG_WORD | ALIGNED, retaddr);
            at += 4;
        }
    if (writes_back)
        r[block.base] = block.after;
    for (unsigned i = 0; i < 15; i++)
        if (block.list >> i & 1)
            *(user ? vmm_arm_user_register(v, i) : &r[i]) = values[i];
    return user ? ARM_DONE : return_to(v, values[15], *saved_psr(v));
}

static int store_block(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    struct block block = block_of(v, code);
    uint32_t at = block.start;

    if (!v->vcpu->kernel || !block.list || block.base == 15)
        return ARM_UNDEFINED;
    for (unsigned i = 0; i < 16; i++)
        if (block.list >> i & 1) {
            store(v, at, i == 15 ? operand(v, 15) : *vmm_arm_user_register(v, i), LOG_WORD | ALIGNED, retaddr);
            at += 4;
        }
    if (code & 1u << 21)
        registers(v)[block.base] = block.after;
    return ARM_DONE;
}

/* The lower address of a pair of words, and the base after it: DA, IA, DB, IB. */
static uint32_t pair_at(uint32_t base, uint32_t code, uint32_t *after)
{
    static const int32_t first[4] = {-4, 0, -8, 4};
    unsigned how = field(code, 23, 2);

    *after = base + (how & 1 ? 8u : -8u);
    return base + (uint32_t)first[how];
}

static int rfe(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    unsigned base = field(code, 16, 4);
    uint32_t after, at = pair_at(registers(v)[base], code, &after), pc, psr;

    if (!v->vcpu->kernel || base == 15)
        return ARM_UNDEFINED;
    pc = load(v, at, LOG_WORD | ALIGNED, retaddr);
    psr = load(v, at + 4, LOG_WORD | ALIGNED, retaddr);
    if (code & 1u << 21)
        registers(v)[base] = after;
    return return_to(v, pc, psr);
}

static int srs(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    uint32_t mode = code & MODE_MASK, after, at, *stack;
    int bank = vmm_arm_bank(mode);

    if (!v->vcpu->kernel || bank < 0 || !has_saved_psr(v))
        return ARM_UNDEFINED;
    stack = bank == vmm_arm_bank(words(v)[ARM_VCPU_MODE]) ? &registers(v)[13]
                                                          : &words(v)[ARM_VCPU_R13 + bank];
    at = pair_at(*stack, code, &after);
    store(v, at, registers(v)[14], LOG_WORD | ALIGNED, retaddr);
    store(v, at + 4, *saved_psr(v), LOG_WORD | ALIGNED, retaddr);
    if (code & 1u << 21)
        *stack = after;
    return ARM_DONE;
}

/* ---- accesses with user mode's rights (A8.8.92 and its like) --------------------------- */

struct transfer {
    unsigned to, base, operation;
    bool is_load;
    uint32_t address, after;
};

static struct transfer post_indexed(struct vmm_cpu *v, uint32_t code)
{
    struct transfer t = {field(code, 12, 4), field(code, 16, 4), LOG_WORD, code >> 20 & 1, 0, 0};
    uint32_t offset;

    if (code & 1u << 26) { /* words and bytes */
        t.operation = code & 1u << 22 ? 0 : LOG_WORD;
        offset = code & 1u << 25 ? shifted(v, code) : code & 0xfff;
    } else {
        t.operation = (code & 1u << 5 ? 1u : 0u) | (code & 1u << 6 ? SIGNED_ACCESS : 0u);
        offset = code & 1u << 22 ? (code >> 4 & 0xf0) | (code & 15) : registers(v)[code & 15];
    }
    t.address = registers(v)[t.base];
    t.after = t.address + (code & 1u << 23 ? offset : 0 - offset);
    return t;
}

static struct transfer offset_form(struct vmm_cpu *v, uint32_t code)
{
    struct transfer t = {field(code, 12, 4), field(code, 16, 4), field(code, 21, 2),
                         code >> 20 & 1, 0, 0};

    if (code & 1u << 24)
        t.operation |= SIGNED_ACCESS;
    t.after = registers(v)[t.base];
    t.address = t.after + (code & 0xff);
    return t;
}

static void as_user(struct vmm_cpu *v, bool on)
{
    if (!on && !words(v)[ARM_VCPU_UNPRIVILEGED])
        return;
    words(v)[ARM_VCPU_UNPRIVILEGED] = on;
    v->vcpu->kernel = !on;
    vmm_set_view(v, on ? VMM_VIEW_USER : VMM_VIEW_KERNEL);
}

static int unprivileged(struct vmm_cpu *v, struct transfer t, uintptr_t retaddr)
{
    uint32_t value;

    if (v->vcpu->kernel)
        as_user(v, true);
    if (t.is_load)
        value = load(v, t.address, t.operation, retaddr);
    else
        store(v, t.address, registers(v)[t.to], t.operation, retaddr);
    as_user(v, false);
    registers(v)[t.base] = t.after;
    if (!t.is_load)
        return ARM_DONE;
    if (t.operation == SIGNED_ACCESS)
        value = (uint32_t)(int32_t)(int8_t)value;
    else if (t.operation == (SIGNED_ACCESS | 1))
        value = (uint32_t)(int32_t)(int16_t)value;
    registers(v)[t.to] = value;
    return ARM_DONE;
}

/* ---- system registers ------------------------------------------------------------------- */

/* Registers that translation of addresses depends on: the monitor must hear of a write.  Of
 * CONTEXTIDR it need not: no walk looks at it. */
static bool translates(uint32_t code)
{
    switch (field(code, 16, 4)) {
    case 1: return (code & 0xef) == 0; /* SCTLR */
    case 2:
    case 3:
    case 8:
    case 10: return true;
    default: return false;
    }
}

static int system_register(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    enum { FLAGS = 0xf0000000 };
    unsigned to = field(code, 12, 4);
    bool is_read = code >> 20 & 1;
    uint64_t value = registers(v)[to];
    int result = vmm_arm_system(v, code, &value, retaddr);

    if (result != ARM_DONE)
        return result;
    if (!is_read) {
        words(v)[ARM_VCPU_FOUND + 2] = (uint32_t)value;
        return field(code, 8, 4) == 15 && translates(code) ? ARM_TOLD : ARM_DONE;
    }
    if (to == 15)
        vmm_arm_write_cpsr(v, (uint32_t)value, FLAGS);
    else
        registers(v)[to] = (uint32_t)value;
    return ARM_DONE;
}

static int system_register_wide(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    unsigned low = field(code, 12, 4), high = field(code, 16, 4);
    bool is_read = code >> 20 & 1, table = field(code, 8, 4) == 15 && field(code, 0, 4) == 2;
    uint64_t value = (uint64_t)registers(v)[high] << 32 | registers(v)[low];
    int result = vmm_arm_system(v, code, &value, retaddr);

    if (result == ARM_DONE && is_read) {
        registers(v)[low] = (uint32_t)value;
        registers(v)[high] = (uint32_t)(value >> 32);
    }
    return result == ARM_DONE && !is_read && table ? ARM_TOLD : result; /* TTBR0, TTBR1 */
}

/* ---- floating point (B9.3.27, B9.3.28) -------------------------------------------------------- */

static int float_system(struct vmm_cpu *v, uint32_t code)
{
    enum { FPSID = 0, MVFR1 = 6, MVFR0 = 7, FPEXC = 8, FPEXC_EN = 1 << 30, KERNEL_LEVEL = 1 };
    extern int fp_exception_el_arm(void *, int);
    typedef void (*rebuild_fn)(void *);
    ORIGINAL(rebuild_fn, rebuild, "arm_rebuild_hflags_arm");
    uint32_t number = field(code, 16, 4);
    uint32_t *word = &FIELD(uint32_t, v->env, ARM_VFP_SYSTEM + 4 * number);
    uint32_t *to = &registers(v)[field(code, 12, 4)];

    if (!v->vcpu->kernel
        || (number != FPSID && number != MVFR1 && number != MVFR0 && number != FPEXC))
        return ARM_UNDEFINED;
    if (fp_exception_el_arm(v->env, KERNEL_LEVEL))
        return ARM_NO_FLOAT;
    if (code & 1u << 20) {
        *to = *word;
    } else if (number == FPEXC) {
        *word = *to & FPEXC_EN;
        rebuild(v->env);
    }
    return ARM_DONE;
}

/* ---- the table ----------------------------------------------------------------------------- */

static bool condition_holds(struct vmm_cpu *v, uint32_t code)
{
    uint32_t psr = vmm_arm_cpsr(v);
    bool n = psr >> 31, z = psr >> 30 & 1, c = psr >> 29 & 1, o = psr >> 28 & 1, holds;

    switch (code >> 29) {
    case 0: holds = z; break;
    case 1: holds = c; break;
    case 2: holds = n; break;
    case 3: holds = o; break;
    case 4: holds = c && !z; break;
    case 5: holds = n == o; break;
    case 6: holds = n == o && !z; break;
    default: return true; /* 14; and 15, which has none */
    }
    return holds != (code >> 28 & 1);
}

/* Emulate the instruction of this KIND and A32 form at the register file's pc, on behalf of
 * the translated code at RETADDR: an enum arm_result. */
int vmm_arm_emulate(struct vmm_cpu *v, uint32_t kind, uint32_t code, uintptr_t retaddr)
{
    if (kind != ARM_UNPRIVILEGED_OFFSET && !condition_holds(v, code))
        return ARM_DONE;
    words(v)[ARM_VCPU_EMULATED + kind]++;
    switch (kind) {
    case ARM_CPS: return cps(v, code);
    case ARM_MRS: return mrs(v, code);
    case ARM_MSR: return msr(v, code);
    case ARM_MRS_BANKED:
    case ARM_MSR_BANKED: return ARM_UNDEFINED; /* only with Virtualization Extensions (B9.3.9) */
    case ARM_EXCEPTION_RETURN: return exception_return(v, code);
    case ARM_LDM_RETURN: return load_block(v, code, false, retaddr);
    case ARM_LDM_USER: return load_block(v, code, true, retaddr);
    case ARM_STM_USER: return store_block(v, code, retaddr);
    case ARM_RFE: return rfe(v, code, retaddr);
    case ARM_SRS: return srs(v, code, retaddr);
    case ARM_UNPRIVILEGED: return unprivileged(v, post_indexed(v, code), retaddr);
    case ARM_UNPRIVILEGED_OFFSET: return unprivileged(v, offset_form(v, code), retaddr);
    case ARM_SYSTEM: return system_register(v, code, retaddr);
    case ARM_SYSTEM_WIDE: return system_register_wide(v, code, retaddr);
    case ARM_FLOAT_SYSTEM: return float_system(v, code);
    default: return ARM_EXIT;
    }
}
