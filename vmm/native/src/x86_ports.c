/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: IN and OUT, with their privilege check, on the way to a model or the device. */
#include "monitor_x86.h"
#include "x86_state.h"

/* Intel SDM volume 1, 19.5.2: with CPL > IOPL, or in VM86 mode, the I/O
 * permission bitmap of the 32-bit TSS decides. */
static void check_port(struct vmm_cpu *v, uint32_t port, unsigned size, uintptr_t retaddr)
{
    typedef uint32_t (*load_fn)(void *, uint64_t, int, uintptr_t);
    ORIGINAL(load_fn, load, "cpu_lduw_mmuidx_ra_x86_64");
    enum { MMU_KNOSMAP = 2 };
    uint32_t hflags = FIELD(uint32_t, v->env, X86_HFLAGS);
    uint32_t eflags = FIELD(uint32_t, v->env, X86_EFLAGS);
    uint64_t base = FIELD(uint64_t, v->env, X86_TR + 8);
    uint32_t limit = FIELD(uint32_t, v->env, X86_TR + 16);
    uint32_t flags = FIELD(uint32_t, v->env, X86_TR + 20);
    uint32_t offset;

    if (!(hflags & HF_PE) || (!(eflags & FL_VM) && (hflags & HF_CPL) <= (eflags >> 12 & 3)))
        return;
    if (!(flags & 1u << 15) || (flags >> 8 & 0xf) != 9 || limit < 103)
        vmm_x86_raise(v->env, GP, 0, retaddr);
    offset = load(v->env, base + 0x66, MMU_KNOSMAP, retaddr) + (port >> 3);
    if (offset + 1 > limit)
        vmm_x86_raise(v->env, GP, 0, retaddr);
    if (load(v->env, base + offset, MMU_KNOSMAP, retaddr) >> (port & 7) & ((1u << size) - 1))
        vmm_x86_raise(v->env, GP, 0, retaddr);
}

/* As the virtual processor's privilege, IOPL and TSS have it, if there is one. */
static void may_reach_port(struct vmm_cpu *v, uint32_t port, unsigned size, uintptr_t retaddr)
{
    if (!vmm_x86_virtual(v)) {
        check_port(v, port, size, retaddr);
        return;
    }
    vmm_x86_show(v);
    check_port(v, port, size, retaddr);
    vmm_x86_hide(v);
}

static uint32_t port_read(void *env, uint32_t port, unsigned size, uintptr_t retaddr)
{
    struct vmm_cpu *v = vmm_current;
    uint64_t value;
    bool watched;

    if (!v || v->env != env)
        return ~0u;
    port &= 0xffff;
    may_reach_port(v, port, size, retaddr);
    vmm_device_access_is_last(v, retaddr);
    watched = v->watch_count
        && vmm_watch_begin(v, VMM_SPACE_PORTS, port, size, VMM_WATCH_READ, retaddr);
    v->port_reads++;
    if (!(v->hot_used && vmm_hot_value(v, VMM_PORT | port, size, &value))
        && !(v->models_on && vmm_model_read(v, VMM_PORT | port, size, &value)))
        value = v->on_in(v, port, size);
    if (watched)
        vmm_watch_done(v, value);
    return (uint32_t)value;
}

static void port_write(void *env, uint32_t port, unsigned size, uint32_t value, uintptr_t retaddr)
{
    struct vmm_cpu *v = vmm_current;
    bool watched;

    if (!v || v->env != env)
        return;
    port &= 0xffff;
    may_reach_port(v, port, size, retaddr);
    vmm_device_access_is_last(v, retaddr);
    watched = v->watch_count
        && vmm_watch_begin(v, VMM_SPACE_PORTS, port, size, VMM_WATCH_WRITE, retaddr);
    v->port_writes++;
    if (!(v->models_on && vmm_model_write(v, VMM_PORT | port, size, value)))
        v->on_out(v, port, size, value);
    if (watched)
        vmm_watch_done(v, value);
}

#define PORT(letter, size, mask)                                                 \
    uint64_t helper_in##letter##_x86_64(void *env, uint32_t port);               \
    uint64_t helper_in##letter##_x86_64(void *env, uint32_t port)                \
    {                                                                            \
        return port_read(env, port, size, GUEST_RETURN) & mask;                  \
    }                                                                            \
    void helper_out##letter##_x86_64(void *env, uint32_t port, uint32_t value);  \
    void helper_out##letter##_x86_64(void *env, uint32_t port, uint32_t value)   \
    {                                                                            \
        port_write(env, port, size, value & mask, GUEST_RETURN);                 \
    }
PORT(b, 1, 0xffu)
PORT(w, 2, 0xffffu)
PORT(l, 4, 0xffffffffu)
