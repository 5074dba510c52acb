/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ARM virtual CPU's modes and banks, exception entry, and what its exits come to.
 *
 * The twin of vmm/monitor/arm (processor.py) and of vmm/cpu/arm/traps.py.  The
 * engine is in user mode always; its register file holds the registers of the
 * virtual mode, the words of the virtual CPU the banked ones of the others.
 */
#include "monitor_arm.h"

#include <string.h>

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

    return (read(v->env) & ~(uint32_t)MODE_MASK) | vmm_arm_words(v)[ARM_VCPU_MODE];
}

/* Bring the registers of mode TO to the front. */
static void switch_banks(struct vmm_cpu *v, uint32_t to)
{
    uint32_t *w = vmm_arm_words(v), *r = vmm_arm_registers(v), from = w[ARM_VCPU_MODE];
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
    extern void cpsr_write_arm(void *, uint32_t, uint32_t, int);
    typedef void (*rebuild_fn)(void *);
    ORIGINAL(rebuild_fn, rebuild, "arm_rebuild_hflags_arm");
    enum { RAW = 2 };
    struct vmm_vcpu *vcpu = v->vcpu;
    uint32_t privileged, masks;

    if (mask & MODE_MASK && vmm_arm_bank(value & MODE_MASK) >= 0)
        switch_banks(v, value & MODE_MASK);
    cpsr_write_arm(v->env, value, mask & ~(uint32_t)MODE_MASK, RAW);
    masks = vmm_arm_cpsr(v);
    vcpu->open = (masks & PSR_I ? 0 : ARM_REQUEST_IRQ) | (masks & PSR_F ? 0 : ARM_REQUEST_FIQ);
    privileged = vmm_arm_words(v)[ARM_VCPU_MODE] != MODE_USR;
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
    if (vmm_arm_words(v)[ARM_VCPU_MODE] == MODE_FIQ && number >= 8 && number <= 12)
        return &vmm_arm_words(v)[ARM_VCPU_USR_HIGH + number - 8];
    if (number == 13)
        return &vmm_arm_words(v)[ARM_VCPU_R13];
    if (number == 14)
        return &vmm_arm_words(v)[ARM_VCPU_R14];
    return &vmm_arm_registers(v)[number];
}

/* ---- exception entry (B1.8, B1.9) -------------------------------------------- */

/* Link offsets are from the pc as the engine reports it (vmm/cpu/arm/traps.py). */
static const struct entry {
    uint32_t mode, vector, link_arm, link_thumb, mask;
} entries[ARM_EXCEPTIONS] = {
    [ARM_EXCEPTION_UNDEFINED] = {MODE_UND, 0x04, 4, 2, PSR_I},
    [ARM_EXCEPTION_SVC] = {MODE_SVC, 0x08, 0, 0, PSR_I},
    [ARM_EXCEPTION_PREFETCH] = {MODE_ABT, 0x0c, 4, 4, PSR_A | PSR_I},
    [ARM_EXCEPTION_BKPT] = {MODE_ABT, 0x0c, 4, 4, PSR_A | PSR_I},
    [ARM_EXCEPTION_DATA] = {MODE_ABT, 0x10, 8, 8, PSR_A | PSR_I},
    [ARM_EXCEPTION_IRQ] = {MODE_IRQ, 0x18, 4, 4, PSR_A | PSR_I},
    [ARM_EXCEPTION_FIQ] = {MODE_FIQ, 0x1c, 4, 4, PSR_A | PSR_I | PSR_F},
};

#define SCTLR ARM_KEY(15, 0, 1, 0, 0, 0)
#define VBAR ARM_KEY(15, 0, 12, 0, 0, 0)
#define DFSR ARM_KEY(15, 0, 5, 0, 0, 0)
#define IFSR ARM_KEY(15, 0, 5, 0, 0, 1)
#define DBGDSCR ARM_KEY(14, 0, 0, 0, 2, 2)
#define DFAR ARM_KEY(15, 0, 6, 0, 0, 0)
#define IFAR ARM_KEY(15, 0, 6, 0, 0, 2)
enum { SCTLR_V = 1 << 13, SCTLR_EE = 1 << 25, SCTLR_TE = 1 << 30, MOE_BKPT = 3 };

