/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest guest: says where it runs. */
#include "../runtime/cpu.h"

#define LOADER_MAGIC 0x2badb002
#define INFO_MEMORY  1

struct multiboot_info {
    u32 flags, mem_lower, mem_upper;       /* sizes in KiB */
};

static void print_processor(void)
{
    if (!has_cpuid()) {
        print("id: processor without CPUID\n");
        return;
    }
    struct cpuid leaf = cpuid(0);
    u32 vendor[4] = {leaf.ebx, leaf.edx, leaf.ecx, 0};
    u32 signature = cpuid(1).eax;
    print("id: ");
    print((const char *)vendor);
    print(" family ");
    print_dec(signature >> 8 & 15);
    print(" model ");
    print_dec(signature >> 4 & 15);
    print(" stepping ");
    print_dec(signature & 15);
    print("\n");
}

int main(u32 magic, const struct multiboot_info *info)
{
    print("hello from x86, 32-bit protected mode\n");
    print_processor();
    if (magic == LOADER_MAGIC && info->flags & INFO_MEMORY) {
        /* Firmware keeps a little at the top for itself: round up to whole MiB. */
        print("memory ");
        print_dec((info->mem_upper + 1024 + 1023) >> 10);
        print(" MiB\n");
    } else {
        print("memory unknown\n");
    }
    return 0;
}
