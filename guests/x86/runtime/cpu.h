/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor identification and control registers. */
#ifndef CPU_H
#define CPU_H

#include "../../runtime/print.h"

#define EFLAGS_ID   0x200000
#define CPUID_DE    0x00000004
#define CPUID_PSE   0x00000008
#define CPUID_TSC   0x00000010
#define CPUID_MSR   0x00000020
#define CPUID_PAE   0x00000040
#define CPUID_SEP   0x00000800
#define CPUID_PGE   0x00002000
#define CPUID_SSE   0x02000000
#define CPUID_NX    0x00100000             /* leaf 0x80000001, EDX */

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
}

/* The 386 and early 486 have no CPUID: EFLAGS.ID cannot be toggled there. */
static inline int has_cpuid(void)
{
    u32 before, after;
    __asm__ volatile("pushfl; pushfl; xorl %2, (%%esp); popfl; pushfl; popl %0; popl %1;"
                     "pushl %1; popfl"
                     : "=&r"(after), "=&r"(before) : "i"(EFLAGS_ID));
    return ((before ^ after) & EFLAGS_ID) != 0;
}

static inline u32 cpu_features(void)
{
    return has_cpuid() && cpuid(0).eax >= 1 ? cpuid(1).edx : 0;
}

static inline u32 cpu_extended_features(void)
{
    return has_cpuid() && cpuid(0x80000000).eax >= 0x80000001 ? cpuid(0x80000001).edx : 0;
}

#define CONTROL_REGISTER(name)                                              \
    static inline u32 read_##name(void)                                     \
    {                                                                       \
        u32 value;                                                          \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value));              \
        return value;                                                       \
    }                                                                       \
    static inline void write_##name(u32 value)                              \
    {                                                                       \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
    }

CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(dr0)
CONTROL_REGISTER(dr1)
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7)

static inline u64 rdmsr(u32 msr)
{
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

#endif
