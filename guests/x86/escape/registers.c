/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every privileged register, written and read back. */
#include "escape.h"
#include "../runtime/cpu.h"

static void control_registers(void)
{
    static const u32 bits[] = {0x2, 0x4, 0x8, 0x20, 0x10000, 0x40000};  /* MP EM TS NE WP AM */
    u32 cr0 = read_cr0(), cr4 = read_cr4();
    for (u32 i = 0; i < sizeof bits / sizeof *bits; i++) {
        write_cr0(cr0 ^ bits[i]);
        print_value("cr0", read_cr0());
    }
    write_cr0(cr0);
    __asm__ volatile("mov %0, %%cr2" : : "r"(0x12345678));
    print_value("cr2", read_cr2());
    write_cr3(0x00abc018);
    print_value("cr3", read_cr3());
    for (u32 bit = 0x4; bit <= 0x10; bit <<= 1) {  /* TSD DE PSE */
        write_cr4(cr4 | bit);
        print_value("cr4", read_cr4());
    }
    write_cr4(cr4);
}

static void table_registers(void)
{
    struct table_register saved, odd = {0x1234, 0x89abcdef}, told;
    __asm__ volatile("sgdt %0" : "=m"(saved));
    __asm__ volatile("lgdt %1; sgdt %0" : "=m"(told) : "m"(odd));
    print_value("gdtr.base", told.base);
    print_value("gdtr.limit", told.limit);
    __asm__ volatile("data16 lgdt %1; sgdt %0; lgdt %2" : "=m"(told) : "m"(odd), "m"(saved));
    print_value("gdtr.base", told.base);
    __asm__ volatile("sidt %0" : "=m"(saved));
    __asm__ volatile("lidt %1; sidt %0; lidt %2" : "=m"(told) : "m"(odd), "m"(saved));
    print_value("idtr.base", told.base);
    print_value("idtr.limit", told.limit);
}

static void debug_registers(void)
{
    u32 value;
    write_dr0(0x11223344);
    write_dr1(0x55667788);
    print_value("dr0", read_dr0());
    print_value("dr1", read_dr1());
    write_dr6(0xffff0ff0);
    print_value("dr6", read_dr6());
    __asm__ volatile("mov %%dr7, %0" : "=r"(value));
    print_value("dr7", value);
}

static void model_registers(void)
{
    if (!(cpu_features() & CPUID_MSR) || !(cpu_features() & CPUID_SEP))
        return;
    for (u32 msr = 0x174; msr <= 0x176; msr++) {
        wrmsr(msr, 0x1000 + msr);
        print_value("msr", (u32)rdmsr(msr));
        wrmsr(msr, 0);
    }
}

/* Flags that only privileged code sees change. */
static void flags(void)
{
    for (u32 bit = 0x200; bit <= 0x200000; bit <<= 1) {
        u32 value;
        if (bit == 0x20000 || bit == 0x10000)  /* VM, RF: POPF does not touch them */
            continue;
        __asm__ volatile("cli; pushl %1; popfl; pushfl; popl %0; pushl $2; popfl"
                         : "=r"(value) : "r"(bit | 2) : "cc");
        print_value("flag", value);
    }
}

void registers_read_back(void)
{
    control_registers();
    table_registers();
    debug_registers();
    model_registers();
    flags();
}
