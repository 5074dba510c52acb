/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console by semihosting, a line at a time: boards differ in their UARTs. */
#include "print.h"

#define SYS_WRITE0        0x04
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT  0x20026

u32 semihost(u32 operation, const void *argument);

static char line[256];
static u32 length;

static void flush(void)
{
    line[length] = 0;
    length = 0;
    semihost(SYS_WRITE0, line);
}

void putch(char c)
{
    line[length++] = c;
    if (c == '\n' || length == sizeof line - 1)
        flush();
}

void exit_guest(int status)
{
    u32 block[2] = { APPLICATION_EXIT, (u32)status };
    flush();
    asm volatile("" : : : "memory");
    semihost(SYS_EXIT_EXTENDED, block);
    for (;;)
        ;
}
