/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ARM virtual CPU's system registers, which are the engine's (DDI 0406C, B3.15 to B3.17):
 * the engine's own functions, called with the privilege of the virtual mode. */
#include "monitor_arm.h"

enum { CRN_MONITORS = 9 };

/* The engine's description of a register of this CPU, or NULL. */
void *vmm_arm_register(struct vmm_cpu *v, uint32_t key)
{
    typedef void *(*find_fn)(void *, uint32_t);
    ORIGINAL(find_fn, original, "get_arm_cp_reginfo_arm");
    struct vmm_arm_known *known = &v->arm_known[(key ^ key >> 5 ^ key >> 10) % VMM_ARM_KNOWN];

    if (known->key != key) {
        known->key = key;
        known->register_info = original(FIELD(void *, v->cpu, ARM_CP_REGS), key);
    }
    return known->register_info;
}

/* The word that holds a register which is nothing but a word; NULL if there is none. */
uint32_t *vmm_arm_word(struct vmm_cpu *v, uint32_t key)
{
    void *ri = vmm_arm_register(v, key);

    return ri ? &FIELD(uint32_t, v->env, FIELD(int64_t, ri, RI_FIELD_OFFSET)) : NULL;
}

/* The same, of whichever register (for Python too): NULL if it is more than a word. */
void *vmm_arm_system_word(struct vmm_cpu *v, uint32_t key)
{
    void *ri = vmm_arm_register(v, key);

    if (!ri || FIELD(uint32_t, ri, RI_TYPE) & RI_TYPE_CONSTANT || FIELD(void *, ri, RI_READFN)
        || FIELD(void *, ri, RI_RAW_READFN) || !FIELD(int64_t, ri, RI_FIELD_OFFSET))
        return NULL;
    return (char *)v->env + FIELD(int64_t, ri, RI_FIELD_OFFSET);
}

/* The same of the register that the MRC or MCR which CODE is accesses in virtual kernel mode, if
 * that always may and is nothing but the access of the word: all loads, and stores of the software
 * thread ID registers. */
uint32_t *vmm_arm_plain_word(struct vmm_cpu *v, uint32_t code)
{
    enum { THREAD_IDS = 13, SYSTEM_CONTROL = 15 };
    bool is_read = code >> 20 & 1;
    uint32_t cp = code >> 8 & 15, crn = code >> 16 & 15, opc2 = code >> 5 & 7;
    uint32_t key = ARM_KEY(cp, 0, crn, code >> 21 & 7, code & 15, opc2);
    void *ri = cp == SYSTEM_CONTROL ? vmm_arm_register(v, key) : NULL;

    if (!ri || !vmm_arm_system_word(v, key) || FIELD(void *, ri, RI_ACCESSFN)
        || !(FIELD(uint32_t, ri, RI_ACCESS) >> (2 + is_read) & 1)
        || FIELD(uint32_t, ri, RI_TYPE) & RI_TYPE_SPECIAL)
        return NULL;
    if (!is_read && (crn != THREAD_IDS || opc2 < 2 || FIELD(void *, ri, RI_WRITEFN)))
        return NULL;
    return vmm_arm_system_word(v, key);
}

/* Have the engine's functions see the virtual level of privilege; the real mode. */
static uint32_t go_to_level(struct vmm_cpu *v)
{
    uint32_t *psr = &FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR), mode = *psr;

    if (v->vcpu->kernel)
        *psr = (mode & ~(uint32_t)MODE_MASK) | MODE_SVC;
    return mode;
}

static bool permitted(struct vmm_cpu *v, void *ri, bool is_read)
{
    unsigned level = v->vcpu->kernel ? 1 : 0;

    return FIELD(uint32_t, ri, RI_ACCESS) >> (2 * level + is_read) & 1;
}

