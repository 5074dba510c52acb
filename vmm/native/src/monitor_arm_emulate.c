/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensitive ARM instructions that are emulated without leaving the engine.
 *
 * Instructions come in their A32 form
 * (vmm/monitor/arm/decode.py).  monitor_arm_memory.c has those that load and store.
 */
#include "monitor_arm.h"

/* The SPSR of the current mode. */
uint32_t *vmm_arm_saved_psr(struct vmm_cpu *v)
{
    return &vmm_arm_words(v)[ARM_VCPU_SPSR + vmm_arm_bank(vmm_arm_words(v)[ARM_VCPU_MODE])];
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
    vmm_arm_registers(v)[vmm_arm_field(code, 12, 4)]
        = saved ? *vmm_arm_saved_psr(v) : vmm_arm_cpsr(v) & ~(PSR_EXECUTION & ~PSR_IL);
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
    unsigned rotation = 2 * vmm_arm_field(code, 8, 4);
    uint32_t value = code & 0xff;

    return rotation ? value >> rotation | value << (32 - rotation) : value;
}

static int msr(struct vmm_cpu *v, uint32_t code)
{
    uint32_t mask = field_mask(code);
    uint32_t value = code & 1u << 25 ? rotated(code) : vmm_arm_registers(v)[code & 15];

    if (code & 1u << 22) {
        if (!v->vcpu->kernel)
            return ARM_UNDEFINED;
        *vmm_arm_saved_psr(v) = (*vmm_arm_saved_psr(v) & ~mask) | (value & mask);
        return ARM_DONE;
    }
    if (!v->vcpu->kernel)
        mask &= 0xf80f0200; /* N Z C V Q, GE, E */
    vmm_arm_write_cpsr(v, value, mask & ~PSR_EXECUTION);
    return ARM_DONE;
}

/* ---- exception returns ------------------------------------------------------------ */

/* Go on at PC in the state of PSR. */
int vmm_arm_return_to(struct vmm_cpu *v, uint32_t pc, uint32_t psr)
{
    vmm_arm_write_cpsr(v, psr, PSR_VALID);
    vmm_arm_registers(v)[15] = pc & (psr & PSR_T ? ~1u : ~3u);
    return ARM_JUMPED;
}

