/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ARM virtual CPU: the words of struct vmm_vcpu (vmm/monitor/arm/vcpu.py has the
 * same numbers), the sensitive instructions (vmm/monitor/arm/decode.py), and what the
 * files of this part know of each other. */
#ifndef MONITOR_ARM_H
#define MONITOR_ARM_H

#include "offsets.h"
#include "vmm.h"

struct vmm_template;

enum arm_vcpu {
    ARM_VCPU_MODE,
    ARM_VCPU_SPSR = 1,      /* 8, by bank */
    ARM_VCPU_R13 = 9,       /* 8 */
    ARM_VCPU_R14 = 17,      /* 8 */
    ARM_VCPU_USR_HIGH = 25, /* r8 to r12 of the other modes while in FIQ mode */
    ARM_VCPU_FIQ_HIGH = 30, /* r8 to r12 of FIQ mode while in another */
    ARM_VCPU_UNPRIVILEGED = 35, /* an LDRT is under way: its faults are those of user mode */
    ARM_VCPU_EMULATED = 36,     /* 24: instructions emulated here, by kind */
    ARM_VCPU_FOUND = 61,        /* 3: what the monitor is told of: kind, A32 form, operand */
    ARM_VCPU_TRANSLATE = 60,    /* sensitive instructions are replaced as they are translated */
    ARM_VCPU_ENTERING = 64,     /* a paravirtual kernel's frame is being stored */
    ARM_VCPU_DELIVERED = 65     /* the monitor has asked for the trap that it was told of */
};

enum arm_mode {
    MODE_USR = 0x10, MODE_FIQ, MODE_IRQ, MODE_SVC, MODE_ABT = 0x17, MODE_UND = 0x1b, MODE_SYS = 0x1f,
    MODE_MASK = 0x1f
};

#define PSR_T (1u << 5)
#define PSR_F (1u << 6)
#define PSR_I (1u << 7)
#define PSR_A (1u << 8)
#define PSR_E (1u << 9)
#define PSR_AIF (PSR_A | PSR_I | PSR_F)
#define PSR_IL (1u << 20)
#define PSR_J (1u << 24)
#define PSR_IT 0x0600fc00u
#define PSR_EXECUTION (PSR_T | PSR_IT | PSR_J | PSR_IL)
#define PSR_VALID 0xff1fffffu /* what an ARMv7 core with Jazelle has */

enum arm_sensitive {
    ARM_CPS = 1, ARM_MRS, ARM_MSR, ARM_MRS_BANKED, ARM_MSR_BANKED, ARM_EXCEPTION_RETURN,
    ARM_LDM_RETURN, ARM_LDM_USER, ARM_STM_USER, ARM_RFE, ARM_SRS, ARM_UNPRIVILEGED,
    ARM_UNPRIVILEGED_OFFSET, ARM_SYSTEM, ARM_SYSTEM_WIDE, ARM_FLOAT_SYSTEM, ARM_HVC, ARM_SMC,
    ARM_STORE, ARM_STORE_DOUBLE /* no sensitive ones: monitor_arm_store.c */
};

/* The virtual CPU's words and the registers of its current mode. */
static inline uint32_t *vmm_arm_words(struct vmm_cpu *v) { return v->vcpu->words; }
static inline uint32_t *vmm_arm_registers(struct vmm_cpu *v) { return (uint32_t *)v->env; }

static inline uint32_t vmm_arm_field(uint32_t code, unsigned low, unsigned bits)
{
    return code >> low & ((1u << bits) - 1);
}

/* An interrupt is about to be entered: what the engine knows of the exception before is not of it,
 * and would be written to DBGDSCR.MOE again if that was BKPT (C11.11.20). */
static inline void vmm_arm_no_syndrome(struct vmm_cpu *v)
{
    FIELD(uint32_t, v->env, ARM_EXCEPTION) = 0;
}

/* A register as an operand; the pc reads as two instructions on. */
static inline uint32_t vmm_arm_operand(struct vmm_cpu *v, unsigned number)
{
    uint32_t ahead = number != 15 ? 0 : FIELD(uint32_t, v->env, ARM_THUMB) ? 4 : 8;

    return vmm_arm_registers(v)[number] + ahead;
}

/* What became of an instruction. */
enum arm_result {
    ARM_DONE,      /* the next one follows */
    ARM_JUMPED,    /* the pc says where to go on */
    ARM_BRANCHED,  /* the same, with ITSTATE that of the instruction behind */
    ARM_UNDEFINED, /* not an instruction in this state */
    ARM_NO_FLOAT,  /* floating point is switched off */
    ARM_TOLD,      /* done, but for what the monitor makes of it; the next one follows */
    ARM_EXIT       /* the monitor's to emulate */
};

/* A sensitive instruction (or none, of kind 0): its A32 form and its length in bytes. */
struct arm_instruction {
    uint32_t kind, code, length;
};

/* The engine's numbers of exceptions. */
enum arm_exception {
    ARM_EXCEPTION_UNDEFINED = 1, ARM_EXCEPTION_SVC, ARM_EXCEPTION_PREFETCH, ARM_EXCEPTION_DATA,
    ARM_EXCEPTION_IRQ, ARM_EXCEPTION_FIQ, ARM_EXCEPTION_BKPT, ARM_EXCEPTIONS
};