static void put_system(struct vmm_cpu *v, uint32_t key, uint32_t value)
{
    uint32_t *word = vmm_arm_word(v, key);

    if (word)
        *word = value;
}

static void enter(struct vmm_cpu *v, uint32_t kind)
{
    const struct entry *entry = &entries[kind];
    uint32_t psr = vmm_arm_cpsr(v), *r = vmm_arm_registers(v);
    uint32_t link = r[15] + (psr & PSR_T ? entry->link_thumb : entry->link_arm);
    uint32_t sctlr = *vmm_arm_word(v, SCTLR), *vbar = vmm_arm_word(v, VBAR);
    uint32_t fsr = FIELD(uint32_t, v->env, ARM_EXCEPTION + 4);
    uint32_t address = FIELD(uint32_t, v->env, ARM_EXCEPTION + 8);

    if (kind == ARM_EXCEPTION_DATA) {
        put_system(v, DFSR, fsr);
        put_system(v, DFAR, address);
    } else if (kind == ARM_EXCEPTION_PREFETCH || kind == ARM_EXCEPTION_BKPT) {
        put_system(v, IFSR, fsr);
        put_system(v, IFAR, address);
    }
    if (kind == ARM_EXCEPTION_BKPT) /* DBGDSCR.MOE (C11.11.20) */
        put_system(v, DBGDSCR, (*vmm_arm_word(v, DBGDSCR) & ~0x3cu) | MOE_BKPT << 2);
    vmm_arm_set_cpsr(v, (psr & ~(MODE_MASK | PSR_IT | PSR_T | PSR_J | PSR_E | PSR_IL)) | entry->mode
                            | entry->mask | (sctlr & SCTLR_EE ? PSR_E : 0)
                            | (sctlr & SCTLR_TE ? PSR_T : 0));
    vmm_arm_words(v)[ARM_VCPU_SPSR + vmm_arm_bank(entry->mode)] = psr;
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

    if (kind == ARM_EXCEPTION_PREFETCH)
        return (uint32_t)EC_PREFETCH_LOWER << 26 | INSTRUCTION_LENGTH | status;
    return (uint32_t)EC_DATA_LOWER << 26 | INSTRUCTION_LENGTH | (fsr & FSR_WRITE ? 1u << 6 : 0) | status;
}

/* What the ledger has of an exception: the syndrome, which the engine gave for one of
 * user mode, or not at all where the monitor refused the access (then the word holds what
 * the translator noted of the instruction). */
static uint32_t syndrome(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t *known = &FIELD(uint32_t, v->env, ARM_EXCEPTION);

    if (kind == ARM_EXCEPTION_IRQ || kind == ARM_EXCEPTION_FIQ)
        vmm_arm_no_syndrome(v);
    if (kind != ARM_EXCEPTION_PREFETCH && kind != ARM_EXCEPTION_DATA)
        return *known;
    if (*known >> 26 < EC_PREFETCH_LOWER)
        *known = abort_syndrome(kind, FIELD(uint32_t, v->env, ARM_EXCEPTION + 4));
    if (v->vcpu->kernel)
        *known |= SAME_LEVEL;
    return *known;
}