/* A register operand, shifted by an immediate (A8.4). */
uint32_t vmm_arm_shifted(struct vmm_cpu *v, uint32_t code)
{
    uint32_t value = vmm_arm_operand(v, code & 15), carry = vmm_arm_cpsr(v) >> 29 & 1;
    unsigned amount = vmm_arm_field(code, 7, 5);

    switch (vmm_arm_field(code, 5, 2)) {
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
    uint32_t second = code & 1u << 25 ? rotated(code) : vmm_arm_shifted(v, code);

    if (!v->vcpu->kernel)
        return ARM_UNDEFINED;
    if ((code & 0x0fffffff) == 0x0160006e) /* ERET, which came with the Virtualization Extensions */
        return FIELD(uint64_t, v->env, ARM_FEATURES) & ARM_FEATURE_V7VE
            ? vmm_arm_return_to(v, vmm_arm_registers(v)[14], *vmm_arm_saved_psr(v)) : ARM_UNDEFINED;
    if (vmm_arm_field(code, 21, 4) == SUB)
        second = vmm_arm_operand(v, vmm_arm_field(code, 16, 4)) - second;
    return vmm_arm_return_to(v, second, *vmm_arm_saved_psr(v));
}

/* ---- system registers ------------------------------------------------------------------- */

/* Registers that translation of addresses depends on: the monitor must hear of a write, unless
 * the engine walks the guest's tables as they are.  Of CONTEXTIDR it need not: no walk looks
 * at it. */
static bool translates(struct vmm_cpu *v, uint32_t code)
{
    if (v->vcpu->fill_mode == VMM_FILL_ENGINE)
        return false;
    switch (vmm_arm_field(code, 16, 4)) {
    case 1: return (code & 0xef) == 0; /* SCTLR */
    case 2:
    case 3:
    case 8:
    case 10: return true;
    default: return false;
    }
}

/* Such a register has been written: whether the memory policy has followed, and the monitor
 * need not hear of it. */
static bool is_followed(struct vmm_cpu *v, uint32_t code, uint32_t value)
{
    enum { TLB_OPERATIONS = 8, BY_ADDRESS = 1, BY_ADDRESS_ALL = 3 /* TLBIMVA, TLBIMVAA */ };
    uint32_t opc2 = vmm_arm_field(code, 5, 3);

    if (vmm_arm_field(code, 16, 4) != TLB_OPERATIONS)
        return vmm_memory_context(v);
    return vmm_memory_flush(v, value & ~0xfffu, opc2 != BY_ADDRESS && opc2 != BY_ADDRESS_ALL);
}

/* What MRC and VMRS have read.  Not the pc is written but the condition flags (A8.8.107). */
static void read_into(struct vmm_cpu *v, unsigned to, uint32_t value)
{
    enum { FLAGS = 0xf0000000 };

    if (to == 15)
        vmm_arm_write_cpsr(v, value, FLAGS);
    else
        vmm_arm_registers(v)[to] = value;
}

static int system_register(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    unsigned to = vmm_arm_field(code, 12, 4);
    bool is_read = code >> 20 & 1;
    /* A read that does nothing leaves it as it was. */
    uint64_t value = to == 15 && is_read ? vmm_arm_cpsr(v) : vmm_arm_operand(v, to);
    int result = vmm_arm_system(v, code, &value, retaddr);

    if (result != ARM_DONE)
        return result;
    if (!is_read) {
        vmm_arm_words(v)[ARM_VCPU_FOUND + 2] = (uint32_t)value;
        if (vmm_arm_field(code, 8, 4) != 15 || !translates(v, code))
            return ARM_DONE;
        return is_followed(v, code, (uint32_t)value) ? ARM_DONE : ARM_TOLD;
    }
    read_into(v, to, (uint32_t)value);
    return ARM_DONE;
}

static int system_register_wide(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    unsigned low = vmm_arm_field(code, 12, 4), high = vmm_arm_field(code, 16, 4);
    bool is_read = code >> 20 & 1, table = vmm_arm_field(code, 8, 4) == 15 && vmm_arm_field(code, 0, 4) == 2;
    uint64_t value = (uint64_t)vmm_arm_operand(v, high) << 32 | vmm_arm_operand(v, low);
    int result = vmm_arm_system(v, code, &value, retaddr);

    if (result == ARM_DONE && is_read) {
        vmm_arm_registers(v)[low] = (uint32_t)value;
        vmm_arm_registers(v)[high] = (uint32_t)(value >> 32);
    }
    if (result == ARM_DONE && !is_read && table && v->vcpu->fill_mode != VMM_FILL_ENGINE)
        return vmm_memory_context(v) ? ARM_DONE : ARM_TOLD; /* TTBR0, TTBR1 */
    return result;
}

/* ---- floating point (B9.3.27, B9.3.28) -------------------------------------------------------- */

static int float_system(struct vmm_cpu *v, uint32_t code)
{
    enum { FPSID = 0, MVFR1 = 6, MVFR0 = 7, FPEXC = 8, FPEXC_EN = 1 << 30, KERNEL_LEVEL = 1 };
    extern int fp_exception_el_arm(void *, int);
    typedef void (*rebuild_fn)(void *);
    ORIGINAL(rebuild_fn, rebuild, "arm_rebuild_hflags_arm");
    uint32_t number = vmm_arm_field(code, 16, 4);
    uint32_t *word = &FIELD(uint32_t, v->env, ARM_VFP_SYSTEM + 4 * number);
    unsigned to = vmm_arm_field(code, 12, 4);

    if (!v->vcpu->kernel
        || (number != FPSID && number != MVFR1 && number != MVFR0 && number != FPEXC))
        return ARM_UNDEFINED;
    if (fp_exception_el_arm(v->env, KERNEL_LEVEL))
        return ARM_NO_FLOAT;
    if (code & 1u << 20) {
        read_into(v, to, *word);
    } else if (number == FPEXC) {
        *word = vmm_arm_operand(v, to) & FPEXC_EN;
        rebuild(v->env);
    }
    return ARM_DONE;
}

/* ---- the table ----------------------------------------------------------------------------- */

static bool condition_holds(struct vmm_cpu *v, uint32_t code)
{
    enum { ALWAYS = 7 };
    uint32_t psr = code >> 29 == ALWAYS ? 0 : vmm_arm_cpsr(v);
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

/* Whether a kind's form is the T32 encoding, which has no condition. */
static bool is_t32(uint32_t kind)
{
    return kind == ARM_UNPRIVILEGED_OFFSET || kind == ARM_STORE_DOUBLE;
}

/* Emulate the instruction of this KIND and A32 form at the register file's pc, on behalf of
 * the translated code at RETADDR: an enum arm_result. */
int vmm_arm_emulate(struct vmm_cpu *v, uint32_t kind, uint32_t code, uintptr_t retaddr)
{
    if (!is_t32(kind) && !condition_holds(v, code))
        return ARM_DONE;
    vmm_arm_words(v)[ARM_VCPU_EMULATED + kind]++;
    switch (kind) {
    case ARM_CPS: return cps(v, code);
    case ARM_MRS: return mrs(v, code);
    case ARM_MSR: return msr(v, code);
    case ARM_MRS_BANKED:
    case ARM_MSR_BANKED: return ARM_UNDEFINED; /* only with Virtualization Extensions (B9.3.9) */
    case ARM_EXCEPTION_RETURN: return exception_return(v, code);
    case ARM_LDM_RETURN: return vmm_arm_load_block(v, code, false, retaddr);
    case ARM_LDM_USER: return vmm_arm_load_block(v, code, true, retaddr);
    case ARM_STM_USER: return vmm_arm_store_block(v, code, retaddr);
    case ARM_RFE: return vmm_arm_rfe(v, code, retaddr);
    case ARM_SRS: return vmm_arm_srs(v, code, retaddr);
    case ARM_UNPRIVILEGED: return vmm_arm_unprivileged(v, code, false, retaddr);
    case ARM_UNPRIVILEGED_OFFSET: return vmm_arm_unprivileged(v, code, true, retaddr);
    case ARM_SYSTEM: return system_register(v, code, retaddr);
    case ARM_SYSTEM_WIDE: return system_register_wide(v, code, retaddr);
    case ARM_FLOAT_SYSTEM: return float_system(v, code);
    case ARM_STORE:
    case ARM_STORE_DOUBLE: return vmm_arm_store(v, kind, code, retaddr);
    case ARM_HVC: return vmm_para_arm_call(v, code, retaddr);
    default: return ARM_EXIT;
    }
}
