/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the x86 trap delivery that is written in Python asks of the engine:
 * physical memory, and the arithmetic flags.
 *
 * Memory has to be exactly what the engine's own loads and stores reach: RAM,
 * a device's registers, ROM that ignores stores, the floating bus.  The page
 * kinds say which, as they do for translations in fill_thunks.inc.
 */
#include "vmm.h"
#include "offsets.h"

static bool is_memory(const struct vmm_cpu *v, uint64_t address)
{
    uint64_t page = address >> 12;

    if (address >= VMM_BEHIND)
        return true;
    return page < VMM_PAGES && v->pages[page] != VMM_PAGE_DEVICE;
}

/* ADDRESS, or the RAM behind it if that is switched in. */
static uint64_t behind(const struct vmm_cpu *v, uint64_t address, bool store)
{
    uint64_t page = address >> 12;
    uint8_t flag = store ? VMM_PAGE_BEHIND_STORE : VMM_PAGE_BEHIND_LOAD;

    return page < VMM_PAGES && v->pages[page] & flag ? address + VMM_BEHIND : address;
}

static uint64_t place(struct vmm_cpu *v, uint64_t address, bool store)
{
    uint64_t page = address >> 12;

    if (behind(v, address, store) != address)
        return behind(v, address, store);
    switch (page < VMM_PAGES ? v->pages[page] & 0xf : VMM_PAGE_NONE) {
    case VMM_PAGE_RAM:
    case VMM_PAGE_DEVICE:
        return address;
    case VMM_PAGE_ROM:
        return store ? address + VMM_ALIAS : address;
    case VMM_PAGE_ALIAS:
        return address + VMM_ALIAS;
    default:
        v->unmapped_accesses++;
        v->last_unmapped = address;
        return VMM_HOLE + (address & 0xfff);
    }
}

/* SIZE is 1, 2, 4, or 8 for two words, and the access stays inside one page. */
uint64_t vmm_x86_load(struct vmm_cpu *v, uint64_t address, uint32_t size);
uint64_t vmm_x86_load(struct vmm_cpu *v, uint64_t address, uint32_t size)
{
    typedef uint32_t (*load_fn)(void *, uint64_t);
    ORIGINAL(load_fn, load8, "x86_ldub_phys_x86_64");
    ORIGINAL(load_fn, load16, "x86_lduw_phys_x86_64");
    ORIGINAL(load_fn, load32, "x86_ldl_phys_x86_64");

    if (size == 8) {
        uint64_t low = vmm_x86_load(v, address, 4);
        return low | vmm_x86_load(v, address + 4, 4) << 32;
    }
    address = place(v, address, false);
    /* Devices are read aligned, twice if need be, as the engine does. */
    if (address & (size - 1) && !is_memory(v, address)) {
        uint64_t first = address & ~(uint64_t)(size - 1);
        uint32_t shift = 8 * (address & (size - 1));
        uint32_t low = size == 4 ? load32(v->cpu, first) : load16(v->cpu, first);
        uint32_t high = size == 4 ? load32(v->cpu, first + 4) : load16(v->cpu, first + 2);
        return (low >> shift | high << (8 * size - shift)) & (size == 4 ? ~0u : 0xffffu);
    }
    switch (size) {
    case 1: return load8(v->cpu, address) & 0xff;
    case 2: return load16(v->cpu, address) & 0xffff;
    default: return load32(v->cpu, address);
    }
}

void vmm_x86_store(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t value);
void vmm_x86_store(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t value)
{
    typedef void (*store8_fn)(void *, uint64_t, uint8_t);
    typedef void (*store_fn)(void *, uint64_t, uint32_t);
    typedef void *(*space_fn)(void *, int);
    typedef void (*forget_fn)(void *, uint64_t, uint32_t);
    ORIGINAL(store8_fn, store8, "x86_stb_phys_x86_64");
    ORIGINAL(store_fn, store16, "x86_stw_phys_x86_64");
    ORIGINAL(store_fn, store32, "x86_stl_phys_x86_64");
    ORIGINAL(space_fn, address_space, "cpu_get_address_space_x86_64");
    ORIGINAL(forget_fn, forget, "tb_invalidate_phys_addr_x86_64");
    uint64_t at = place(v, address, true);

    if (at & (size - 1) && !is_memory(v, at)) {
        for (uint32_t i = 0; i < size; i++) /* devices are written aligned: by bytes */
            store8(v->cpu, at + i, (uint8_t)(value >> 8 * i));
        return;
    }
    switch (size) {
    case 1: store8(v->cpu, at, (uint8_t)value); break;
    case 2: store16(v->cpu, at, value & 0xffff); break;
    default: store32(v->cpu, at, value); break;
    }
    /* No block may outlive the instructions it was made of. */
    if (is_memory(v, at) && v->pages[(at & ~VMM_BEHIND) >> 12] & VMM_PAGE_CODE)
        for (uint32_t i = 0; i < size; i++)
            forget(address_space(v->cpu, 0), at + i, 0);
}

