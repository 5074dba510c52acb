/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual ARM kernel: traps that enter it directly, the way back, its hypercalls.
 *
 * guests/runtime/hypercall.h is the interface.  The kernel runs in SVC mode; what a
 * trap's handler needs lies on its stack, and the interrupt flag in the shared page,
 * which stands for CPSR.I.
 */
#include "monitor_arm.h"
#include "offsets.h"

enum { KIND_UNDEFINED = 1, KIND_SVC, KIND_PREFETCH, KIND_DATA, KIND_IRQ, KIND_FIQ, KIND_BKPT };
enum { SP = 13, LR = 14, PC = 15 };
enum { HYPERCALL = 0x5600, HYPER_FPU = 10, VMSR_FPEXC_R0 = 0xeee80a10, FPEXC_EN = 1 << 30 };
enum { ENTRY_WORDS = 5 };

static uint32_t *registers(struct vmm_cpu *v) { return (uint32_t *)v->env; }

/* The guest may have opened or closed interrupts in the shared page. */
void vmm_arm_take_page(struct vmm_cpu *v)
{
    bool open;

    if (!v->vcpu_page)
        return;
    open = vmm_page_get(v, VMM_PAGE_INTERRUPTS) & 1;
    if (open != ((v->vcpu->open & ARM_REQUEST_IRQ) != 0))
        vmm_arm_write_cpsr(v, open ? 0 : PSR_I, PSR_I);
}

/* CPSR.I has been written. */
void vmm_arm_give_page(struct vmm_cpu *v)
{
    bool open = v->vcpu->open & ARM_REQUEST_IRQ;

    if (!v->vcpu_page)
        return;
    vmm_page_put(v, VMM_PAGE_INTERRUPTS, open);
    if (open)
        vmm_page_put(v, VMM_PAGE_PENDING, 0);
}

static uint32_t load(struct vmm_cpu *v, uint32_t address)
{
    typedef uint32_t (*load_fn)(void *, uint32_t, uintptr_t);
    ORIGINAL(load_fn, original, "cpu_ldl_data_ra_arm");

    return original(v->env, address, 0);
}

static void store(struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    typedef void (*store_fn)(void *, uint32_t, uint32_t, uintptr_t);
    ORIGINAL(store_fn, original, "cpu_stl_data_ra_arm");

    original(v->env, address, value, 0);
}

/* The vector's number, as its offset in the architecture's table has it. */
static uint32_t vector_of(uint32_t kind)
{
    return kind == KIND_BKPT ? KIND_PREFETCH : kind < KIND_IRQ ? kind : kind + 1;
}

/* Enter the kernel for an exception; false if traps do not enter directly. */
bool vmm_para_arm_enter(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t *r = registers(v), psr = vmm_arm_cpsr(v), sp;
    uint32_t words[ENTRY_WORDS] = {vector_of(kind), r[SP], r[LR], r[PC], psr};
    uint32_t status = FIELD(uint32_t, v->env, ARM_EXCEPTION + 4);
    uint32_t address = FIELD(uint32_t, v->env, ARM_EXCEPTION + 8);

    if (!vmm_para(v, VMM_PARA_TRAPS))
        return false;
    sp = (v->vcpu->kernel ? r[SP] : vmm_para(v, VMM_PARA_STACK)) - sizeof words;
    vmm_arm_set_cpsr(v, (psr & ~(MODE_MASK | PSR_EXECUTION | PSR_E)) | MODE_SVC | PSR_I);
    r[SP] = sp;
    r[PC] = vmm_para(v, VMM_PARA_TRAPS);
    if (v->vcpu_page && (kind == KIND_PREFETCH || kind == KIND_DATA || kind == KIND_BKPT)) {
        vmm_page_put(v, VMM_PAGE_FAULT_ADDRESS, address);
        vmm_page_put(v, VMM_PAGE_FAULT_STATUS, status);
    }
    for (unsigned i = 0; i < ENTRY_WORDS; i++)
        store(v, sp + 4 * i, words[i]);
    return true;
}

/* HYPER_RETURN: r12, sp, lr, pc and CPSR are on the stack. */
static void go_back(struct vmm_cpu *v)
{
    uint32_t *r = registers(v), words[ENTRY_WORDS], psr;

    for (unsigned i = 0; i < ENTRY_WORDS; i++)
        words[i] = load(v, r[SP] + 4 * i);
    psr = words[4];
    r[SP] += sizeof words;
    vmm_arm_set_cpsr(v, psr & PSR_VALID);
    r[12] = words[0];
    r[SP] = words[1];
    r[LR] = words[2];
    r[PC] = words[3] & (psr & PSR_T ? ~1u : ~3u);
}

/* HVC of a virtual kernel: true if it is a hypercall that needs no more than this. */
bool vmm_para_arm_call(struct vmm_cpu *v, const struct arm_instruction *instruction)
{
    uint32_t *r = registers(v), code = instruction->code;

    if (!vmm_para(v, VMM_PARA_CALLS) || instruction->kind != ARM_HVC || !v->vcpu->kernel
        || ((code >> 4 & 0xfff0) | (code & 15)) != HYPERCALL)
        return false;
    switch (r[12]) {
    case VMM_HYPER_RETURN:
        go_back(v);
        return true;
    case VMM_HYPER_STACK:
        v->vcpu->words[VMM_PARA_STACK] = r[0];
        break;
    case VMM_HYPER_OPENED: /* interrupts are looked for when this is over */
        break;
    case HYPER_FPU:
        r[0] = r[0] ? FPEXC_EN : 0;
        vmm_arm_emulate(v, ARM_FLOAT_SYSTEM, VMSR_FPEXC_R0, 0);
        break;
    default:
        return false;
    }
    r[0] = 0;
    vmm_arm_advance(v, instruction->length);
    return true;
}
