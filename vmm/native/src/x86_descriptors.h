/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of data segments as the engine's helpers read them (x86_descriptors.c). */
#ifndef X86_DESCRIPTORS_H
#define X86_DESCRIPTORS_H
#include <stdint.h>

enum {
    DESCRIPTOR_ACCESSED = 1 << 8, DESCRIPTOR_CODE = 1 << 11, DESCRIPTOR_SEGMENT = 1 << 12,
    DESCRIPTOR_LONG = 1 << 21
};

uint32_t vmm_x86_without_long(void *env, uint64_t address, int mmu_index, uint32_t word);
uint32_t vmm_x86_accessed_with_long(uint64_t address, uint32_t word);
uint64_t helper_lar_x86_64(void *env, uint64_t selector);

/* What a helper gets that loads VALUE, and what is stored for one that stores it. */
static inline uint64_t vmm_x86_helper_loads(void *env, uint64_t address, int mmu_index,
                                            uint64_t value, unsigned size)
{
    enum { LOOKED_AT = DESCRIPTOR_LONG | DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE };

    if (size == 4 && __builtin_expect((value & LOOKED_AT) == (DESCRIPTOR_LONG | DESCRIPTOR_SEGMENT), 0))
        return vmm_x86_without_long(env, address, mmu_index, (uint32_t)value);
    return value;
}

static inline uint64_t vmm_x86_helper_stores(uint64_t address, uint64_t value, unsigned size)
{
    enum { LOOKED_AT = DESCRIPTOR_LONG | DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE | DESCRIPTOR_ACCESSED };

    if (size == 4
        && __builtin_expect((value & LOOKED_AT) == (DESCRIPTOR_SEGMENT | DESCRIPTOR_ACCESSED), 0))
        return vmm_x86_accessed_with_long(address, (uint32_t)value);
    return value;
}

#endif
