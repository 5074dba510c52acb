/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual ARM kernel: traps and interrupts that enter it directly, the way back, its
 * hypercalls that need no Python.
 *
 * guests/runtime/hypercall.h is the interface.  A direct entry leaves five words below the
 * stack that the kernel named (its present one, if it was interrupted itself) and goes on at
 * the one address that it registered, in Supervisor mode.
 */
#include "monitor_arm.h"

enum { HYPERCALL = 0x5600, NUMBER = 12 /* the register that a call's number is in */ };
enum { MOST_UPDATES = 4096 }; /* in one call */
enum { FRAME_WORDS = 5 }; /* vector or r12, sp, lr, pc, CPSR */

/* What the kernel is told of each exception: hypercall.h's numbers. */
static const uint32_t vectors[] = {
    [ARM_EXCEPTION_UNDEFINED] = 1, [ARM_EXCEPTION_SVC] = 2, [ARM_EXCEPTION_PREFETCH] = 3,
    [ARM_EXCEPTION_BKPT] = 3, [ARM_EXCEPTION_DATA] = 4, [ARM_EXCEPTION_IRQ] = 6,
    [ARM_EXCEPTION_FIQ] = 7,
};

/* Memory as the virtual mode finds it; a fault is one of the instruction at RETADDR. */
static uint32_t load(struct vmm_cpu *v, uint32_t address, uintptr_t retaddr)
{
    typedef uint32_t (*load_fn)(void *, uint32_t, int, uintptr_t);
    ORIGINAL(load_fn, original, "cpu_ldl_mmuidx_ra_arm");

    return original(v->env, address, (int)vmm_user_index(v), retaddr);
}

static void store(struct vmm_cpu *v, uint32_t address, uint32_t value)
{
    typedef void (*store_fn)(void *, uint32_t, uint32_t, int, uintptr_t);
    ORIGINAL(store_fn, original, "cpu_stl_mmuidx_ra_arm");

    original(v->env, address, value, (int)vmm_user_index(v), 0);
}

/* ---- interrupts -------------------------------------------------------------------- */

/* The flag of the shared page may be another now: let interrupts in, unless one is known to
 * wait for the flag.  What waited comes now if the flag is open. */
void vmm_para_arm_settle(struct vmm_cpu *v)
{
    bool open;

    if (!vmm_para(v, VMM_PARA_TRAPS))
        return; /* CPSR's masks decide */
    open = vmm_page_get(v, VMM_PAGE_INTERRUPTS);
    if (open)
        vmm_page_put(v, VMM_PAGE_PENDING, 0);
    v->vcpu->open = open || !vmm_page_get(v, VMM_PAGE_PENDING) ? ARM_REQUEST_IRQ | ARM_REQUEST_FIQ : 0;
}

/* An interrupt has come.  True: the kernel's flag is closed, so it waits. */
bool vmm_para_arm_holds(struct vmm_cpu *v)
{
    if (!vmm_para(v, VMM_PARA_TRAPS) || vmm_page_get(v, VMM_PAGE_INTERRUPTS))
        return false;
    vmm_page_put(v, VMM_PAGE_PENDING, 1);
    v->vcpu->open = 0;
    return true;
}

/* ---- entry ---------------------------------------------------------------------------- */

/* Enter the kernel's handler for an exception; false if traps do not enter directly.  The
 * frame is stored last: what the kernel has not mapped goes nowhere (vmm_para_arm_entered). */
bool vmm_para_arm_enter(struct vmm_cpu *v, uint32_t kind)
{
    uint32_t traps = vmm_para(v, VMM_PARA_TRAPS), psr, sp, *r = vmm_arm_registers(v);
    uint32_t frame[FRAME_WORDS];

    if (!traps)
        return false;
    psr = vmm_arm_cpsr(v);
    if (kind == ARM_EXCEPTION_PREFETCH || kind == ARM_EXCEPTION_DATA) {
        vmm_page_put(v, VMM_PAGE_FAULT_STATUS, FIELD(uint32_t, v->env, ARM_EXCEPTION + 4));
        vmm_page_put(v, VMM_PAGE_FAULT_ADDRESS, FIELD(uint32_t, v->env, ARM_EXCEPTION + 8));
    }
    sp = (v->vcpu->kernel ? r[13] : vmm_para(v, VMM_PARA_STACK)) - sizeof frame;
    frame[0] = vectors[kind];
    frame[1] = r[13];
    frame[2] = r[14];
    frame[3] = r[15];
    frame[4] = vmm_page_get(v, VMM_PAGE_INTERRUPTS) ? psr & ~PSR_I : psr | PSR_I;
    vmm_page_put(v, VMM_PAGE_INTERRUPTS, 0);
    vmm_arm_set_cpsr(v, (psr & ~(MODE_MASK | PSR_T | PSR_IT | PSR_E | PSR_IL)) | MODE_SVC);
    vmm_para_arm_settle(v);
    r[13] = sp;
    r[15] = traps;
    vmm_arm_words(v)[ARM_VCPU_ENTERING] = 1;
    for (unsigned i = 0; i < FRAME_WORDS; i++)
        store(v, sp + 4 * i, frame[i]);
    vmm_arm_words(v)[ARM_VCPU_ENTERING] = 0;
    return true;
}