static void reflect(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t *r = vmm_arm_registers(v);
    uint32_t *delivered = &vmm_arm_words(v)[ARM_VCPU_DELIVERED];
    int action = vmm_trap(v, kind, r[15], vmm_arm_cpsr(v), syndrome(v, kind));

    if (action == VMM_STOP) {
        vmm_stop(v, VMM_REASON_STOPPED);
        return;
    }
    if ((action == VMM_NATIVE || *delivered) && !vmm_para_arm_enter(v, kind))
        enter(v, kind);
    *delivered = 0;
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

/* In an IT block, the next condition (A2.5.2). */
static void advance_condition(struct vmm_cpu *v)
{
    uint32_t *it = &FIELD(uint32_t, v->env, ARM_CONDEXEC);

    *it = *it & 7 ? (*it & 0xe0) | (*it << 1 & 0x1f) : 0;
}

/* Go on behind the instruction at the pc.  A branch to A32 in the middle of an IT block, which is
 * UNPREDICTABLE, takes ITSTATE along, unused. */
void vmm_arm_advance(struct vmm_cpu *v, uint32_t length)
{
    vmm_arm_registers(v)[15] += length;
    if (FIELD(uint32_t, v->env, ARM_THUMB))
        advance_condition(v);
}

/* What follows an emulation at the pc, met by an exit of KIND.  False: it is left to the
 * monitor. */
bool vmm_arm_done(struct vmm_cpu *v, const struct arm_instruction *instruction, int result,
                  uint32_t kind)
{
    uint32_t *found = &vmm_arm_words(v)[ARM_VCPU_FOUND];

    switch (result) {
    case ARM_EXIT:
        found[0] = instruction->kind;
        found[1] = instruction->code;
        return false;
    case ARM_TOLD:
        found[0] = instruction->kind;
        found[1] = instruction->code;
        vmm_tell_monitor(v, kind);
        vmm_arm_advance(v, instruction->length);
        break;
    case ARM_DONE: vmm_arm_advance(v, instruction->length); break;
    case ARM_BRANCHED: advance_condition(v); break;
    case ARM_UNDEFINED:
        vmm_arm_raise(v, ARM_EXCEPTION_UNDEFINED, ARM_UNCATEGORIZED, 0, 0);
        break;
    case ARM_NO_FLOAT:
        vmm_arm_raise(v, ARM_EXCEPTION_UNDEFINED, ARM_FLOAT_TRAP, 0, 0);
        break;
    }
    return true;
}

/* An undefined instruction in virtual kernel mode: perhaps it is only privileged. */
static bool emulated(struct vmm_cpu *v)
{
    struct arm_instruction found;

    vmm_fetching = VMM_FETCHES_AGAIN;
    found = vmm_arm_instruction_at(v, vmm_arm_registers(v)[15], FIELD(uint32_t, v->env, ARM_THUMB));
    vmm_fetching = VMM_FETCHES_NOT;
    if (!found.kind) {
        reflect(v, ARM_EXCEPTION_UNDEFINED);
        return true;
    }
    return vmm_arm_done(v, &found, vmm_arm_emulate(v, found.kind, found.code, 0),
                        ARM_EXCEPTION_UNDEFINED);
}

/* Handle an exit here, if that needs no Python. */
bool vmm_arm_exit(struct vmm_cpu *v, uint32_t kind)
{
    if (!vmm_arm_words(v)[ARM_VCPU_MODE])
        return false; /* not this monitor's virtual CPU */
    if (vmm_arm_words(v)[ARM_VCPU_UNPRIVILEGED]) {
        /* The access that faulted was made with the rights of user mode. */
        vmm_arm_words(v)[ARM_VCPU_UNPRIVILEGED] = 0;
        v->vcpu->kernel = 1;
        vmm_set_view(v, VMM_VIEW_KERNEL);
    }
    if (vmm_para_arm_entered(v))
        return true;
    switch (kind) {
    case ARM_EXCEPTION_UNDEFINED:
        if (v->vcpu->kernel)
            return emulated(v);
        break;
    case ARM_EXCEPTION_SVC:
    case ARM_EXCEPTION_PREFETCH:
    case ARM_EXCEPTION_DATA:
    case ARM_EXCEPTION_BKPT: break;
    case VMM_KIND_VIRTUAL_INTERRUPT:
        if (vmm_para_arm_holds(v))
            return true;
        kind = FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) & v->vcpu->open & ARM_REQUEST_FIQ
            ? ARM_EXCEPTION_FIQ : ARM_EXCEPTION_IRQ;
        break;
    default: return false;
    }
    reflect(v, kind);
    return true;
}
