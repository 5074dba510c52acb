/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel above a hypervisor does where bare.h has sensitive instructions.  Rare ones that
 * trap stay: the hypervisor emulates them. */
#ifndef PARA_H
#define PARA_H

#include "cpu.h"
#include "vfp.h"
#include "../../nucleus/para.h"

static inline u32 hyper(u32 number, u32 a, u32 b)
{
    register u32 r0 asm("r0") = a, r1 asm("r1") = b, r12 asm("r12") = number;
    asm volatile(".arch_extension virt\n\thvc %3" : "+r"(r0) : "r"(r1), "r"(r12), "i"(HYPER_HVC_ARM)
                 : "memory", "cc");
    return r0;
}

static inline void kernel_stack_set(u32 top)
{
    hyper(HYPER_STACK, top, 0);
}

/* -- translation -- */

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    if (!para_commit())
        hyper(HYPER_FLUSH, address, space->asid);
}

static inline void tlb_flush_space(const struct space *space)
{
    if (!para_commit())
        hyper(HYPER_FLUSH_SPACE, (u32)space->level1, space->asid);
}

static inline void space_enter(const struct space *space)
{
    para_commit();
    hyper(HYPER_SPACE, (u32)space->level1, space->asid);
}

static inline void space_release(const struct space *space)
{
    para_commit();
    hyper(HYPER_RELEASE, (u32)space->level1, space->asid);
}

static inline void translation_open(const u32 *low, const u32 *high)
{
    MCR(15, 0, 2, 0, 2, 2);                                            /* TTBCR: N = 2 */
    MCR(15, 0, 2, 0, 0, (u32)low);
    MCR(15, 0, 2, 0, 1, (u32)high);                                    /* TTBR1 */
    MCR(15, 0, 3, 0, 0, 1);                                            /* DACR: client of domain 0 */
    MCR(15, 0, 8, 7, 0, 0);                                            /* TLBIALL */
    barrier();
    SET_SCTLR(SCTLR() | 0x1005);                                       /* I, C, M */
}

static inline u32 data_fault_status(void)
{
    return shared.fault_status;
}

static inline u32 data_fault_address(void)
{
    return shared.fault_address;
}

static inline u32 fetch_fault_address(void)
{
    return shared.fault_address;
}

/* -- floating point -- */

extern int fpu_opened;

static inline void fpu_open(void)
{
    fpu_opened = 1;
    para_fpu(1);
}

static inline void fpu_close(void)
{
    fpu_opened = 0;
    para_fpu(0);
}

static inline int fpu_is_open(void)
{
    return fpu_opened;
}

#endif
