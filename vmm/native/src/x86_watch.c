/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86 data breakpoints (Intel SDM volume 3B, 17.2).
 *
 * The engine translates DR7 into watchpoints but its watchpoints are empty
 * functions; these take their place.  A match is a trap: the instruction
 * finishes, and at the next boundary #DB is raised with DR6 saying which.
 */
#include "vmm.h"
#include "offsets.h"
#include "x86_access.h"

__thread struct vmm_x86_access vmm_x86_access;

enum { MEM_READ = 1, MEM_WRITE = 2 };
enum { TYPE_WRITE = 1, TYPE_ACCESS = 3 };

/* CPUWatchpoint as far as the engine's debug helper looks into it. */
static struct {
    uint64_t address, length, hit_address;
    uint32_t attributes, flags;
} placeholder;

static uint64_t debug_register(const struct vmm_cpu *v, int index)
{
    return FIELD(uint64_t, v->env, X86_DR + 8 * index);
}

/* The breakpoints that an access of KIND to ADDRESS..+LENGTH meets: a bit
 * each.  REACH, if given, collects the kinds of access that are watched. */
static uint32_t matches(const struct vmm_cpu *v, uint64_t address, uint64_t length, int kind,
                        int *reach)
{
    static const uint8_t lengths[] = {1, 2, 8, 4};
    uint64_t dr7 = debug_register(v, 7);
    uint32_t found = 0;

    for (int i = 0; i < 4; i++) {
        unsigned type = dr7 >> (16 + 4 * i) & 3;
        uint64_t size = lengths[dr7 >> (18 + 4 * i) & 3];
        uint64_t start = debug_register(v, i) & ~(size - 1);
        int watched;

        if (!(dr7 >> (2 * i) & 3) || (type != TYPE_WRITE && type != TYPE_ACCESS))
            continue;
        if (address >= start + size || start >= address + length)
            continue;
        watched = type == TYPE_WRITE ? MEM_WRITE : MEM_READ | MEM_WRITE;
        if (reach)
            *reach |= watched;
        if (watched & kind)
            found |= 1u << i;
    }
    return found;
}

static struct vmm_cpu *ours(void *cpu)
{
    struct vmm_cpu *v = vmm_current;
    return v && v->cpu == cpu ? v : NULL;
}

int cpu_watchpoint_insert_x86_64(void *cpu, uint64_t address, uint64_t length, int flags,
                                 void **watchpoint);
int cpu_watchpoint_insert_x86_64(void *cpu, uint64_t address, uint64_t length, int flags,
                                 void **watchpoint)
{
    (void)address;
    (void)length;
    (void)flags;
    if (watchpoint)
        *watchpoint = &placeholder;
    if (ours(cpu))
        vmm_flush_tlb(ours(cpu)); /* pages must be looked at anew */
    return 0;
}

void cpu_watchpoint_remove_by_ref_x86_64(void *cpu, void *watchpoint);
void cpu_watchpoint_remove_by_ref_x86_64(void *cpu, void *watchpoint)
{
    (void)watchpoint;
    if (ours(cpu))
        vmm_flush_tlb(ours(cpu));
}

int cpu_watchpoint_address_matches_x86_64(void *cpu, uint64_t address, uint64_t length);
int cpu_watchpoint_address_matches_x86_64(void *cpu, uint64_t address, uint64_t length)
{
    struct vmm_cpu *v = ours(cpu);
    int reach = 0;

    if (!v)
        return 0;
    matches(v, address & 0xffffffff, length, MEM_READ | MEM_WRITE, &reach);
    return reach | (int)vmm_watched(v, VMM_SPACE_MEMORY, (uint32_t)address, length);
}

/* The instruction at RETADDR reaches LENGTH bytes at ADDRESS. */
static void reached(struct vmm_cpu *v, uint64_t address, uint64_t length, int kind, uintptr_t retaddr)
{
    uint32_t found = matches(v, address & 0xffffffff, length, kind, NULL);

    if (!found)
        return;
    vmm_device_access_is_last(v, retaddr); /* the trap comes right after this instruction */
    v->watch_hits |= found;
    vmm_set_interrupt(v, CPU_INTERRUPT_DEBUG_, 1);
}

/* What the engine asks for is not what the instruction reaches where that is unaligned: a load is
 * made as two aligned ones, and a store taken for one that goes on in the next page, also where it
 * does not; then there are less than no bytes of it, and more than all. */
void cpu_check_watchpoint_x86_64(void *cpu, uint64_t address, uint64_t length, uint32_t attributes,
                                 int kind, uintptr_t retaddr);
void cpu_check_watchpoint_x86_64(void *cpu, uint64_t address, uint64_t length, uint32_t attributes,
                                 int kind, uintptr_t retaddr)
{
    const struct vmm_x86_access *access = &vmm_x86_access;
    uint64_t end = address + length;

    (void)attributes;
    if (!ours(cpu))
        return;
    if (access->from == retaddr) {
        address = address > access->at ? address : access->at;
        if ((int64_t)length < 0 || end > access->at + access->bytes)
            end = access->at + access->bytes;
    }
    if (address < end)
        reached(ours(cpu), address, end - address, kind, retaddr);
}

/* The trap delivery that is written in Python reaches memory: data breakpoints see it as well. */
void vmm_x86_accessed(struct vmm_cpu *v, uint32_t address, uint32_t size, uint32_t writes);
void vmm_x86_accessed(struct vmm_cpu *v, uint32_t address, uint32_t size, uint32_t writes)
{
    reached(v, address, size, writes ? MEM_WRITE : MEM_READ, 0);
}

/* At the boundary: #DB with the breakpoints that were met.  False if none were. */
bool vmm_watch_trap(struct vmm_cpu *v)
{
    if (!v->watch_hits)
        return false;
    FIELD(uint64_t, v->env, X86_DR + 8 * 6)
        = (FIELD(uint64_t, v->env, X86_DR + 8 * 6) & ~0xfull) | v->watch_hits;
    v->watch_hits = 0;
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = 1;
    FIELD(uint32_t, v->env, X86_ERROR_CODE) = 0;
    FIELD(uint32_t, v->env, X86_IS_INT) = 0;
    return true;
}

/* An instruction breakpoint was met: #DB, a fault.  The engine's own handler
 * compares its linear address with EIP, does not find it where CS has a base,
 * and then waits for a debugger for ever. */
void vmm_breakpoint_trap(struct vmm_cpu *v)
{
    enum { TYPE_EXECUTE = 0 };
    uint64_t dr7 = debug_register(v, 7);
    uint32_t pc = FIELD(uint32_t, v->env, X86_EIP) + FIELD(uint32_t, v->env, X86_SEGS + 24 + 8);
    uint32_t met = 0;

    for (int i = 0; i < 4; i++)
        if ((dr7 >> (2 * i) & 3) && (dr7 >> (16 + 4 * i) & 3) == TYPE_EXECUTE
            && (uint32_t)debug_register(v, i) == pc)
            met |= 1u << i;
    FIELD(uint64_t, v->env, X86_DR + 8 * 6) = (FIELD(uint64_t, v->env, X86_DR + 8 * 6) & ~0xfull) | met;
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = 1;
    FIELD(uint32_t, v->env, X86_ERROR_CODE) = 0;
    FIELD(uint32_t, v->env, X86_IS_INT) = 0;
}
