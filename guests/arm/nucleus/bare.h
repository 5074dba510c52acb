/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensitive instructions of a kernel that owns the processor (ARM DDI 0406C, parts B and A8). */
#ifndef BARE_H
#define BARE_H

#include "cpu.h"
#include "vfp.h"

#define FPEXC_EN 0x40000000u

/* -- the interrupt mask -- */

static inline u32 irq_save(void)
{
    u32 status;
    asm volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(status) : : "memory");
    return status;
}

static inline void irq_restore(u32 status)
{
    asm volatile("msr cpsr_c, %0" : : "r"(status) : "memory");
}

static inline void irq_open(void)
{
    asm volatile("cpsie i" : : : "memory");
}

/* WFI wakes for a masked interrupt too: none is missed. */
static inline void cpu_idle(u32 turn)
{
    (void)turn;
    asm volatile("dsb\n\twfi\n\tcpsie i\n\tisb\n\tcpsid i" : : : "memory");
}

/* -- where the kernel runs: nothing works if this is not so -- */

static inline int in_kernel_mode(void)
{
    u32 status;
    asm volatile("mrs %0, cpsr" : "=r"(status));
    return (status & MODE_MASK) == MODE_SVC;
}

/* After a return to user mode the stack of supervisor mode is empty: traps begin at its top. */
static inline void kernel_stack_set(u32 top)
{
    (void)top;
}

/* -- translation -- */

static inline void pte_set(u32 *entry, u32 value)
{
    *(volatile u32 *)entry = value;
}

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    asm volatile("dsb" : : : "memory");
    MCR(15, 0, 8, 7, 1, (address & ~0xfffu) | space->asid);           /* TLBIMVA */
    barrier();
}

static inline void tlb_flush_space(const struct space *space)
{
    asm volatile("dsb" : : : "memory");
    MCR(15, 0, 8, 7, 2, space->asid);                                  /* TLBIASID */
    barrier();
}

/* The kernel touches nothing of user space between the two writes. */
static inline void space_enter(const struct space *space)
{
    MCR(15, 0, 13, 0, 1, space->asid);                                 /* CONTEXTIDR */
    MCR(15, 0, 2, 0, 0, (u32)space->level1);                           /* TTBR0 */
}

static inline void space_release(const struct space *space)
{
    (void)space;
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
    return MRC(15, 0, 5, 0, 0);
}

static inline u32 data_fault_address(void)
{
    return MRC(15, 0, 6, 0, 0);
}

static inline u32 fetch_fault_address(void)
{
    return MRC(15, 0, 6, 0, 2);
}

/* -- floating point -- */

static inline void fpu_open(void)
{
    asm volatile(".fpu vfpv3\n\tvmsr fpexc, %0" : : "r"(FPEXC_EN));
}

static inline void fpu_close(void)
{
    asm volatile(".fpu vfpv3\n\tvmsr fpexc, %0" : : "r"(0));
}

static inline int fpu_is_open(void)
{
    u32 value;
    asm volatile(".fpu vfpv3\n\tvmrs %0, fpexc" : "=r"(value));
    return (value & FPEXC_EN) != 0;
}

#endif
