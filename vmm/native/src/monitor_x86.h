/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual x86 processor, as C sees it: vmm/monitor/x86/vcpu.py mirrors the
 * structure and vmm/monitor/x86/decode.py the operations. */
#ifndef MONITOR_X86_H
#define MONITOR_X86_H

#include "vmm.h"

struct vmm_template;

/* A descriptor-table register, as the engine has it. */
struct x86_table {
    uint32_t selector, spare;
    uint32_t base, base_high;
    uint32_t limit, flags;
};

/* What the guest may not see of the register file it runs on, and may not change:
 * while the guest runs this is where the virtual processor has it. */
struct x86_vcpu {
    uint32_t shown;  /* the register file is the virtual processor's now, and this is stale */
    uint32_t cpl;
    uint32_t pe;     /* CR0.PE */
    uint32_t eflags; /* IF, IOPL, NT and VM */
    struct x86_table ldtr, tr, gdtr, idtr; /* in the engine's order */
    uint32_t trapped;   /* by on_exit: the number of the instruction that trapped; 0: none */
    uint32_t operation; /* being emulated */
    uint32_t address;   /* of INVLPG, and of a store to a page that is protected */
    uint32_t value;     /* of that store */
    uint32_t cr3;    /* that the monitor was told of last */
    uint32_t untold; /* nobody needs to know what changes the meaning of addresses */
};

/* Sensitive instructions.  0 goes to the monitor. */
enum x86_operation {
    X86_EXIT, X86_CLI, X86_STI, X86_PUSHF, X86_POPF, X86_IRET, X86_INT, X86_HLT, X86_LRET,
    X86_LJMP, X86_LCALL, X86_LJMP_MEMORY, X86_LCALL_MEMORY, X86_MOV_TO_SEGMENT, X86_POP_SEGMENT,
    X86_LOAD_FAR_POINTER, X86_SLDT, X86_STR, X86_LLDT, X86_LTR, X86_VERR, X86_VERW, X86_LAR,
    X86_LSL, X86_SGDT, X86_SIDT, X86_LGDT, X86_LIDT, X86_SMSW, X86_LMSW, X86_CLTS, X86_INVLPG,
    X86_WBINVD, X86_MOV_FROM_CR, X86_MOV_TO_CR, X86_MOV_FROM_DR, X86_MOV_TO_DR, X86_RDMSR,
    X86_WRMSR, X86_RDTSC, X86_RDPMC, X86_SYSEXIT, X86_UNDEFINED,
    X86_STORE_REGISTER, X86_STORE_IMMEDIATE, X86_RDTSCP, X86_MONITOR, X86_MWAIT, X86_SYSRET,
    X86_OPERATIONS
};

static inline struct x86_vcpu *vmm_x86_vcpu(const struct vmm_cpu *v)
{
    return (struct x86_vcpu *)v->vcpu->words;
}

/* Whether there is a monitor that keeps this processor in user mode. */
static inline bool vmm_x86_virtual(const struct vmm_cpu *v)
{
    return v->vcpu && v->vcpu->hides;
}

/* monitor_x86.c */
void vmm_x86_show(struct vmm_cpu *v);
void vmm_x86_hide(struct vmm_cpu *v);
void vmm_x86_follow(struct vmm_cpu *v);
void vmm_x86_take_page(struct vmm_cpu *v);
void vmm_x86_give_page(struct vmm_cpu *v);
void vmm_x86_virtual_trap(struct vmm_cpu *v, int number);
bool vmm_x86_virtual_interrupt(struct vmm_cpu *v, int request);

/* para_x86.c */
void vmm_para_x86_keep_segments(struct vmm_cpu *v);
bool vmm_para_x86_enter(struct vmm_cpu *v, uint32_t vector, bool software);
bool vmm_para_x86_call(struct vmm_cpu *v, uint32_t vector);

/* x86_operations.c */
void vmm_x86_emulate_trapped(struct vmm_cpu *v, const struct vmm_instruction *one);
void vmm_x86_callout(struct vmm_cpu *v, const struct vmm_instruction *one, uintptr_t retaddr);
void vmm_x86_odd(struct vmm_cpu *v, uint64_t number, uintptr_t retaddr) __attribute__((noreturn));

/* x86_decode.c */
struct x86_decoded {
    uint32_t operation, length;
    uint64_t argument;
};
bool vmm_x86_decode(const uint8_t *code, uint32_t size, bool wide, bool flat, struct x86_decoded *found);
bool vmm_x86_operation_ends(uint32_t operation);

/* x86_sites.c */
uint32_t vmm_x86_add_instruction(struct vmm_cpu *v, uint32_t operation, uint32_t length,
                                 uint64_t argument, uint32_t immediate, int ends);
void vmm_x86_read_code(struct vmm_cpu *v, uint64_t pc);
void vmm_x86_scan(struct vmm_cpu *v, uint64_t pc, uint64_t opcode_at, uint32_t opcode);
void vmm_x86_scanned(void);
bool vmm_x86_ends_block(void);
const struct vmm_template *vmm_x86_cached(void);
uint64_t vmm_x86_end_site(uint64_t next);
int64_t vmm_x86_site_code(uint64_t address, unsigned size);
void vmm_x86_odd_site(uint64_t *place, uint32_t *what);
bool vmm_x86_reached(struct vmm_cpu *v, uint32_t argument, uintptr_t retaddr);

#endif
