/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of stack segments as a trap's delivery reads them (x86_descriptors.c). */
#ifndef X86_DESCRIPTORS_H
#define X86_DESCRIPTORS_H
#include "x86_state.h"

enum { DESCRIPTOR_CODE = 1 << 11, DESCRIPTOR_SEGMENT = 1 << 12, DESCRIPTOR_LONG = 1 << 21 };

uint32_t vmm_x86_without_long(const void *env, uint64_t address, uint32_t word);
const void *vmm_x86_plain(const void *env, uint32_t address, uint32_t size);

/* What a helper gets that has loaded VALUE; a trap's delivery has no RETADDR. */
static inline uint64_t vmm_x86_helper_loads(const void *env, uint64_t address, uint64_t value,
                                            unsigned size, uintptr_t retaddr)
{
    enum { LOOKED_AT = DESCRIPTOR_LONG | DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE };

    if (size == 4 && !retaddr
        && __builtin_expect((value & LOOKED_AT) == (DESCRIPTOR_LONG | DESCRIPTOR_SEGMENT), 0))
        return vmm_x86_without_long(env, address, (uint32_t)value);
    return value;
}

/* A trap is about to use the stack. */
static inline void vmm_x86_clear_long(void *env)
{
    enum { SS = 2 };
    uint32_t *flags = &FIELD(uint32_t, env, X86_SEGS + 24 * SS + 20);

    if (__builtin_expect(*flags & DESCRIPTOR_LONG, 0)
        && !(FIELD(uint32_t, env, X86_HFLAGS) & HF_LMA))
        *flags &= ~(uint32_t)DESCRIPTOR_LONG;
}

#endif
