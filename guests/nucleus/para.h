/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What paravirtual kernels of all processors share; guests/ARCH/nucleus/para.h includes it.  That
 * header supplies hyper(), the hypercall. */
#ifndef NUCLEUS_PARA_H
#define NUCLEUS_PARA_H

#include <hypercall.h>

extern struct hyper_shared shared;

static inline u32 hyper(u32 number, u32 a, u32 b);
void para_open(void);                      /* refuses a machine without a hypervisor */
int para_commit(void);                     /* writes the page table entries that pte_set collected:
                                            * whether there were any, and so what is cached is gone */
void para_fpu(int on);

/* Nobody reads an entry before what it maps is flushed or entered, which commits. */
void pte_set(u32 *entry, u32 value);

/* -- the virtual interrupt flag -- */

static inline u32 irq_save(void)
{
    u32 flag = shared.interrupts;
    shared.interrupts = 0;
    __asm__ volatile("" : : : "memory");
    return flag;
}

static inline void irq_restore(u32 flag)
{
    __asm__ volatile("" : : : "memory");
    shared.interrupts = flag;
    if (flag && shared.pending)
        hyper(HYPER_OPENED, 0, 0);
}

static inline void irq_open(void)
{
    irq_restore(1);
}

/* A short sleep first, for what is nearly there; who has nothing to do after that leaves the
 * processor to others. */
static inline void cpu_idle(u32 turn)
{
    hyper(turn ? HYPER_YIELD : HYPER_HALT, TICK / 2, 0);
    irq_save();
}

/* The hypervisor enters the kernel in no other mode. */
static inline int in_kernel_mode(void)
{
    return 1;
}

#endif
