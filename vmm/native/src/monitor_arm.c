/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ARM virtual CPU's state: modes and banks, exception entry, system registers.
 *
 * The twin of vmm/monitor/arm (registers.py) and of vmm/cpu/arm/traps.py.  The
 * engine is in user mode always; its register file holds the registers of the
 * virtual mode, the words of the virtual CPU the banked ones of the others.
 */
#include "monitor_arm.h"
#include "offsets.h"

#include <string.h>

static uint32_t *words(struct vmm_cpu *v) { return v->vcpu->words; }
static uint32_t *registers(struct vmm_cpu *v) { return (uint32_t *)v->env; }

/* ---- CPSR and banks (DDI 0406C, B1.3) -------------------------------------- */

/* The bank of a mode that this virtual CPU has, or -1. */
int vmm_arm_bank(uint32_t mode)
{
    switch (mode) {
    case MODE_USR:
    case MODE_SYS: return 0;
    case MODE_SVC: return 1;
    case MODE_ABT: return 2;
    case MODE_UND: return 3;
    case MODE_IRQ: return 4;
    case MODE_FIQ: return 5;
    default: return -1;
    }
}

uint32_t vmm_arm_cpsr(struct vmm_cpu *v)
{
    typedef uint32_t (*read_fn)(void *);
    ORIGINAL(read_fn, read, "cpsr_read_arm");

    return (read(v->env) & ~(uint32_t)MODE_MASK) | words(v)[ARM_VCPU_MODE];
}

/* Bring the registers of mode TO to the front. */
static void switch_banks(struct vmm_cpu *v, uint32_t to)
{
    uint32_t *w = words(v), *r = registers(v), from = w[ARM_VCPU_MODE];
    int before = vmm_arm_bank(from), after = vmm_arm_bank(to);

    if (from == to)
        return;
    if (from == MODE_FIQ || to == MODE_FIQ) {
        int leave = from == MODE_FIQ ? ARM_VCPU_FIQ_HIGH : ARM_VCPU_USR_HIGH;
        int enter = from == MODE_FIQ ? ARM_VCPU_USR_HIGH : ARM_VCPU_FIQ_HIGH;

        memcpy(&w[leave], &r[8], 5 * sizeof *r);
        memcpy(&r[8], &w[enter], 5 * sizeof *r);
    }
    w[ARM_VCPU_R13 + before] = r[13];
    w[ARM_VCPU_R14 + before] = r[14];
    r[13] = w[ARM_VCPU_R13 + after];
    r[14] = w[ARM_VCPU_R14 + after];
    w[ARM_VCPU_MODE] = to;
}

/* Write the bits of MASK.  A mode that there is not leaves the mode as it is. */
void vmm_arm_write_cpsr(struct vmm_cpu *v, uint32_t value, uint32_t mask)
{
    typedef void (*write_fn)(void *, uint32_t, uint32_t, int);
    typedef void (*rebuild_fn)(void *);
    ORIGINAL(write_fn, write, "cpsr_write_arm");
    ORIGINAL(rebuild_fn, rebuild, "arm_rebuild_hflags_arm");
    enum { RAW = 2 };
    struct vmm_vcpu *vcpu = v->vcpu;
    uint32_t privileged, masks;

    if (mask & MODE_MASK && vmm_arm_bank(value & MODE_MASK) >= 0)
        switch_banks(v, value & MODE_MASK);
    write(v->env, value, mask & ~(uint32_t)MODE_MASK, RAW);
    masks = vmm_arm_cpsr(v);
    vcpu->open = (masks & PSR_I ? 0 : ARM_REQUEST_IRQ) | (masks & PSR_F ? 0 : ARM_REQUEST_FIQ);
    privileged = words(v)[ARM_VCPU_MODE] != MODE_USR;
    if (privileged != vcpu->kernel) {
        vcpu->kernel = privileged;
        vmm_set_view(v, privileged ? VMM_VIEW_KERNEL : VMM_VIEW_USER);
    }
    if (mask & (PSR_E | MODE_MASK))
        rebuild(v->env);
}

void vmm_arm_set_cpsr(struct vmm_cpu *v, uint32_t value)
{
    vmm_arm_write_cpsr(v, value, ~0u);
}

/* Where user mode's register is while in another mode.  (In System mode, where to ask is
 * UNPREDICTABLE, the engine means the bank too, and not what is in front.) */