/* Whether an exit is that of a frame that could not be stored: the kernel has been entered. */
bool vmm_para_arm_entered(struct vmm_cpu *v)
{
    bool entering = vmm_arm_words(v)[ARM_VCPU_ENTERING];

    vmm_arm_words(v)[ARM_VCPU_ENTERING] = 0;
    return entering;
}

/* ---- hypercalls ------------------------------------------------------------------------- */

/* HYPER_RETURN: to user mode, or to the kernel that was interrupted. */
static int go_back(struct vmm_cpu *v, uintptr_t retaddr)
{
    uint32_t *r = vmm_arm_registers(v), frame[FRAME_WORDS], psr;

    for (unsigned i = 0; i < FRAME_WORDS; i++)
        frame[i] = load(v, r[13] + 4 * i, retaddr);
    psr = frame[4];
    vmm_arm_set_cpsr(v, (psr & ~(MODE_MASK | PSR_I | PSR_F))
                            | ((psr & MODE_MASK) == MODE_USR ? MODE_USR : MODE_SVC));
    r[NUMBER] = frame[0];
    r[13] = frame[1];
    r[14] = frame[2];
    r[15] = frame[3] & (psr & PSR_T ? ~1u : ~3u);
    vmm_page_put(v, VMM_PAGE_INTERRUPTS, !(psr & PSR_I));
    vmm_para_arm_settle(v);
    return ARM_JUMPED;
}

/* A call that gives 0, if it has been done. */
static int answered(struct vmm_cpu *v, bool done)
{
    if (!done)
        return ARM_EXIT;
    vmm_arm_registers(v)[0] = 0;
    return ARM_DONE;
}

/* HYPER_SPACE: what its writes of CONTEXTIDR and TTBR0 are to the engine, and to the policy. */
static int enter_space(struct vmm_cpu *v, uintptr_t retaddr)
{
    enum { WRITE_TTBR0 = 0xee020f10, WRITE_CONTEXTIDR = 0xee0d0f30 };
    uint64_t root = vmm_arm_registers(v)[0], tag = vmm_arm_registers(v)[1];

    vmm_arm_system(v, WRITE_CONTEXTIDR, &tag, retaddr);
    vmm_arm_system(v, WRITE_TTBR0, &root, retaddr);
    return answered(v, vmm_memory_context(v));
}

/* HVC of this A32 form in virtual kernel mode: an enum arm_result; ARM_EXIT: the monitor's. */
int vmm_para_arm_call(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    uint32_t *r = vmm_arm_registers(v);

    if (((code >> 4 & 0xfff0) | (code & 15)) != HYPERCALL || !vmm_para(v, VMM_PARA_CALLS))
        return ARM_EXIT;
    switch (r[NUMBER]) {
    case VMM_HYPER_STACK:
        v->vcpu->words[VMM_PARA_STACK] = r[0] & ~3u;
        r[0] = 0;
        return ARM_DONE;
    case VMM_HYPER_RETURN:
        if (vmm_para(v, VMM_PARA_TRAPS))
            return go_back(v, retaddr);
        r[0] = VMM_HYPER_ERROR;
        return ARM_DONE;
    case VMM_HYPER_UPDATE:
        if (r[1] > MOST_UPDATES || !vmm_memory_update(v, r[0], r[1]))
            return ARM_EXIT;
        r[0] = r[1];
        return ARM_DONE;
    case VMM_HYPER_SPACE: return enter_space(v, retaddr);
    case VMM_HYPER_FLUSH: return answered(v, vmm_memory_flush(v, r[0] & -4096u, false));
    case VMM_HYPER_FLUSH_SPACE: return answered(v, vmm_memory_flush(v, 0, true));
    case VMM_HYPER_RELEASE: return answered(v, vmm_memory_release(v, r[0], r[1]));
    case VMM_HYPER_OPENED:
        vmm_para_arm_settle(v);
        r[0] = 0;
        return ARM_DONE;
    default: return ARM_EXIT;
    }
}