/* Push COUNT values of SIZE bytes, the first at the highest address; ADDRESS is
 * the lowest.  All of them lie inside one page. */
void vmm_x86_push(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t count,
                  const uint32_t *values);
void vmm_x86_push(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t count,
                  const uint32_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        vmm_x86_store(v, address + size * (count - 1 - i), size, values[i]);
}

/* Page-table entries: where the engine's own walk reads and marks them.  Where nobody answers
 * they are all ones, as on the floating bus; the engine would read anything there. */
static bool nobody(const struct vmm_cpu *v, uint64_t address)
{
    uint64_t page = address >> 12;

    if (address >= VMM_BEHIND)
        return false;
    return page >= VMM_PAGES || (v->pages[page] & VMM_PAGE_KIND) == VMM_PAGE_NONE;
}

uint64_t vmm_x86_load_entry(struct vmm_cpu *v, uint64_t address, uint32_t size);
uint64_t vmm_x86_load_entry(struct vmm_cpu *v, uint64_t address, uint32_t size)
{
    typedef uint32_t (*load_fn)(void *, uint64_t);
    typedef uint64_t (*load64_fn)(void *, uint64_t);
    ORIGINAL(load_fn, load32, "x86_ldl_phys_x86_64");
    ORIGINAL(load64_fn, load64, "x86_ldq_phys_x86_64");

    address = behind(v, address, false);
    if (nobody(v, address))
        return ~0ull >> (64 - 8 * size);
    return size == 8 ? load64(v->cpu, address) : load32(v->cpu, address);
}

void vmm_x86_mark_entry(struct vmm_cpu *v, uint64_t address, uint32_t value);
void vmm_x86_mark_entry(struct vmm_cpu *v, uint64_t address, uint32_t value)
{
    typedef void (*store_fn)(void *, uint64_t, uint32_t);
    ORIGINAL(store_fn, store32, "x86_stl_phys_notdirty_x86_64");

    store32(v->cpu, behind(v, address, true), value);
}

/* The engine's own walk reads and marks entries through these. */
#define READS(type, name)                                                             \
    type name(void *cpu, uint64_t address);                                         \
    type name(void *cpu, uint64_t address)                                          \
    {                                                                               \
        typedef type(*fn)(void *, uint64_t);                                        \
        ORIGINAL(fn, original, #name);                                              \
        if (vmm_current && vmm_current->cpu == cpu) {                               \
            address = behind(vmm_current, address, false);                          \
            if (nobody(vmm_current, address))                                       \
                return (type)~0ull;                                                 \
        }                                                                           \
        return original(cpu, address);                                              \
    }
READS(uint32_t, x86_ldl_phys_x86_64)
READS(uint64_t, x86_ldq_phys_x86_64)

void x86_stl_phys_notdirty_x86_64(void *cpu, uint64_t address, uint32_t value);
void x86_stl_phys_notdirty_x86_64(void *cpu, uint64_t address, uint32_t value)
{
    typedef void (*fn)(void *, uint64_t, uint32_t);
    ORIGINAL(fn, original, "x86_stl_phys_notdirty_x86_64");

    if (vmm_current && vmm_current->cpu == cpu)
        address = behind(vmm_current, address, true);
    original(cpu, address, value);
}

/* The arithmetic flags, which the engine computes when somebody asks. */
uint32_t vmm_x86_arithmetic_flags(struct vmm_cpu *v);
uint32_t vmm_x86_arithmetic_flags(struct vmm_cpu *v)
{
    typedef uint32_t (*compute_fn)(void *, int);
    ORIGINAL(compute_fn, compute, "cpu_cc_compute_all_x86_64");

    return compute(v->env, FIELD(int32_t, v->env, X86_CC_OP));
}
