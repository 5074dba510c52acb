/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual x86 processor: what the guest runs with, and what it believes.
 *
 * The guest always runs at privilege level 3 of protected mode (VM86 where it
 * believes itself in real mode), with interrupts enabled, IOPL 0 and empty
 * descriptor tables: nothing it executes finds a way to another level.  While
 * it runs, its own CPL, CR0.PE, IF, IOPL, NT, VM and descriptor-table registers
 * lie in its VCPU.  Segment registers hold the virtual selectors and hidden
 * parts, because those give no right to a processor that looks up nothing.
 *
 * Whenever anybody looks (a trap, an event, the end of a run), the register file
 * is the virtual processor's: vmm_x86_show().  Trap entry, written in Python or
 * the engine's own, segment loads and far transfers then are those of the
 * architecture, on the virtual processor's state.  vmm_x86_hide() is the way
 * back to the guest.
 */
#include "monitor_x86.h"
#include "x86_state.h"

#include <string.h>

enum { FL_VIRTUAL = FL_IF | FL_IOPL | FL_NT | FL_VM };
enum { TABLES = 4 * sizeof(struct x86_table) }; /* LDTR, TR, GDTR, IDTR: one after the other */
enum { REQUEST_HARD = 2, REQUEST_NMI = 0x200 };

/* ---- the VCPU page (vcpu_page.c, vmm/monitor/x86/templates.py) ------------------ */

/* How it says that interrupts are open: the monitor's own page by the flag itself, for templates. */
static uint32_t open_word(const struct vmm_cpu *v)
{
    return v->vcpu_page_address == VMM_NO_ADDRESS ? FL_IF : 1;
}

/* The guest may have opened or closed interrupts there. */
void vmm_x86_take_page(struct vmm_cpu *v)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);

    if (v->vcpu_page)
        vcpu->eflags = (vcpu->eflags & ~(uint32_t)FL_IF)
            | (FIELD(uint32_t, v->vcpu_page, VMM_PAGE_INTERRUPTS) & open_word(v) ? FL_IF : 0);
}

/* What the guest reads there is as its virtual processor has it. */
void vmm_x86_give_page(struct vmm_cpu *v)
{
    const struct x86_vcpu *vcpu = vmm_x86_vcpu(v);
    const uint64_t *cr = &FIELD(uint64_t, v->env, X86_CR);
    uint32_t open = vcpu->eflags & FL_IF ? open_word(v) : 0;

    if (!v->vcpu_page)
        return;
    FIELD(uint32_t, v->vcpu_page, VMM_PAGE_INTERRUPTS) = open;
    if (open)
        FIELD(uint32_t, v->vcpu_page, VMM_PAGE_PENDING) = 0;
    FIELD(uint32_t, v->vcpu_page, VMM_PAGE_FLAGS) = vcpu->eflags & (FL_IOPL | FL_NT);
    if (v->vcpu_page_address == VMM_NO_ADDRESS)
        return; /* templates have the control registers from the register file */
    if (v->tracking)
        vmm_mark_dirty(v, v->vcpu_page_address, VMM_PAGE_CONTROL);
    vmm_page_put(v, VMM_PAGE_CONTROL, ((uint32_t)cr[0] & ~(uint32_t)CR0_PE) | vcpu->pe);
    for (unsigned i = 2; i <= 4; i++)
        vmm_page_put(v, VMM_PAGE_CONTROL + 4 * (i - 1), (uint32_t)cr[i]);
}

/* ---- the register file ----------------------------------------------------------- */

/* The register file becomes the virtual processor's. */
void vmm_x86_show(struct vmm_cpu *v)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);
    uint32_t *hflags = &FIELD(uint32_t, v->env, X86_HFLAGS);

    if (vcpu->shown)
        return;
    vmm_x86_take_page(v);
    vcpu->shown = 1;
    *hflags = (*hflags & ~(uint32_t)HF_CPL) | vcpu->cpl;
    if (!vcpu->pe) {
        *hflags &= ~(uint32_t)HF_PE;
        FIELD(uint64_t, v->env, X86_CR) &= ~(uint64_t)CR0_PE;
    }
    FIELD(uint64_t, v->env, X86_EFLAGS)
        = (FIELD(uint64_t, v->env, X86_EFLAGS) & ~(uint64_t)FL_VIRTUAL) | vcpu->eflags;
    memcpy((char *)v->env + X86_LDT, &vcpu->ldtr, TABLES);
}

