/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that spoils what it shares with its monitor: the VCPU page, word by word with each
 * of many values, then the wedge's code. */
#include "../../../../guests/x86/runtime/cpu.h"

__asm__(".section .wedge, \"aw\", @nobits\n"
        ".balign 4096\n.globl wedge_start, wedge_end\n"
        "wedge_start: .skip 4 * 4096\nwedge_end:\n.text\n");

extern u32 wedge_start[], wedge_end[];

static u32 use(void)
{
    u32 flags, control;
    __asm__ volatile("cli; pushfl; popl %0; sti; nop; mov %%cr0, %1; mov %%cr3, %%eax"
                     : "=&r"(flags), "=r"(control) : : "eax", "cc", "memory");
    return flags ^ control;
}

int main(void)
{
    static const u32 values[] = {0xffffffff, 0x80000000, 0x55555555, 2, 0};
    volatile u32 *page = wedge_end - 1024;

    for (u32 i = 0; i < 1024; i++)
        for (u32 value = 0; value < sizeof values / sizeof *values; value++) {
            page[i] = values[value];
            use();
            page[i] = 0;
        }
    print("the page is spoilt\n");
    for (volatile u32 *code = wedge_start; code < page; code++)
        *code = 0x0b0f0b0f;
    print("the wedge is spoilt\n");
    use();
    print("not the monitor\n");
    return 0;
}
