/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual x86 kernel: traps that enter it directly, the way back, its hypercalls.
 *
 * guests/runtime/hypercall.h is the interface.  A direct entry is an interrupt gate
 * without tables: the handler's address from the kernel's list, the stack that the
 * kernel named, and the segments that it had when it asked for this.  The register
 * file is the virtual processor's own here (vmm_x86_show).
 */
#include "monitor_x86.h"
#include "x86_state.h"

enum { R_EAX = 0, R_ECX = 1, R_EBX = 3, R_ESP = 4, R_CS = 1, R_SS = 2 };
enum { CR2 = 2, CR3 = 3, HYPERCALL = 0x82, FIRST_OF_USERS = 0x80 };
enum { KERNEL_INDEX = 2 /* of the engine's translations */ };

static uint32_t reg(struct vmm_cpu *v, unsigned index)
{
    return (uint32_t)FIELD(uint64_t, v->env, X86_REGS + 8 * index);
}

static void put_reg(struct vmm_cpu *v, unsigned index, uint32_t value)
{
    FIELD(uint64_t, v->env, X86_REGS + 8 * index) = value;
}

static char *segment(struct vmm_cpu *v, unsigned index)
{
    return (char *)v->env + X86_SEGS + 24 * index;
}

/* Memory with the kernel's rights, whoever was interrupted (watch_thunks.inc). */
uint64_t cpu_ldl_mmuidx_ra_x86_64(void *env, uint64_t address, int mmu_index, uintptr_t retaddr);
void cpu_stl_mmuidx_ra_x86_64(void *env, uint64_t address, uint64_t value, int mmu_index,
                              uintptr_t retaddr);

static uint32_t load(struct vmm_cpu *v, uint32_t address)
{
    return (uint32_t)cpu_ldl_mmuidx_ra_x86_64(v->env, address, KERNEL_INDEX, 0);
}

static void push(struct vmm_cpu *v, uint32_t *esp, uint32_t value)
{
    *esp -= 4;
    cpu_stl_mmuidx_ra_x86_64(v->env, *esp, value, KERNEL_INDEX, 0);
}

/* ---- segments of the kernel -------------------------------------------------- */

/* Keep the kernel's CS and SS: direct entry begins. */
void vmm_para_x86_keep_segments(struct vmm_cpu *v)
{
    uint32_t *words = &v->vcpu->words[VMM_PARA_SEGMENTS];

    for (unsigned i = 0; i < 2; i++) {
        const char *s = segment(v, R_CS + i);

        words[4 * i] = FIELD(uint32_t, s, 0);
        words[4 * i + 1] = (uint32_t)FIELD(uint64_t, s, 8);
        words[4 * i + 2] = FIELD(uint32_t, s, 16);
        words[4 * i + 3] = FIELD(uint32_t, s, 20);
    }
}

static void enter_segments(struct vmm_cpu *v)
{
    const uint32_t *words = &v->vcpu->words[VMM_PARA_SEGMENTS];

    for (unsigned i = 0; i < 2; i++) {
        char *s = segment(v, R_CS + i);

        FIELD(uint32_t, s, 0) = words[4 * i];
        FIELD(uint64_t, s, 8) = words[4 * i + 1];
        FIELD(uint32_t, s, 16) = words[4 * i + 2];
        FIELD(uint32_t, s, 20) = words[4 * i + 3];
    }
    FIELD(uint32_t, v->env, X86_HFLAGS)
        = (FIELD(uint32_t, v->env, X86_HFLAGS) & ~(uint32_t)HF_CPL) | HF_CS32 | HF_SS32;
}

/* ---- flags --------------------------------------------------------------------- */

static uint32_t all_flags(struct vmm_cpu *v)
{
    typedef uint32_t (*compute_fn)(void *, int);
    ORIGINAL(compute_fn, compute, "cpu_cc_compute_all_x86_64");
    uint32_t flags = FIELD(uint32_t, v->env, X86_EFLAGS);

    flags |= compute(v->env, FIELD(int32_t, v->env, X86_CC_OP));
    return flags | (FIELD(int32_t, v->env, X86_DF) < 0 ? FL_DF : 0);
}

static void put_flags(struct vmm_cpu *v, uint32_t value)
{
    uint32_t mask = FL_TF | FL_IF | FL_IOPL | FL_NT | FL_AC | FL_ID;

    FIELD(uint64_t, v->env, X86_CC_SRC) = value & FL_ARITHMETIC;
    FIELD(uint32_t, v->env, X86_CC_OP) = CC_OP_EFLAGS;
    FIELD(int32_t, v->env, X86_DF) = value & FL_DF ? -1 : 1;
    FIELD(uint64_t, v->env, X86_EFLAGS)
        = (FIELD(uint64_t, v->env, X86_EFLAGS) & ~(uint64_t)mask) | (value & mask) | 2;
}

/* ---- entry and return ------------------------------------------------------------ */

