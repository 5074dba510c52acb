/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The access that an x86 instruction or a trap's delivery makes off the fast path, as it is meant:
 * the engine cuts unaligned ones in pieces. */
#ifndef VMM_X86_ACCESS_H
#define VMM_X86_ACCESS_H
#include <stdint.h>

struct vmm_x86_access {
    uintptr_t from; /* in generated code, or 0 */
    uint64_t at;    /* linear address */
    uint32_t bytes;
};

extern __thread struct vmm_x86_access vmm_x86_access; /* the latest */

#endif
