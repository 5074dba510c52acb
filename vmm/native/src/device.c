/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory-mapped devices: the engine's I/O callbacks and where they lead. */
#include "vmm.h"
#include "offsets.h"

#include <stdlib.h>
#include <string.h>

enum { UC_ERR_HANDLE_ = 3 };

/* One mapped window.  The engine passes offsets; devices want addresses. */
struct window {
    struct vmm_cpu *v;
    uint64_t base;
};

static struct vmm_hot *hot_slot(struct vmm_cpu *v, uint64_t address)
{
    return &v->hot[(address ^ address >> 6) & (VMM_HOT - 1)];
}

/* The value of a register that nothing has changed since Python last told it. */
bool vmm_hot_value(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t *value)
{
    const struct vmm_hot *hot = hot_slot(v, address);

    if (hot->address != address || hot->size != size)
        return false;
    v->hot_reads++;
    *value = hot->value;
    return true;
}

/* Answer reads of ADDRESS here until vmm_clear_hot. */
void vmm_set_hot(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t value)
{
    struct vmm_hot *hot = hot_slot(v, address);

    hot->address = address;
    hot->size = size;
    hot->value = value;
    v->hot_used = 1;
}

void vmm_clear_hot(struct vmm_cpu *v)
{
    if (v->hot_used)
        memset(v->hot, 0, sizeof v->hot);
    v->hot_used = 0;
}

/* The instruction that makes this access.  The engine leaves the place there for
 * good, so it is taken away: page walks and the trap delivery in Python reach
 * devices without one, and must not be sent back to an instruction long past. */
static uintptr_t take_access_pc(struct vmm_cpu *v)
{
    uintptr_t pc = FIELD(uintptr_t, v->cpu, CPU_MEM_IO_PC);

    FIELD(uintptr_t, v->cpu, CPU_MEM_IO_PC) = 0;
    return pc;
}

static uint64_t read_device(struct vmm_cpu *v, uint64_t address, unsigned size)
{
    uint64_t value;

    v->mmio_reads++;
    if (v->hot_used && vmm_hot_value(v, address, size, &value))
        return value;
    if (v->models_on && vmm_model_read(v, address, size, &value))
        return value;
    return v->on_read(v, address, size);
}

/* What the block that is being translated, an instruction, has been fetched by. */
__thread enum vmm_fetching vmm_fetching;
static __thread unsigned fetches;

bool vmm_has_fetched(void) { return fetches; }

void vmm_begin_fetch(void)
{
    vmm_fetching = VMM_FETCHES;
    fetches = 0;
}

/* A fetch may change the device, so how often it is made must not depend on how a run is cut: blocks
 * of such code are of one instruction, and none is translated that would only leave, for its
 * budget, and be translated again. */
static uint64_t fetch(struct vmm_cpu *v, uint64_t address, unsigned size)
{
    uint64_t value;

    if (vmm_fetching == VMM_FETCHES && *v->left < 1) {
        --*v->left;
        vmm_budget_expired(v, 1);
        vmm_leave_block(v);
    }
    for (unsigned i = 0; i < fetches; i++)
        if (v->fetched[i].address == address && v->fetched[i].size == size)
            return v->fetched[i].value;
    value = read_device(v, address, size);
    if (fetches < VMM_FETCHES_KEPT)
        v->fetched[fetches++] = (struct vmm_fetch){address, value, size};
    return value;
}

static uint64_t read_window(void *uc, uint64_t offset, unsigned size, void *user)
{
    struct window *w = user;
    struct vmm_cpu *v = w->v;

    (void)uc;
    if (vmm_current == v && vmm_fetching)
        return fetch(v, w->base + offset, size);
    if (vmm_current == v)
        vmm_device_access_is_last(v, take_access_pc(v));
    return read_device(v, w->base + offset, size);
}

static void write_window(void *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    struct window *w = user;
    struct vmm_cpu *v = w->v;

    (void)uc;
    if (vmm_current == v)
        vmm_device_access_is_last(v, take_access_pc(v));
    v->mmio_writes++;
    if (v->models_on && vmm_model_write(v, w->base + offset, size, value))
        return;
    v->on_write(v, w->base + offset, size, value);
}

/* Map BASE..BASE+SIZE as a device window whose accesses are reported with
 * addresses from REPORT on.  Windows live as long as the engine. */
int vmm_map_device(struct vmm_cpu *v, uint64_t base, uint64_t size, uint64_t report)
{
    typedef int (*map_fn)(void *, uint64_t, size_t, void *, void *, void *, void *);
    ORIGINAL(map_fn, map, "uc_mmio_map");
    typedef void *(*find_fn)(void *, uint64_t);
    struct window *w = malloc(sizeof *w);
    void *region;
    int error;

    if (!w)
        return 1;
    w->v = v;
    w->base = report;
    error = map(v->uc, base, size, (void *)(uintptr_t)read_window, w,
                (void *)(uintptr_t)write_window, w);
    if (error)
        return error;
    /* A processor may fetch from a device; what it reads there it executes. */
    region = FIELD(find_fn, v->uc, UC_MEMORY_MAPPING)(v->uc, base);
    if (!region || FIELD(uint32_t, region, REGION_PERMISSIONS) != 3)
        return UC_ERR_HANDLE_;
    FIELD(uint32_t, region, REGION_PERMISSIONS) = 7;
    return 0;
}
