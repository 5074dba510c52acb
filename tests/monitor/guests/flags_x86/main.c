/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CLI, STI, PUSHF, POPF and reads of control registers leave: every combination of
 * arithmetic flags with IF, IOPL and NT, and all registers.  Bare and patched print the same. */
#include "../../../../guests/x86/runtime/cpu.h"

__asm__(".section .wedge, \"aw\", @nobits\n"
        ".balign 4096\n.globl wedge_start, wedge_end\n"
        "wedge_start: .skip 4 * 4096\nwedge_end:\n.text\n");

struct registers {
    u32 edi, esi, ebp, esp, ebx, edx, ecx, eax, flags;
};

/* With FLAGS, and registers that are known, do the instruction; then say all that there is. */
#define TRIAL(name, instruction)                                                          \
    static void name(u32 flags, struct registers *after)                                  \
    {                                                                                     \
        __asm__ volatile(                                                                 \
            "pushal; mov %%esp, saved; pushl %1; pushl %0; popfl\n"                       \
            "mov $0x11111111, %%eax; mov $0x22222222, %%ebx; mov $0x33333333, %%ecx\n"    \
            "mov $0x44444444, %%edx; mov $0x55555555, %%esi; mov $0x66666666, %%edi\n"    \
            "mov $0x77777777, %%ebp\n" instruction "\n"                                   \
            "pushfl; pushal; mov %%esp, %%esi; mov 36(%%esp), %%edi; mov $9, %%ecx; cld\n" \
            "rep movsl; mov saved, %%esp; pushl $2; popfl; popal"                         \
            : : "r"(flags), "r"(after) : "memory", "cc");                                 \
    }

u32 saved;
TRIAL(nothing, "")
TRIAL(cli, "cli")
TRIAL(sti, "sti; nop")
TRIAL(pushf, "pushfl; popl %%eax")
TRIAL(cli_pushf, "cli; pushfl; popl %%eax")
TRIAL(popf, "pushl $0xcd7; popfl; pushl $0x246; popfl")
TRIAL(popf_closed, "pushl $0x8d5; popfl")
TRIAL(control, "mov %%cr0, %%eax; mov %%cr0, %%ebp")
TRIAL(controls, "mov %%cr3, %%edx; mov %%cr2, %%edi; mov %%cr4, %%ebx")
TRIAL(status, "smsw %%eax")

static void (*const trials[])(u32, struct registers *) = {
    nothing, cli, sti, pushf, cli_pushf, popf, popf_closed, control, controls, status,
};

static u32 spread(u32 index)
{
    static const u32 bits[] = {0x001, 0x004, 0x010, 0x040, 0x080, 0x400, 0x800, 0x200, 0x3000, 0x4000};
    u32 flags = 2;
    for (u32 i = 0; i < sizeof bits / sizeof *bits; i++)
        if (index >> i & 1)
            flags |= bits[i];
    return flags;
}

int main(void)
{
    u32 stack = 0;
    for (u32 trial = 0; trial < sizeof trials / sizeof *trials; trial++) {
        u32 sum = 0x811c9dc5;
        for (u32 index = 0; index < 1024; index++) {
            struct registers after;
            trials[trial](spread(index), &after);
            if (!stack)
                stack = after.esp;
            after.esp -= stack;
            const u32 *words = (const u32 *)&after;
            for (u32 i = 0; i < sizeof after / 4; i++)
                sum = sum * 0x01000193 ^ words[i];
        }
        print("trial ");
        print_dec(trial);
        print_field("sum", sum);
        print("\n");
    }
    return 0;
}
