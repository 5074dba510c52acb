/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine leaves out of the ARM architecture: some registers' values, and three checks:
 * access to floating point, alignment, and LDC and STC (ARM DDI 0406C, B1.11 and A3.2.1). */
#include "monitor_arm.h"
#include "offsets.h"

#include <string.h>

/* ---- registers that the engine has not, or has for one processor only --------- */

/* The register reads as VALUE, and writes change nothing.  -1 if there is none. */
int vmm_arm_constant_register(void *registers, uint32_t key, uint32_t value);
int vmm_arm_constant_register(void *registers, uint32_t key, uint32_t value)
{
    typedef void *(*find_fn)(void *, uint32_t);
    ORIGINAL(find_fn, find, "get_arm_cp_reginfo_arm");
    void *ri = find(registers, key);

    if (!ri)
        return -1;
    FIELD(uint32_t, ri, RI_TYPE) = (FIELD(uint32_t, ri, RI_TYPE) & ~RI_TYPE_SPECIAL)
                                   | RI_TYPE_CONSTANT;
    FIELD(uint64_t, ri, RI_RESET_VALUE) = value;
    return 0;
}

/* ---- floating point: CPACR, NSACR, HCPTR --------------------------------- */

static uint32_t system_register(struct vmm_cpu *v, uint32_t key)
{
    void *ri = vmm_arm_register(v, key);
    int64_t offset = ri ? FIELD(int64_t, ri, RI_FIELD_OFFSET) : 0;

    return offset ? FIELD(uint32_t, v->env, offset) : 0;
}

/* Keys: non-secure bit 29, cp15, crn << 11 | crm << 7 | opc1 << 3 | opc2 */
#define KEY(crn, opc1, crm, opc2) \
    (1u << 29 | 15u << 16 | (crn) << 11 | (crm) << 7 | (opc1) << 3 | (opc2))
#define CPACR KEY(1u, 0u, 0u, 2u)
#define SCR KEY(1u, 0u, 1u, 0u)
#define NSACR KEY(1u, 0u, 1u, 2u)
#define HCPTR KEY(1u, 4u, 1u, 2u)
#define SCTLR KEY(1u, 0u, 0u, 0u)

#define HSCTLR KEY(1u, 4u, 0u, 0u)

enum { MODE_HYP = 0x1a, MODE_MON = 0x16, NON_SECURE = 1 << 29 };

static bool secure(struct vmm_cpu *v, uint64_t features)
{
    if (!(features & ARM_FEATURE_EL3))
        return false;
    return (FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & 0x1f) == MODE_MON
        || !(system_register(v, SCR) & 1);
}

/* SCTLR of the state that the processor is in (B3.15.3). */
static uint32_t control(struct vmm_cpu *v)
{
    return system_register(v, secure(v, FIELD(uint64_t, v->env, ARM_FEATURES))
                                  ? SCTLR & ~(uint32_t)NON_SECURE : SCTLR);
}

bool vmm_arm_mmu_on(struct vmm_cpu *v)
{
    bool hyp = (FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & 0x1f) == MODE_HYP;

    return (hyp ? system_register(v, HSCTLR) : control(v)) & 1;
}

/* The level that floating-point instructions of level EL trap to, or 0. */
int fp_exception_el_arm(void *env, int el);
int fp_exception_el_arm(void *env, int el)
{
    struct vmm_cpu *v = vmm_of_env(env);
    uint64_t features;
    bool is_secure;

    if (!v)
        return 0;
    features = FIELD(uint64_t, env, ARM_FEATURES);
    if (!(features & ARM_FEATURE_V6))
        return 0;
    is_secure = secure(v, features);
    if (v->vcpu && !v->vcpu->native && v->vcpu->kernel)
        el = 1; /* really user mode, virtually not */
    switch (system_register(v, CPACR) >> 20 & 3) {
    case 0:
    case 2:
        if (el <= 1)
            return is_secure ? 3 : 1;
        if (el == 3)
            return 3;
        break;
    case 1:
        if (el == 0)
            return 1;
    }
    if ((features & ARM_FEATURE_EL3) && el <= 2 && !is_secure
        && !(system_register(v, NSACR) >> 10 & 1))
        return el == 2 ? 2 : 1;
    if ((features & ARM_FEATURE_EL2) && el <= 2 && !is_secure
        && (system_register(v, HCPTR) >> 10 & 1))
        return 2;
    return 0;
}

/* ---- alignment ------------------------------------------------------------ */

static __thread bool aligned_access; /* of the instruction being translated */

/* Multiple, double and floating-point transfers are always checked. */
static bool always_checked_arm(uint32_t code)
{
    if ((code >> 25 & 7) == 4) /* LDM, STM, RFE, SRS */
        return true;
    if (code >> 28 != 15 && (code & 0x0e1000d0) == 0x000000d0) /* LDRD, STRD */
        return true;
    return code >> 28 != 15 && (code & 0x0e000e00) == 0x0c000a00
        && (code >> 21 & 0x7f) != 0x62; /* VLDR, VSTR, VLDM, VSTM */
}