/* A task switch may have loaded CR3: then addresses mean something else from here on. */
void vmm_x86_follow(struct vmm_cpu *v)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);
    uint32_t cr3 = FIELD(uint32_t, v->env, X86_CR + 8 * 3);

    if (vcpu->untold || !vcpu->shown || cr3 == vcpu->cr3)
        return;
    vcpu->cr3 = cr3;
    if (vmm_memory_context(v))
        return;
    vcpu->operation = X86_MOV_TO_CR;
    v->exits++;
    v->on_exit(v, VMM_KIND_SITE);
}

/* The guest runs next: in user mode, whatever it believes. */
void vmm_x86_hide(struct vmm_cpu *v)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);
    uint32_t *hflags = &FIELD(uint32_t, v->env, X86_HFLAGS);
    uint64_t *eflags = &FIELD(uint64_t, v->env, X86_EFLAGS);

    if (!vcpu->shown)
        return;
    vmm_x86_follow(v);
    vcpu->shown = 0;
    vcpu->cpl = *hflags & HF_CPL;
    vcpu->pe = *hflags / HF_PE & 1;
    vcpu->eflags = (uint32_t)*eflags & FL_VIRTUAL;
    memcpy(&vcpu->ldtr, (char *)v->env + X86_LDT, TABLES);
    memset((char *)v->env + X86_LDT, 0, TABLES);
    *hflags |= HF_CPL | HF_PE;
    FIELD(uint64_t, v->env, X86_CR) |= CR0_PE;
    *eflags = (*eflags & ~(uint64_t)FL_VIRTUAL) | FL_IF
        | (vcpu->pe ? vcpu->eflags & FL_VM : FL_VM);
    vmm_x86_give_page(v);
    v->vcpu->kernel = vcpu->cpl != 3;
    vmm_set_view(v, v->vcpu->kernel ? VMM_VIEW_KERNEL : VMM_VIEW_USER);
}

/* ---- traps and interrupts ------------------------------------------------- */

/* The engine has raised exception NUMBER.  What the guest's own doing raised may be
 * a sensitive instruction, which the monitor emulates; all else is the guest's. */
void vmm_x86_virtual_trap(struct vmm_cpu *v, int number)
{
    extern void vmm_deliver_x86(struct vmm_cpu *, int);
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);
    bool guest = !vcpu->shown;
    int action = VMM_NATIVE;

    if (guest && number == GP && !FIELD(uint32_t, v->env, X86_IS_INT)) {
        vmm_x86_read_code(v, (uint32_t)(FIELD(uint64_t, v->env, X86_EIP)
                                        + FIELD(uint64_t, v->env, X86_SEGS + 24 + 8)));
        vmm_x86_show(v);
        v->exits++;
        action = v->on_exit(v, GP);
    }
    vmm_x86_show(v);
    if (guest && FIELD(uint32_t, v->env, X86_IS_INT) && vmm_para_x86_call(v, (uint32_t)number)) {
        vmm_x86_hide(v);
        return;
    }
    switch (action) {
    case VMM_STOP:
        vmm_stop(v, VMM_REASON_STOPPED);
        break;
    case VMM_HANDLED:
        FIELD(int32_t, v->env, X86_OLD_EXCEPTION) = -1; /* nothing is being delivered */
        vmm_x86_hide(v);
        vmm_x86_emulate_trapped(v, &v->instructions[vcpu->trapped]);
        break;
    default:
        vmm_deliver_x86(v, number);
    }
    vmm_x86_hide(v);
}

/* At a block boundary with a request pending.  Returns whether guest state has changed. */
bool vmm_x86_virtual_interrupt(struct vmm_cpu *v, int request)
{
    struct x86_vcpu *vcpu = vmm_x86_vcpu(v);
    bool taken;

    vmm_x86_take_page(v);
    if (!(request & REQUEST_NMI) && !(request & REQUEST_HARD && vcpu->eflags & FL_IF)) {
        if (v->vcpu_page && request & REQUEST_HARD)
            vmm_page_put(v, VMM_PAGE_PENDING, open_word(v));
        return false;
    }
    vmm_x86_show(v);
    taken = vmm_exec_original[VMM_X86](v->cpu, request);
    vmm_x86_hide(v);
    return taken;
}
