/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP15 access and the barriers, for C. */
#ifndef CPU_H
#define CPU_H

#include "print.h"

#define MRC(cp, op1, crn, crm, op2) \
    ({ u32 value_; asm volatile("mrc p" #cp ", " #op1 ", %0, c" #crn ", c" #crm ", " #op2 \
                                : "=r"(value_) : : "memory"); value_; })
#define MCR(cp, op1, crn, crm, op2, value) \
    asm volatile("mcr p" #cp ", " #op1 ", %0, c" #crn ", c" #crm ", " #op2 "\n\tisb" \
                 : : "r"(value) : "memory")
#define MRRC(cp, op1, crm) \
    ({ u64 value_; asm volatile("mrrc p" #cp ", " #op1 ", %Q0, %R0, c" #crm \
                                : "=r"(value_) : : "memory"); value_; })
#define MCRR(cp, op1, crm, value) \
    asm volatile("mcrr p" #cp ", " #op1 ", %Q0, %R0, c" #crm "\n\tisb" \
                 : : "r"((u64)(value)) : "memory")

#define MIDR()        MRC(15, 0, 0, 0, 0)
#define MPIDR()       MRC(15, 0, 0, 0, 5)
#define SCTLR()       MRC(15, 0, 1, 0, 0)
#define SET_SCTLR(v)  MCR(15, 0, 1, 0, 0, v)
#define SET_VBAR(v)   MCR(15, 0, 12, 0, 0, v)

static inline void barrier(void)
{
    asm volatile("dsb\n\tisb" : : : "memory");
}

static inline u32 read32(u32 address)
{
    return *(volatile u32 *)address;
}

static inline void write32(u32 address, u32 value)
{
    *(volatile u32 *)address = value;
}

#endif