static bool always_checked_thumb16(uint32_t code)
{
    return (code & 0xf600) == 0xb400 || (code & 0xf000) == 0xc000; /* PUSH, POP, LDM, STM */
}

static bool always_checked_thumb32(uint32_t high, uint32_t low)
{
    if ((high & 0xfe40) == 0xe800) /* LDM, STM, RFE, SRS */
        return true;
    if ((high & 0xfe40) == 0xe840) /* LDRD, STRD; with P = W = 0 exclusives and table branches */
        return high & 0x0120;
    return (high & 0xfe00) == 0xec00 && (low & 0x0e00) == 0x0a00 && (high & 0xffe0) != 0xec40;
}

/* ---- LDC and STC ----------------------------------------------------------- */

static __thread bool transfers_coprocessor; /* the instruction being translated */

/* Of coprocessor space without a bit 25 only MCRR and MRRC have system registers (A8.8.55,
 * A8.8.98, A8.8.108, A8.8.189); the engine takes LDC and STC for them.  CODE is as in A32. */
static bool is_coprocessor_transfer(uint32_t code)
{
    return (code & 0x0e000000) == 0x0c000000 && (code & 0x01e00000) != 0x00400000;
}

/* The engine looks for a register that an instruction names: one that there is not is undefined. */
const void *get_arm_cp_reginfo_arm(void *registers, uint32_t key);
const void *get_arm_cp_reginfo_arm(void *registers, uint32_t key)
{
    typedef const void *(*find_fn)(void *, uint32_t);
    ORIGINAL(find_fn, original, "get_arm_cp_reginfo_arm");

    return vmm_current && transfers_coprocessor ? NULL : original(registers, key);
}

/* Decide, before an instruction is translated, whether its accesses must be aligned. */
void vmm_arm_before_instruction(struct vmm_cpu *v, uint32_t pc)
{
    typedef uint32_t (*code_fn)(void *, uint32_t);
    ORIGINAL(code_fn, word, "cpu_ldl_code_arm");
    ORIGINAL(code_fn, half, "cpu_lduw_code_arm");

    /* Before ARMv6 only SCTLR.A asks for it. */
    bool checks = !v->check_alignment && FIELD(uint64_t, v->env, ARM_FEATURES) & ARM_FEATURE_V6;
    uint32_t code;

    aligned_access = v->check_alignment;
    transfers_coprocessor = false;
    if (FIELD(uint32_t, v->env, ARM_THUMB)) {
        code = half(v->env, pc);
        if (code >> 11 < 0x1d) {
            aligned_access |= checks && always_checked_thumb16(code);
            return;
        }
        transfers_coprocessor = is_coprocessor_transfer(code << 16);
        if (checks && (code & 0xec00) == 0xe800)
            aligned_access = always_checked_thumb32(code, half(v->env, pc + 2));
    } else {
        code = word(v->env, pc);
        aligned_access |= checks && always_checked_arm(code);
        transfers_coprocessor = is_coprocessor_transfer(code);
    }
}

void vmm_arm_after_instruction(void)
{
    transfers_coprocessor = false;
}

/* Bits of SCTLR that ARMv7 has as ones (B4.1.130: RAO/SBOP); the engine stores what is written,
 * and without bit 23 walks tables of ARMv5. */
static void keep_ones(struct vmm_cpu *v)
{
    enum { ONES = 0x00c50058 };
    uint64_t features = FIELD(uint64_t, v->env, ARM_FEATURES);

    if (!(features & ARM_FEATURE_V7))
        return;
    *vmm_arm_word(v, SCTLR) |= ONES;
    if (features & ARM_FEATURE_EL3)
        *vmm_arm_word(v, SCTLR & ~(uint32_t)NON_SECURE) |= ONES;
}

/* SCTLR.A is part of the translation: when it changes, also with the security state, translations
 * go. */
void vmm_arm_alignment(struct vmm_cpu *v)
{
    typedef void (*flush_fn)(void *);
    ORIGINAL(flush_fn, flush, "tb_flush_arm");
    uint32_t checked = control(v) >> 1 & 1;

    if (checked != v->check_alignment) {
        v->check_alignment = checked;
        vmm_forget_places(v);
        flush(v->cpu);
    }
}

/* A change of SCTLR flushes the TLB, which is where we hear of it. */
void tlb_flush_arm(void *cpu);
void tlb_flush_arm(void *cpu)
{
    typedef void (*flush_fn)(void *);
    ORIGINAL(flush_fn, original, "tlb_flush_arm");
    struct vmm_cpu *v = vmm_current;

    original(cpu);
    if (v && v->cpu == cpu) {
        keep_ones(v);
        vmm_arm_alignment(v);
    }
}

/* The memory operation of an access that is being translated. */
uint32_t vmm_arm_memop(uint32_t memop)
{
    enum { MO_ALIGN_ = 7 << 4 };

    return aligned_access && vmm_current && !(memop & MO_ALIGN_) ? memop | MO_ALIGN_ : memop;
}
