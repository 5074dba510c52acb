/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual-8086 mode, of any IOPL, with and without its extensions: what it is shown of the flags,
 * and what it may do to them. */
#include "escape.h"
#include "../runtime/cpu.h"

#define PLACE 0x9000
#define VM 0x20000
#define VIF 0x80000
#define VIP 0x100000
#define CPUID_VME 2
#define CR4_VME 1

void enter_v86(u32 flags);

static const struct {
    const char *name;
    u8 code[12];
} pieces[] = {
    {"v86-pushf", {0x9c, 0x58, 0xcd, END}},
    {"v86-pushfd", {0x66, 0x9c, 0x66, 0x58, 0xcd, END}},
    {"v86-cli", {0xfa, 0x9c, 0x58, 0xcd, END}},
    {"v86-sti", {0xfb, 0x90, 0x9c, 0x58, 0xcd, END}},
    {"v86-popf", {0x68, 0xd7, 0x7e, 0x9d, 0x9c, 0x58, 0xcd, END}},
    {"v86-iret", {0x68, 0xd7, 0x3e, 0x0e, 0x68, 0x08, 0x00, 0xcf, 0x9c, 0x58, 0xcd, END}},
    {"v86-smsw", {0x0f, 0x01, 0xe0, 0xcd, END}},
    {"v86-sgdt", {0x0f, 0x01, 0x06, 0x00, 0x08, 0xa1, 0x02, 0x08, 0xcd, END}},
    {"v86-mov-cs", {0x8c, 0xc8, 0x8e, 0xd8, 0x8c, 0xdb, 0xcd, END}},
    {"v86-mov-cr0", {0x0f, 0x20, 0xc0, 0xcd, END}},
    {"v86-str", {0x0f, 0x00, 0xc8, 0xcd, END}},
    {"v86-int", {0xcd, 0x41, 0xcd, END}},
    {"v86-hlt", {0xf4, 0xcd, END}},
};

static void run(u32 flags)
{
    for (u32 i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        for (u32 b = 0; b < sizeof pieces[i].code; b++)
            ((volatile u8 *)PLACE)[b] = pieces[i].code[b];
        name_attempt(pieces[i].name);
        enter_v86(flags | VM | 2);
    }
}

void virtual_8086_mode(void)
{
    u32 *vectors = (u32 *)0;
    __asm__ volatile("" : "+r"(vectors));  /* which are at 0 */
    vectors[0x41] = (PLACE >> 4) << 16 | 0x20;
    *(volatile u8 *)(PLACE + 0x20) = 0xcf;  /* iret */
    for (u32 iopl = 0; iopl <= 3; iopl += 3) {
        run(iopl << 12);
        run(iopl << 12 | 0x200);
    }
    if (cpu_features() & CPUID_VME) {
        write_cr4(read_cr4() | CR4_VME);
        run(0);
        run(VIF);
        run(VIF | VIP);
        run(0x3000 | VIF);
        write_cr4(read_cr4() & ~(u32)CR4_VME);
    }
}
