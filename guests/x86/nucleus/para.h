/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel above a hypervisor does where bare.h has sensitive instructions.  Rare ones that
 * trap stay: the hypervisor emulates them. */
#ifndef PARA_H
#define PARA_H

#include "cpu.h"
#include "x87.h"
#include "../../nucleus/para.h"

#define CR0_MP 0x00000002u
#define CR0_NE 0x00000020u
#define CR0_WP 0x00010000u
#define CR0_PG 0x80000000u

static inline u32 hyper(u32 number, u32 a, u32 b)
{
    __asm__ volatile("int %1" : "+a"(number) : "i"(HYPER_INT_X86), "b"(a), "c"(b) : "memory", "cc");
    return number;
}

static inline void paging_open(const u32 *directory)
{
    write_cr3((u32)directory);
    write_cr0(read_cr0() | CR0_PG | CR0_WP | CR0_MP | CR0_NE);
}

static inline void directory_load(const u32 *directory)
{
    para_commit();
    hyper(HYPER_SPACE, (u32)directory, 0);
}

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    (void)space;
    if (!para_commit())
        hyper(HYPER_FLUSH, address, 0);
}

static inline void tlb_flush_space(const struct space *space)
{
    if (!para_commit())
        hyper(HYPER_FLUSH_SPACE, (u32)space->directory, 0);
}

static inline void space_release(const struct space *space)
{
    para_commit();
    hyper(HYPER_RELEASE, (u32)space->directory, 0);
}

static inline u32 fault_address(void)
{
    return shared.fault_address;
}

static inline void fpu_open(void)
{
    para_fpu(1);
}

static inline void fpu_close(void)
{
    para_fpu(0);
}

/* Segments are the hypervisor's, flat for kernel and users, but users' selectors are in our table. */
static inline void tables_load(const struct table_register *gdt, const struct table_register *idt)
{
    (void)idt;
    __asm__ volatile("lgdt %0" : : "m"(*gdt) : "memory");
}

static inline int tables_good(const struct table_register *gdt, const struct table_register *idt)
{
    (void)gdt, (void)idt;
    return 1;
}

static inline void stack_register(u32 top)
{
    hyper(HYPER_STACK, top, 0);
}

#endif
