/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel above a hypervisor does where bare.h has privileged instructions.  Rare ones stay:
 * the hypervisor emulates them. */
#ifndef PARA_H
#define PARA_H

#include "fp.h"
#include "../../nucleus/para.h"

#define FLUSH_ENTIRE 0x400

static inline u32 hyper(u32 number, u32 a, u32 b)
{
    register u32 o0 __asm__("o0") = a, o1 __asm__("o1") = b, g1 __asm__("g1") = number;
    __asm__ volatile("ta %3" : "+r"(o0) : "r"(o1), "r"(g1), "i"(HYPER_TRAP_SPARC) : "memory", "cc");
    return o0;
}

static inline void windows_enter(struct windows *windows)
{
    shared.spill = (u32)windows;
}

static inline u32 unfilled_window(void)
{
    return shared.fault_address;
}

/* -- translation -- */

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    if (!para_commit())
        hyper(HYPER_FLUSH, address, space->context);
}

static inline void tlb_flush_space(const struct space *space)
{
    if (!para_commit())
        hyper(HYPER_FLUSH_SPACE, 0, space->context);
}

static inline void space_enter(const struct space *space)
{
    para_commit();
    hyper(HYPER_SPACE, 0, space->context);
}

static inline void space_release(const struct space *space)
{
    para_commit();
    hyper(HYPER_RELEASE, 0, space->context);
}

static inline void translation_open(const u32 *contexts)
{
    para_commit();
    put_asi(ASI_MMU, MMU_CONTEXT_TABLE, (u32)contexts >> 4);
    put_asi(ASI_MMU, MMU_CONTEXT, 0);
    put_asi(ASI_FLUSH_MMU, FLUSH_ENTIRE, 0);
    put_asi(ASI_MMU, MMU_CONTROL, 1);
}

static inline u32 fault_status(void)
{
    return shared.fault_status;
}

static inline u32 fault_address(void)
{
    return shared.fault_address;
}

/* -- floating point -- */

static inline void fpu_enable(int on)
{
    para_fpu(on);
}

#endif
