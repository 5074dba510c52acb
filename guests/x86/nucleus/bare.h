/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensitive instructions of a kernel that owns the processor (Intel SDM volume 3A). */
#ifndef BARE_H
#define BARE_H

#include "cpu.h"
#include "x87.h"

#define CR0_PE 0x00000001u
#define CR0_MP 0x00000002u
#define CR0_TS 0x00000008u
#define CR0_NE 0x00000020u
#define CR0_WP 0x00010000u
#define CR0_PG 0x80000000u

/* -- the interrupt flag -- */

static inline u32 irq_save(void)
{
    u32 flags;
    __asm__ volatile("pushfl; popl %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void irq_restore(u32 flags)
{
    __asm__ volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}

static inline void irq_open(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/* STI opens interrupts behind the HLT that follows it: none is missed. */
static inline void cpu_idle(u32 turn)
{
    (void)turn;
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* -- paging -- */

static inline void pte_set(u32 *entry, u32 value)
{
    *(volatile u32 *)entry = value;
}

static inline void paging_open(const u32 *directory)
{
    write_cr3((u32)directory);
    write_cr0(read_cr0() | CR0_PG | CR0_WP | CR0_MP | CR0_NE);
}

static inline void directory_load(const u32 *directory)
{
    write_cr3((u32)directory);
}

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    (void)space;
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void tlb_flush_space(const struct space *space)
{
    if (read_cr3() == (u32)space->directory)
        write_cr3((u32)space->directory);
}

static inline void space_release(const struct space *space)
{
    (void)space;
}

static inline u32 fault_address(void)
{
    return read_cr2();
}

/* -- floating point -- */

static inline void fpu_open(void)
{
    __asm__ volatile("clts");
}

static inline void fpu_close(void)
{
    write_cr0(read_cr0() | CR0_TS);
}

/* -- descriptor tables -- */

static inline void tables_load(const struct table_register *gdt, const struct table_register *idt)
{
    __asm__ volatile("lgdt %0; lidt %1; ljmp %2, $1f; 1: mov %3, %%ds; mov %3, %%es; mov %3, %%ss;"
                     "xor %%eax, %%eax; mov %%eax, %%fs; mov %%eax, %%gs; lldt %%ax; ltr %w4"
                     : : "m"(*gdt), "m"(*idt), "i"(CODE0), "r"(DATA0), "r"(TSS_MAIN)
                     : "eax", "memory");
}

/* What was loaded is there, and the descriptors are what they were meant to be. */
static inline int tables_good(const struct table_register *gdt, const struct table_register *idt)
{
    struct table_register gdtr, idtr;
    u32 task, local, rights, limit, readable, writable;
    __asm__ volatile("sgdt %0; sidt %1; str %2; sldt %3"
                     : "=m"(gdtr), "=m"(idtr), "=r"(task), "=r"(local));
    __asm__ volatile("lar %1, %0" : "=r"(rights) : "r"(CODE0) : "cc");
    __asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(DATA3) : "cc");
    __asm__ volatile("verr %w2; setz %b0; verw %w2; setz %b1"
                     : "=&q"(readable), "=&q"(writable) : "r"(CODE3) : "cc");
    return gdtr.base == gdt->base && idtr.base == idt->base && (task & 0xffff) == TSS_MAIN
        && !(local & 0xffff) && (rights >> 8 & 0xff) == ACCESS_CODE && limit == 0xffffffff
        && (readable & 1) && !(writable & 1);
}

/* Traps of user mode take the stack from the task state segment. */
static inline void stack_register(u32 top)
{
    (void)top;
}

/* -- where the kernel runs: nothing works if this is not so -- */

static inline int in_kernel_mode(void)
{
    u32 selector, status;
    __asm__ volatile("mov %%cs, %0; smsw %1" : "=r"(selector), "=r"(status));
    return (selector & 3) == 0 && (status & CR0_PE);
}

#endif