enum { ARM_REQUEST_IRQ = 0x02, ARM_REQUEST_FIQ = 0x10 }; /* bits of interrupt_request */

#define ARM_UNCATEGORIZED 0x02000000u /* the syndrome of an undefined instruction (B3.13.6) */
#define ARM_FLOAT_TRAP 0x1fe0000au    /* ... of one that CPACR forbids */

/* The engine's key of a system register, in its Non-secure instance. */
#define ARM_KEY(cp, wide, crn, opc1, crm, opc2)                                              \
    (1u << 29 | (uint32_t)(cp) << 16 | (uint32_t)(wide) << 15 | (uint32_t)(crn) << 11        \
     | (uint32_t)(crm) << 7 | (uint32_t)(opc1) << 3 | (uint32_t)(opc2))

/* monitor_arm.c */
int vmm_arm_bank(uint32_t mode);
uint32_t vmm_arm_cpsr(struct vmm_cpu *v);
void vmm_arm_set_cpsr(struct vmm_cpu *v, uint32_t value);
void vmm_arm_write_cpsr(struct vmm_cpu *v, uint32_t value, uint32_t mask);
uint32_t *vmm_arm_user_register(struct vmm_cpu *v, unsigned number);
bool vmm_arm_exit(struct vmm_cpu *v, uint32_t kind);
bool vmm_arm_done(struct vmm_cpu *v, const struct arm_instruction *instruction, int result,
                  uint32_t kind);
void vmm_arm_advance(struct vmm_cpu *v, uint32_t length);
void vmm_arm_raise(struct vmm_cpu *v, uint32_t kind, uint32_t syndrome, uint32_t fsr,
                   uint32_t address);

/* para_arm.c */
bool vmm_para_arm_holds(struct vmm_cpu *v);
bool vmm_para_arm_enter(struct vmm_cpu *v, uint32_t kind);
bool vmm_para_arm_entered(struct vmm_cpu *v);
int vmm_para_arm_call(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr);
void vmm_para_arm_settle(struct vmm_cpu *v);

/* monitor_arm_system.c */
/* shadow_walk_long.c: the region of addresses that a first table of long descriptors is for. */
struct vmm_arm_regime {
    uint64_t base;    /* of the table, physical */
    uint32_t bits;    /* of addresses in the region */
    uint32_t level;   /* of the table: 1 or 2 */
    bool upper;       /* TTBR1's, which ends at the last address; else TTBR0's, from 0 on */
    bool disabled;    /* there is no walk */
};
struct vmm_arm_regime vmm_arm_regime(uint32_t ttbcr, uint64_t ttbr0, uint64_t ttbr1, uint32_t address);

void *vmm_arm_register(struct vmm_cpu *v, uint32_t key);
uint32_t *vmm_arm_word(struct vmm_cpu *v, uint32_t key);
void *vmm_arm_system_word(struct vmm_cpu *v, uint32_t key);
uint32_t *vmm_arm_plain_word(struct vmm_cpu *v, uint32_t code);
int vmm_arm_system(struct vmm_cpu *v, uint32_t code, uint64_t *value, uintptr_t retaddr);

/* monitor_arm_decode.c */
struct arm_instruction vmm_arm_decode(uint32_t code, bool thumb);

/* monitor_arm_emulate.c */
uint32_t *vmm_arm_saved_psr(struct vmm_cpu *v);
int vmm_arm_return_to(struct vmm_cpu *v, uint32_t pc, uint32_t psr);
uint32_t vmm_arm_shifted(struct vmm_cpu *v, uint32_t code);
int vmm_arm_emulate(struct vmm_cpu *v, uint32_t kind, uint32_t code, uintptr_t retaddr);

/* monitor_arm_memory.c */
void vmm_arm_store_word(struct vmm_cpu *v, uint32_t address, uint32_t value, bool aligned,
                        uintptr_t retaddr);
int vmm_arm_load_block(struct vmm_cpu *v, uint32_t code, bool user, uintptr_t retaddr);
int vmm_arm_store_block(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr);
int vmm_arm_rfe(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr);
int vmm_arm_srs(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr);
int vmm_arm_unprivileged(struct vmm_cpu *v, uint32_t code, bool offset, uintptr_t retaddr);

/* monitor_arm_store.c */
struct arm_instruction vmm_arm_decode_store(uint32_t code, bool thumb);
int vmm_arm_store(struct vmm_cpu *v, uint32_t kind, uint32_t code, uintptr_t retaddr);

/* monitor_arm_site.c */
struct arm_instruction vmm_arm_instruction_at(struct vmm_cpu *v, uint32_t pc, bool thumb);
void vmm_arm_begin_site(struct vmm_cpu *v, uint32_t pc);
bool vmm_arm_site_call(const void *function, uint64_t *place, uint32_t *what);
uint32_t vmm_arm_end_site(int32_t *is_jump, uint32_t next);
const struct vmm_template *vmm_arm_cached(void);
void vmm_arm_odd_site(uint64_t *place, uint32_t *what);
void vmm_arm_site(struct vmm_cpu *v, uint64_t place, uint32_t what, uintptr_t retaddr);

#endif
