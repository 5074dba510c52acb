/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual processor on a real one that stays in user mode.
 *
 * With v->vcpu set, nothing that the engine raises is a trap of the guest yet:
 * it goes to on_exit with the guest's pc exact, uncounted and in no ledger.
 * Monitors (vmm/monitor) emulate, or find that the guest must see a trap; they
 * say so with vmm_trap(), which counts and records as on a bare machine.  So do
 * translations: on_fill answers for addresses the monitor has no entry of.
 */
#include "monitor_arm.h"
#include "monitor_sparc.h"
#include "monitor_x86.h"
#include "offsets.h"
#include "shadow.h"

#include <stdio.h>

enum { X86_USER_INDEX = 1, ACCESS_STORE = 1, SPARC_PRIVILEGED_INSTRUCTION = 3 };

/* With the MMU off a SPARC's engine would not tell user accesses from others. */
void vmm_real_mmu_stays_on(struct vmm_cpu *v)
{
    if (v->arch == VMM_SPARC
        && (v->vcpu->fill_mode == VMM_FILL_SHADOW || v->vcpu->fill_mode == VMM_FILL_FLAT))
        FIELD(uint32_t, v->env, SPARC_MMUREGS) |= 1;
}

/* A run begins: see that the engine is as the virtual processor needs it. */
void vmm_virtual_begins(struct vmm_cpu *v)
{
    vmm_real_mmu_stays_on(v);
    if (vmm_x86_virtual(v))
        vmm_x86_hide(v);
    vmm_set_view(v, v->vcpu->view); /* a snapshot may have put it back */
}

/* Tell the monitor, and do what it answers. */
void vmm_tell_monitor(struct vmm_cpu *v, uint32_t kind)
{
    int action;

    v->exits++;
    action = v->on_exit(v, kind);
    if (action == VMM_STOP) {
        vmm_stop(v, VMM_REASON_STOPPED);
    } else if (v->sleep) {
        v->sleep = 0;
        vmm_halted(v);
    }
}

/* The guest cannot go on by itself. */
void vmm_exit(struct vmm_cpu *v, uint32_t kind)
{
    if (v->arch == VMM_ARM && vmm_arm_exit(v, kind))
        return;
    if (v->arch == VMM_SPARC && vmm_para_sparc_exit(v, kind))
        return;
    vmm_tell_monitor(v, kind);
}

/* The instruction at the register file's pc is to begin anew: it counts once. */
void vmm_restart(struct vmm_cpu *v)
{
    vmm_starts_over(v);
}

static bool is_semihosting(const struct vmm_cpu *v, uint32_t kind)
{
    enum { SUPERVISOR_CALL = 2 };
    uint32_t comment;

    if (v->arch != VMM_ARM || !v->semihosting || kind != SUPERVISOR_CALL)
        return false;
    comment = FIELD(uint32_t, v->env, ARM_EXCEPTION) & 0xffff;
    return comment == 0x3456 || comment == 0xab;
}

/* The engine has raised exception NUMBER. */
void vmm_virtual_trap(struct vmm_cpu *v, int number)
{
    uint32_t kind = (uint32_t)number & 0xff;

    if (v->arch == VMM_X86) {
        if (FIELD(uint32_t, v->env, X86_IS_INT))
            kind += VMM_KIND_SOFTWARE;
        /* A fault that led to an exit is over; the next one is not a double fault. */
        FIELD(int32_t, v->env, X86_OLD_EXCEPTION) = -1;
    }
    if (is_semihosting(v, kind) && v->on_trap(v, VMM_KIND_SEMIHOSTING) == VMM_HANDLED)
        return;
    if (v->arch == VMM_SPARC && vmm_sparc_takes_trap(v, kind))
        return;
    if (v->arch == VMM_SPARC && v->vcpu->kernel && kind == SPARC_PRIVILEGED_INSTRUCTION)
        vmm_sparc_note_instruction(v);
    vmm_exit(v, kind);
}

/* At a block boundary with a request pending: tell the monitor if the virtual
 * processor lets it in.  Returns whether guest state may have changed. */
bool vmm_virtual_interrupt(struct vmm_cpu *v, uint32_t request)
{
    if (!(request & v->vcpu->open))
        return false;
    if (v->arch == VMM_X86 && FIELD(uint32_t, v->env, X86_HFLAGS) & X86_HFLAGS_INHIBIT_IRQ)
        return false;
    if (v->arch == VMM_SPARC) {
        uint32_t level = FIELD(uint32_t, v->env, SPARC_INTERRUPT_INDEX) & 15;

        if (level != 15 && level <= v->vcpu->level)
            return false;
    }
    if (v->arch == VMM_SPARC && vmm_sparc_takes_interrupt(v))
        return true;
    vmm_exit(v, VMM_KIND_VIRTUAL_INTERRUPT);
    return true;
}