uint32_t *vmm_arm_user_register(struct vmm_cpu *v, unsigned number)
{
    if (words(v)[ARM_VCPU_MODE] == MODE_FIQ && number >= 8 && number <= 12)
        return &words(v)[ARM_VCPU_USR_HIGH + number - 8];
    if (number == 13)
        return &words(v)[ARM_VCPU_R13];
    if (number == 14)
        return &words(v)[ARM_VCPU_R14];
    return &registers(v)[number];
}

/* ---- system registers (B3.15 to B3.17) -------------------------------------- */

enum { CRN_MONITORS = 9 };

#define KEY(cp, wide, crn, opc1, crm, opc2)                                              \
    (1u << 29 | (uint32_t)(cp) << 16 | (uint32_t)(wide) << 15 | (uint32_t)(crn) << 11    \
     | (uint32_t)(crm) << 7 | (uint32_t)(opc1) << 3 | (uint32_t)(opc2))

/* The engine's description of a register of this CPU, or NULL. */
static void *find(struct vmm_cpu *v, uint32_t key)
{
    typedef void *(*find_fn)(void *, uint32_t);
    ORIGINAL(find_fn, original, "get_arm_cp_reginfo_arm");
    enum { KNOWN = 16 };
    static __thread struct {
        void *ri;
        uint32_t key;
    } known[KNOWN]; /* what was found last; descriptions stay as long as their table */
    static __thread void *known_table;
    void *table = FIELD(void *, v->cpu, ARM_CP_REGS);
    uint32_t slot = (key ^ key >> 7 ^ key >> 11) % KNOWN;

    if (known_table != table) {
        memset(known, 0, sizeof known);
        known_table = table;
    }
    if (known[slot].key != key) {
        known[slot].key = key;
        known[slot].ri = original(table, key);
    }
    return known[slot].ri;
}

/* The word that holds a register which is nothing but a word. */
static uint32_t *system_word(struct vmm_cpu *v, uint32_t key)
{
    void *ri = find(v, key);

    return ri ? &FIELD(uint32_t, v->env, FIELD(int64_t, ri, RI_FIELD_OFFSET)) : NULL;
}