static bool has_code(uint32_t vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

/* Enter the kernel's handler of VECTOR; false if traps do not enter directly.  What faults
 * on the way raises that fault, as in a gate. */
bool vmm_para_x86_enter(struct vmm_cpu *v, uint32_t vector, bool software)
{
    uint32_t traps = vmm_para(v, VMM_PARA_TRAPS), handler, flags, esp;
    bool from_user;

    if (!traps)
        return false;
    from_user = FIELD(uint32_t, v->env, X86_HFLAGS) & HF_CPL;
    if (software && from_user && (vector < FIRST_OF_USERS || vector == HYPERCALL))
        vmm_x86_raise(v->env, GP, (int)vector << 3 | 2, 0);
    handler = load(v, traps + 4 * vector);
    if (!handler)
        vmm_x86_raise(v->env, GP, (int)vector << 3 | 2, 0);
    flags = all_flags(v);
    esp = from_user ? vmm_para(v, VMM_PARA_STACK) : reg(v, R_ESP);
    if (from_user) {
        push(v, &esp, FIELD(uint32_t, segment(v, R_SS), 0));
        push(v, &esp, reg(v, R_ESP));
    }
    push(v, &esp, flags);
    push(v, &esp, FIELD(uint32_t, segment(v, R_CS), 0));
    push(v, &esp, (uint32_t)FIELD(uint64_t, v->env, software ? X86_NEXT_EIP : X86_EIP));
    if (!software && has_code(vector))
        push(v, &esp, FIELD(uint32_t, v->env, X86_ERROR_CODE));
    if (from_user)
        enter_segments(v);
    put_reg(v, R_ESP, esp);
    FIELD(uint64_t, v->env, X86_EIP) = handler;
    FIELD(uint64_t, v->env, X86_EFLAGS)
        &= ~(uint64_t)(FL_IF | FL_TF | FL_NT | FL_RF | FL_VM);
    FIELD(int32_t, v->env, X86_OLD_EXCEPTION) = -1;
    if (v->vcpu_page && vector == PF)
        vmm_page_put(v, VMM_PAGE_FAULT_ADDRESS,
                     (uint32_t)FIELD(uint64_t, v->env, X86_CR + 8 * CR2));
    return true;
}

/* HYPER_RETURN: EAX and what IRET pops are on the stack. */
static void go_back(struct vmm_cpu *v)
{
    typedef void (*iret_fn)(void *, int, int);
    ORIGINAL(iret_fn, iret, "helper_iret_protected_x86_64");
    uint32_t esp = reg(v, R_ESP), eax = load(v, esp), eip = load(v, esp + 4);
    uint32_t cs = load(v, esp + 8), flags = load(v, esp + 12);

    if (cs & 3) {
        put_reg(v, R_ESP, esp + 4);
        iret(v->env, 1, (int)FIELD(uint32_t, v->env, X86_EIP));
    } else {
        put_flags(v, flags);
        put_reg(v, R_ESP, esp + 16);
        FIELD(uint64_t, v->env, X86_EIP) = eip;
    }
    put_reg(v, R_EAX, eax);
}

/* HYPER_SPACE: CR3 is written; false if Python has to look at it. */
static bool enter_space(struct vmm_cpu *v, uint32_t root)
{
    FIELD(uint64_t, v->env, X86_CR + 8 * CR3) = root;
    vmm_x86_vcpu(v)->cr3 = root;
    return vmm_memory_context(v);
}

/* A call whose result is RESULT, if it has been done; else it comes to Python. */
static void answered(struct vmm_cpu *v, bool done, uint32_t result)
{
    if (done)
        put_reg(v, R_EAX, result);
    else
        vmm_exit(v, VMM_KIND_HYPERCALL);
}

/* INT $0x82 of a virtual kernel: true if that is a hypercall, and it has been answered. */
bool vmm_para_x86_call(struct vmm_cpu *v, uint32_t vector)
{
    bool from_user = FIELD(uint32_t, v->env, X86_HFLAGS) & HF_CPL;

    if (!vmm_para(v, VMM_PARA_CALLS) || from_user || vector != HYPERCALL)
        return false;
    FIELD(uint64_t, v->env, X86_EIP) = FIELD(uint64_t, v->env, X86_NEXT_EIP);
    FIELD(int32_t, v->env, X86_OLD_EXCEPTION) = -1;
    FIELD(uint32_t, v->env, X86_IS_INT) = 0;
    switch (reg(v, R_EAX)) {
    case VMM_HYPER_STACK:
        v->vcpu->words[VMM_PARA_STACK] = reg(v, R_EBX);
        put_reg(v, R_EAX, 0);
        break;
    case VMM_HYPER_RETURN:
        go_back(v);
        break;
    case VMM_HYPER_UPDATE:
        answered(v, vmm_memory_update(v, reg(v, R_EBX), reg(v, R_ECX)), reg(v, R_ECX));
        break;
    case VMM_HYPER_SPACE:
        answered(v, enter_space(v, reg(v, R_EBX)), 0);
        break;
    case VMM_HYPER_FLUSH:
        answered(v, vmm_memory_flush(v, reg(v, R_EBX), false), 0);
        break;
    case VMM_HYPER_FLUSH_SPACE:
        answered(v, vmm_memory_flush(v, 0, true), 0);
        break;
    case VMM_HYPER_RELEASE:
        answered(v, vmm_memory_release(v, reg(v, R_EBX), reg(v, R_ECX)), 0);
        break;
    case VMM_HYPER_OPENED: /* interrupts are looked for when this is over */
        put_reg(v, R_EAX, 0);
        break;
    default:
        vmm_exit(v, VMM_KIND_HYPERCALL);
    }
    return true;
}