/* Raise exception NUMBER at the instruction that made the access. */
static void refuse(struct vmm_cpu *v, int number, uintptr_t retaddr)
{
    typedef void (*sparc_fn)(void *, int, uintptr_t);
    typedef void (*arm_fn)(void *, uint32_t, uint32_t, uint32_t, uintptr_t);
    typedef void (*x86_fn)(void *, int, int, uintptr_t);
    ORIGINAL(sparc_fn, raise_sparc, "cpu_raise_exception_ra_sparc");
    ORIGINAL(arm_fn, raise_arm, "raise_exception_ra_arm");
    ORIGINAL(x86_fn, raise_x86, "raise_exception_err_ra_x86_64");

    switch (v->arch) {
    case VMM_SPARC: raise_sparc(v->env, number, retaddr); break;
    case VMM_ARM: raise_arm(v->env, (uint32_t)number, 0, 1, retaddr); break;
    default: raise_x86(v->env, number, FIELD(int32_t, v->env, X86_ERROR_CODE), retaddr); break;
    }
}

/* Tell the monitor, with the virtual processor's registers to look at. */
void vmm_shown(struct vmm_cpu *v, void (*told)(struct vmm_cpu *))
{
    bool hidden = vmm_x86_virtual(v) && !vmm_x86_vcpu(v)->shown;

    if (hidden)
        vmm_x86_show(v);
    told(v);
    if (hidden)
        vmm_x86_hide(v);
}

/* Have the monitor put in an entry, with the virtual processor's registers to look at. */
int vmm_ask_fill(struct vmm_cpu *v, uint32_t address, uint32_t access)
{
    bool hidden = vmm_x86_virtual(v) && !vmm_x86_vcpu(v)->shown;
    int number;

    if (vmm_shadow_fill(v, address, access, &number))
        return number;
    v->fill_exits++;
    if (hidden)
        vmm_x86_show(v);
    number = v->on_fill(v, address, access);
    if (hidden)
        vmm_x86_hide(v);
    return number;
}

/* What the monitor has answered to a fill: 0 goes on. */
void vmm_refuse_fill(struct vmm_cpu *v, int number, uintptr_t retaddr)
{
    if (number < 0) { /* the run ends, and this instruction has not begun */
        if (retaddr)
            vmm_leave_before(v, retaddr);
        vmm_leave_block(v);
    }
    if (number)
        refuse(v, number, retaddr);
}

/* The entry for an access of v->space, asking the monitor for one if need be, and
 * in RIGHTS what it allows.  0: a probe that fails; other refused accesses do
 * not return. */
uint64_t vmm_virtual_fill(struct vmm_cpu *v, uint32_t address, int access, int mmu_index,
                          uintptr_t retaddr, int *rights)
{
    /* Descriptor tables and the like are read with the kernel's rights. */
    bool privileged = v->vcpu->kernel || (v->arch == VMM_X86 && mmu_index != X86_USER_INDEX);
    unsigned shift = privileged ? 0 : VMM_ENTRY_USER;
    uint64_t entry;
    bool through = false;

    if (vmm_x86_virtual(v))
        vmm_x86_follow(v);
    entry = vmm_space_get(v->space, address);
    if (access == ACCESS_STORE && v->through_used)
        through = vmm_stores_through(v, address, retaddr);
    v->fill_once = access == ACCESS_STORE && !through && vmm_annotated_store(v, entry, retaddr);
    through = through || v->fill_once;
    if (!through && !(entry >> shift & 1u << access)) {
        int number;

        v->fill_privileged = privileged;
        number = vmm_ask_fill(v, address, (uint32_t)access);
        if (number && v->fill_probe)
            return 0;
        vmm_refuse_fill(v, number, retaddr);
        entry = vmm_space_get(v->space, address);
        if (access == ACCESS_STORE && v->through_used == 1
            && vmm_annotated_store(v, entry, retaddr)) {
            v->through_used = 0;
            v->fill_once = 1;
            through = true;
        } else if (access == ACCESS_STORE && v->through_used) {
            through = vmm_stores_through(v, address, retaddr);
        }
        if (!through && !(entry >> shift & 1u << access)) {
            char text[80];

            snprintf(text, sizeof text, "the monitor put in no entry for %#x", address);
            vmm_engine_abort(text);
        }
    }
    *rights = (int)(entry >> shift & 7) | (through ? VMM_ENTRY_WRITE : 0);
    return entry;
}
