/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console on COM1 (16550A, polled) and the way out (isa-debug-exit). */
#include "ports.h"

#define COM1       0x3f8
#define THR        (COM1 + 0)
#define DLL        (COM1 + 0)
#define IER        (COM1 + 1)
#define DLM        (COM1 + 1)
#define FCR        (COM1 + 2)
#define LCR        (COM1 + 3)
#define MCR        (COM1 + 4)
#define LSR        (COM1 + 5)
#define LSR_THRE   0x20
#define LSR_TEMT   0x40
#define EXIT_PORT  0xf4
#define WAIT_LIMIT 100000000

void console_open(void)
{
    outb(IER, 0);
    outb(LCR, 0x80);
    outb(DLL, 1);                          /* 115200 baud */
    outb(DLM, 0);
    outb(LCR, 0x03);                       /* 8 bits, no parity, one stop bit */
    outb(FCR, 0x07);
    outb(MCR, 0x03);
}

static void wait_for(u8 bits)
{
    for (int i = 0; i < WAIT_LIMIT; i++)
        if ((inb(LSR) & bits) == bits)
            return;
}

void putch(char c)
{
    wait_for(LSR_THRE);
    outb(THR, (u8)c);
}

/* The exit device turns the value written, v, into the status (v << 1) | 1. */
void exit_guest(int status)
{
    wait_for(LSR_THRE | LSR_TEMT);
    outl(EXIT_PORT, (u32)status);
    for (;;)
        __asm__ volatile("cli; hlt");
}