/* Whatever asks for the time is told where in its block the instruction is. */
static uint64_t read_system(struct vmm_cpu *v, void *ri, bool wide, uintptr_t retaddr)
{
    typedef uint64_t (*read_fn)(void *, const void *);
    extern uint32_t helper_get_cp_reg_arm(void *, void *);
    int64_t offset = FIELD(int64_t, ri, RI_FIELD_OFFSET);
    uint64_t value;

    if (FIELD(uint32_t, ri, RI_TYPE) & RI_TYPE_CONSTANT)
        return FIELD(uint64_t, ri, RI_RESET_VALUE);
    if (!FIELD(void *, ri, RI_READFN))
        return wide ? FIELD(uint64_t, v->env, offset) : FIELD(uint32_t, v->env, offset);
    if (FIELD(uint8_t, ri, RI_CRN) == CRN_MONITORS) /* then it is the last of its block */
        return helper_get_cp_reg_arm(v->env, ri);
    v->helper_pc = retaddr;
    value = FIELD(read_fn, ri, RI_READFN)(v->env, ri);
    v->helper_pc = 0;
    return value;
}

static bool is_context_id(const void *ri)
{
    return FIELD(uint8_t, ri, RI_CP) == 15 && FIELD(uint8_t, ri, RI_CRN) == 13
        && FIELD(uint8_t, ri, RI_CRM) == 0 && FIELD(uint8_t, ri, RI_OPC1) == 0
        && FIELD(uint8_t, ri, RI_OPC2) == 1;
}

static void write_system(struct vmm_cpu *v, void *ri, bool wide, uint64_t value)
{
    extern void helper_set_cp_reg_arm(void *, void *, uint32_t);
    extern void helper_set_cp_reg64_arm(void *, void *, uint64_t);
    int64_t offset = FIELD(int64_t, ri, RI_FIELD_OFFSET);

    if (FIELD(uint32_t, ri, RI_TYPE) & RI_TYPE_CONSTANT)
        return;
    if (is_context_id(ri) && v->vcpu->fill_mode == VMM_FILL_SHADOW)
        FIELD(uint32_t, v->env, offset) = (uint32_t)value; /* no translation hangs on it */
    else if (FIELD(void *, ri, RI_WRITEFN) && wide)
        helper_set_cp_reg64_arm(v->env, ri, value);
    else if (FIELD(void *, ri, RI_WRITEFN))
        helper_set_cp_reg_arm(v->env, ri, (uint32_t)value);
    else if (wide)
        FIELD(uint64_t, v->env, offset) = value;
    else
        FIELD(uint32_t, v->env, offset) = (uint32_t)value;
}

/* Whether virtual kernel mode may make this access, by the engine's own check. */
static bool allowed(struct vmm_cpu *v, void *ri, bool is_read)
{
    typedef int (*access_fn)(void *, const void *, bool);
    access_fn check = FIELD(access_fn, ri, RI_ACCESSFN);
    uint32_t mode;
    bool passed;

    if (!permitted(v, ri, is_read))
        return false;
    if (!check)
        return true;
    mode = go_to_level(v);
    passed = check(v->env, ri, is_read) == 0;
    FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) = mode;
    return passed;
}

/* An access by the MCR, MRC, MCRR or MRRC that CODE is (A8.8.98 and on), with the
 * privilege of the virtual mode: ARM_DONE or ARM_UNDEFINED. */
int vmm_arm_system(struct vmm_cpu *v, uint32_t code, uint64_t *value, uintptr_t retaddr)
{
    typedef void (*rebuild_fn)(void *);
    ORIGINAL(rebuild_fn, rebuild, "arm_rebuild_hflags_arm");
    bool wide = (code & 0x0fe00000) == 0x0c400000, is_read = code >> 20 & 1;
    uint32_t cp = code >> 8 & 15, mode;
    void *ri = vmm_arm_register(v, wide ? ARM_KEY(cp, 1, 0, code >> 4 & 15, code & 15, 0)
                            : ARM_KEY(cp, 0, code >> 16 & 15, code >> 21 & 7, code & 15, code >> 5 & 7));

    if (!ri || !allowed(v, ri, is_read))
        return ARM_UNDEFINED;
    if ((FIELD(uint32_t, ri, RI_TYPE) & RI_TYPE_SPECIAL) == RI_TYPE_NOP)
        return ARM_DONE;
    if (is_read) {
        *value = read_system(v, ri, wide, retaddr);
        return ARM_DONE;
    }
    mode = go_to_level(v);
    write_system(v, ri, wide, *value);
    FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) = mode;
    rebuild(v->env);
    return ARM_DONE;
}
