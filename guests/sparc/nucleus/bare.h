/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged instructions of a kernel that owns the processor (SPARC V8; appendix H for the MMU). */
#ifndef BARE_H
#define BARE_H

#include "fp.h"

#define FLUSH_PAGE    0x000
#define FLUSH_CONTEXT 0x300
#define FLUSH_ENTIRE  0x400

/* -- the interrupt level -- */

static inline u32 irq_save(void)
{
    u32 psr = get_psr();
    put_psr(psr | PSR_PIL);
    return psr & PSR_PIL;
}

static inline void irq_restore(u32 level)
{
    put_psr((get_psr() & ~PSR_PIL) | level);
}

static inline void irq_open(void)
{
    set_pil(0);
}

/* A tick between the two is missed; the next one wakes. */
static inline void cpu_idle(u32 turn)
{
    (void)turn;
    set_pil(0);
    power_down();
    set_pil(15);
}

/* -- where the kernel runs: nothing works if this is not so -- */

static inline int in_kernel_mode(void)
{
    return (get_psr() & PSR_S) != 0;
}

/* -- window traps find the spill area by this -- */

extern struct windows *spill_area;
extern u32 window_address;                 /* of a window that could not be filled */

static inline void windows_enter(struct windows *windows)
{
    spill_area = windows;
}

static inline u32 unfilled_window(void)
{
    return window_address;
}

/* -- translation -- */

static inline void pte_set(u32 *entry, u32 value)
{
    *(volatile u32 *)entry = value;
}

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    (void)space;                           /* of the present context: nobody asks for another's */
    put_asi(ASI_FLUSH_MMU, (address & ~0xfffu) | FLUSH_PAGE, 0);
}

static inline void space_enter(const struct space *space)
{
    put_asi(ASI_MMU, MMU_CONTEXT, space->context);
}

/* An interrupt in between would spill a user's windows in another's context. */
static inline void tlb_flush_space(const struct space *space)
{
    u32 level = irq_save(), context = get_asi(ASI_MMU, MMU_CONTEXT);
    put_asi(ASI_MMU, MMU_CONTEXT, space->context);
    put_asi(ASI_FLUSH_MMU, FLUSH_CONTEXT, 0);
    put_asi(ASI_MMU, MMU_CONTEXT, context);
    irq_restore(level);
}

static inline void translation_open(const u32 *contexts)
{
    put_asi(ASI_MMU, MMU_CONTEXT_TABLE, (u32)contexts >> 4);
    put_asi(ASI_MMU, MMU_CONTEXT, 0);
    put_asi(ASI_FLUSH_MMU, FLUSH_ENTIRE, 0);
    put_asi(ASI_MMU, MMU_CONTROL, 1);
}

static inline void space_release(const struct space *space)
{
    tlb_flush_space(space);
}

static inline u32 fault_status(void)
{
    return get_asi(ASI_MMU, MMU_FAULT_STATUS);
}

static inline u32 fault_address(void)
{
    return get_asi(ASI_MMU, MMU_FAULT_ADDRESS);
}

/* -- floating point -- */

static inline void fpu_enable(int on)
{
    put_psr(on ? get_psr() | PSR_EF : get_psr() & ~PSR_EF);
}

#endif
