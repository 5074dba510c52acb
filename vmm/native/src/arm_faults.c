/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults that the engine takes for others or does not raise, and blocks that it puts elsewhere.
 *
 * An external abort on a walk of long descriptors is reported as a translation
 * fault (the architecture: ARM DDI 0406C, B3.12.3, table B3-24).
 *
 * LDRT and STRT in Hyp mode are UNPREDICTABLE (ARM DDI 0406C, A8.8.92); the
 * engine goes through the PL1&0 translation, whose domain faults have no code in
 * the Hyp syndrome, and asserts.  They are reported as permission faults.
 */
#include "vmm.h"
#include "offsets.h"

enum { FAULT_DOMAIN = 4, FAULT_PERMISSION = 5, FAULT_TRANSLATION = 6, FAULT_EXTERNAL_ON_WALK = 9 };
enum { MODE_HYP = 0x1a };

static __thread bool load_failed, loaded_long;

/* Whether a walk may load from there.  A device's registers are read by instructions alone, since
 * that may change them: to a walk they are an external abort.  (Flash that is being programmed is
 * not changed by reading.) */
bool vmm_arm_loads_from(const struct vmm_cpu *v, uint64_t address)
{
    uint64_t page = address >> 12;
    unsigned kind = page < VMM_PAGES ? v->pages[page] & VMM_PAGE_KIND : VMM_PAGE_NONE;

    return kind != VMM_PAGE_DEVICE;
}

/* A load of SIZE bytes from physical memory has come to RESULT, 0 for success. */
void vmm_arm_loaded(const uint32_t *result, size_t size)
{
    load_failed |= result && *result;
    loaded_long |= size == 8;
}

bool get_phys_addr_arm(void *env, uint32_t address, int access, int mmu_index, uint64_t *physical,
                       void *attributes, int *protection, uint32_t *page_size, int32_t *fault,
                       void *cache);
bool get_phys_addr_arm(void *env, uint32_t address, int access, int mmu_index, uint64_t *physical,
                       void *attributes, int *protection, uint32_t *page_size, int32_t *fault,
                       void *cache)
{
    typedef bool (*fn)(void *, uint32_t, int, int, uint64_t *, void *, int *, uint32_t *, int32_t *,
                       void *);
    ORIGINAL(fn, original, "get_phys_addr_arm");
    bool failed;

    load_failed = loaded_long = false;
    failed = original(env, address, access, mmu_index, physical, attributes, protection,
                      page_size, fault, cache);
    /* Of a block's address the bits below its size are not (B3.6.1). */
    if (!failed && loaded_long && !(FIELD(uint64_t, env, ARM_FEATURES) & ARM_FEATURE_EL2))
        *physical = (*physical & ~(uint64_t)(*page_size - 1)) | (address & (*page_size - 1));
    if (failed && load_failed && *fault == FAULT_TRANSLATION)
        *fault = FAULT_EXTERNAL_ON_WALK;
    if (failed && *fault == FAULT_DOMAIN
        && (FIELD(uint32_t, env, ARM_UNCACHED_CPSR) & 0x1f) == MODE_HYP)
        *fault = FAULT_PERMISSION;
    return failed;
}