/* The same for Python, of whichever register: NULL if it is more than a word. */
void *vmm_arm_system_word(struct vmm_cpu *v, uint32_t key);
void *vmm_arm_system_word(struct vmm_cpu *v, uint32_t key)
{
    void *ri = find(v, key);

    if (!ri || FIELD(uint32_t, ri, RI_TYPE) & RI_TYPE_CONSTANT || FIELD(void *, ri, RI_READFN)
        || FIELD(void *, ri, RI_RAW_READFN) || !FIELD(int64_t, ri, RI_FIELD_OFFSET))
        return NULL;
    return (char *)v->env + FIELD(int64_t, ri, RI_FIELD_OFFSET);
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
    void *ri = find(v, wide ? KEY(cp, 1, 0, code >> 4 & 15, code & 15, 0)
                            : KEY(cp, 0, code >> 16 & 15, code >> 21 & 7, code & 15, code >> 5 & 7));

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

/* ---- exception entry (B1.8, B1.9) -------------------------------------------- */

enum {
    EXCEPTION_UNDEFINED = 1, EXCEPTION_SVC, EXCEPTION_PREFETCH, EXCEPTION_DATA, EXCEPTION_IRQ,
    EXCEPTION_FIQ, EXCEPTION_BKPT, EXCEPTIONS
};

/* Link offsets are from the pc as the engine reports it (vmm/cpu/arm/traps.py). */
static const struct entry {
    uint32_t mode, vector, link_arm, link_thumb, mask;
} entries[EXCEPTIONS] = {
    [EXCEPTION_UNDEFINED] = {MODE_UND, 0x04, 4, 2, PSR_I},
    [EXCEPTION_SVC] = {MODE_SVC, 0x08, 0, 0, PSR_I},
    [EXCEPTION_PREFETCH] = {MODE_ABT, 0x0c, 4, 4, PSR_A | PSR_I},
    [EXCEPTION_BKPT] = {MODE_ABT, 0x0c, 4, 4, PSR_A | PSR_I},
    [EXCEPTION_DATA] = {MODE_ABT, 0x10, 8, 8, PSR_A | PSR_I},
    [EXCEPTION_IRQ] = {MODE_IRQ, 0x18, 4, 4, PSR_A | PSR_I},
    [EXCEPTION_FIQ] = {MODE_FIQ, 0x1c, 4, 4, PSR_A | PSR_I | PSR_F},
};

#define SCTLR KEY(15, 0, 1, 0, 0, 0)
#define VBAR KEY(15, 0, 12, 0, 0, 0)
#define DFSR KEY(15, 0, 5, 0, 0, 0)
#define IFSR KEY(15, 0, 5, 0, 0, 1)
#define DBGDSCR KEY(14, 0, 0, 0, 2, 2)
#define DFAR KEY(15, 0, 6, 0, 0, 0)
#define IFAR KEY(15, 0, 6, 0, 0, 2)
enum { SCTLR_V = 1 << 13, SCTLR_EE = 1 << 25, SCTLR_TE = 1 << 30, MOE_BKPT = 3 };

static void put_system(struct vmm_cpu *v, uint32_t key, uint32_t value)
{
    uint32_t *word = system_word(v, key);

    if (word)
        *word = value;
}

static void enter(struct vmm_cpu *v, uint32_t kind)
{
    const struct entry *entry = &entries[kind];
    uint32_t psr = vmm_arm_cpsr(v), *r = registers(v);
    uint32_t link = r[15] + (psr & PSR_T ? entry->link_thumb : entry->link_arm);
    uint32_t sctlr = *system_word(v, SCTLR), *vbar = system_word(v, VBAR);
    uint32_t fsr = FIELD(uint32_t, v->env, ARM_EXCEPTION + 4);
    uint32_t address = FIELD(uint32_t, v->env, ARM_EXCEPTION + 8);

    if (kind == EXCEPTION_DATA) {
        put_system(v, DFSR, fsr);
        put_system(v, DFAR, address);
    } else if (kind == EXCEPTION_PREFETCH || kind == EXCEPTION_BKPT) {
        put_system(v, IFSR, fsr);
        put_system(v, IFAR, address);
    }
    if (kind == EXCEPTION_BKPT) /* DBGDSCR.MOE (C11.11.20) */
        put_system(v, DBGDSCR, (*system_word(v, DBGDSCR) & ~0x3cu) | MOE_BKPT << 2);
    vmm_arm_set_cpsr(v, (psr & ~(MODE_MASK | PSR_IT | PSR_T | PSR_J | PSR_E)) | entry->mode
                            | entry->mask | (sctlr & SCTLR_EE ? PSR_E : 0)
                            | (sctlr & SCTLR_TE ? PSR_T : 0));
    words(v)[ARM_VCPU_SPSR + vmm_arm_bank(entry->mode)] = psr;
    r[14] = link;
    r[15] = entry->vector + (sctlr & SCTLR_V ? 0xffff0000 : vbar ? *vbar : 0);
}

/* ---- exits that need no Python ------------------------------------------------ */

enum { EC_PREFETCH_LOWER = 0x20, EC_DATA_LOWER = 0x24, FSR_WRITE = 1 << 11, FSR_LONG = 1 << 9 };
#define SAME_LEVEL (1u << 26)
#define INSTRUCTION_LENGTH (1u << 25)

/* What the engine would have said of an abort with this status.  Of a short-format status
 * it says only that there is one. */
static uint32_t abort_syndrome(uint32_t kind, uint32_t fsr)
{
    uint32_t status = fsr & FSR_LONG ? fsr & 0x3f : 0x3f;

    if (kind == EXCEPTION_PREFETCH)
        return (uint32_t)EC_PREFETCH_LOWER << 26 | INSTRUCTION_LENGTH | status;
    return (uint32_t)EC_DATA_LOWER << 26 | INSTRUCTION_LENGTH | (fsr & FSR_WRITE ? 1u << 6 : 0) | status;
}

/* What the ledger has of an exception: the syndrome, which the engine gave for one of
 * user mode, or not at all where the monitor refused the access (then the word holds what
 * the translator noted of the instruction). */
static uint32_t syndrome(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t *known = &FIELD(uint32_t, v->env, ARM_EXCEPTION);

    if (kind == EXCEPTION_IRQ || kind == EXCEPTION_FIQ)
        return 0;
    if (kind != EXCEPTION_PREFETCH && kind != EXCEPTION_DATA)
        return *known;
    if (*known >> 26 < EC_PREFETCH_LOWER)
        *known = abort_syndrome(kind, FIELD(uint32_t, v->env, ARM_EXCEPTION + 4));
    if (v->vcpu->kernel)
        *known |= SAME_LEVEL;
    return *known;
}

static void reflect(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t *r = registers(v);
    int action = vmm_trap(v, kind, r[15], vmm_arm_cpsr(v), syndrome(v, kind));

    if (action == VMM_STOP) {
        vmm_stop(v, VMM_REASON_STOPPED);
        return;
    }
    if (action == VMM_NATIVE && words(v)[ARM_VCPU_DIRECT]) {
        words(v)[ARM_VCPU_DIRECT_TRAP] = kind;
        vmm_tell_monitor(v, VMM_KIND_DIRECT);
    } else if (action == VMM_NATIVE) {
        enter(v, kind);
    }
    if (r[15] < v->unhandled_below && !vmm_arm_mmu_on(v)) {
        v->reason_trap = (int32_t)kind;
        vmm_stop(v, VMM_REASON_UNHANDLED);
    }
}

/* The guest takes an exception that the engine has not raised. */
void vmm_arm_raise(struct vmm_cpu *v, uint32_t kind, uint32_t syndrome, uint32_t fsr, uint32_t address)
{
    FIELD(uint32_t, v->env, ARM_EXCEPTION) = syndrome;
    FIELD(uint32_t, v->env, ARM_EXCEPTION + 4) = fsr;
    FIELD(uint64_t, v->env, ARM_EXCEPTION + 8) = address;
    FIELD(uint32_t, v->env, ARM_EXCEPTION_TARGET_EL) = 1;
    reflect(v, kind);
}

/* Go on behind the instruction at the pc, in an IT block with the next condition (A2.5.2). */
void vmm_arm_advance(struct vmm_cpu *v, uint32_t length)
{
    uint32_t *it = &FIELD(uint32_t, v->env, ARM_CONDEXEC);

    registers(v)[15] += length;
    *it = *it & 7 ? (*it & 0xe0) | (*it << 1 & 0x1f) : 0;
}

/* What follows an emulation at the pc.  False: it is left to the monitor. */
bool vmm_arm_done(struct vmm_cpu *v, const struct arm_instruction *instruction, int result)
{
    uint32_t *found = &words(v)[ARM_VCPU_FOUND];

    switch (result) {
    case ARM_EXIT:
        found[0] = instruction->kind;
        found[1] = instruction->code;
        return false;
    case ARM_TOLD:
        found[0] = instruction->kind;
        found[1] = instruction->code;
        vmm_tell_monitor(v, ARM_KIND_UNDEFINED);
        vmm_arm_advance(v, instruction->length);
        break;
    case ARM_DONE: vmm_arm_advance(v, instruction->length); break;
    case ARM_UNDEFINED:
        vmm_arm_raise(v, EXCEPTION_UNDEFINED, ARM_UNCATEGORIZED, 0, 0);
        break;
    case ARM_NO_FLOAT:
        vmm_arm_raise(v, EXCEPTION_UNDEFINED, ARM_FLOAT_TRAP, 0, 0);
        break;
    }
    return true;
}

/* An undefined instruction in virtual kernel mode: perhaps it is only privileged. */
static bool emulated(struct vmm_cpu *v)
{
    struct arm_instruction found
        = vmm_arm_instruction_at(v, registers(v)[15], FIELD(uint32_t, v->env, ARM_THUMB));

    if (!found.kind) {
        reflect(v, EXCEPTION_UNDEFINED);
        return true;
    }
    return vmm_arm_done(v, &found, vmm_arm_emulate(v, found.kind, found.code, 0));
}

/* Handle an exit here, if that needs no Python. */
bool vmm_arm_exit(struct vmm_cpu *v, uint32_t kind)
{
    if (!words(v)[ARM_VCPU_MODE])
        return false; /* not this monitor's virtual CPU */
    if (words(v)[ARM_VCPU_UNPRIVILEGED]) {
        /* The access that faulted was made with the rights of user mode. */
        words(v)[ARM_VCPU_UNPRIVILEGED] = 0;
        v->vcpu->kernel = 1;
        vmm_set_view(v, VMM_VIEW_KERNEL);
    }
    switch (kind) {
    case EXCEPTION_UNDEFINED:
        if (v->vcpu->kernel)
            return emulated(v);
        break;
    case EXCEPTION_SVC:
    case EXCEPTION_PREFETCH:
    case EXCEPTION_DATA:
    case EXCEPTION_BKPT: break;
    case VMM_KIND_VIRTUAL_INTERRUPT:
        if (words(v)[ARM_VCPU_DIRECT])
            return false;
        kind = FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) & v->vcpu->open & ARM_REQUEST_FIQ
            ? EXCEPTION_FIQ : EXCEPTION_IRQ;
        break;
    default: return false;
    }
    reflect(v, kind);
    return true;
}
