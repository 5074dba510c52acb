/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PL011 as the guests' console, and the end of a guest. */
#include "cpu.h"
#include "virt.h"

#define UART_DR    (VIRT_UART + 0x000)
#define UART_FR    (VIRT_UART + 0x018)
#define UART_IBRD  (VIRT_UART + 0x024)
#define UART_FBRD  (VIRT_UART + 0x028)
#define UART_LCR_H (VIRT_UART + 0x02c)
#define UART_CR    (VIRT_UART + 0x030)
#define UART_IMSC  (VIRT_UART + 0x038)
#define FR_BUSY    0x08
#define FR_TXFF    0x20
#define PATIENCE   1000000                 /* polls before giving a UART up */

void power_off(int status) __attribute__((noreturn));

static void wait_while(u32 flag)
{
    for (u32 polls = 0; polls < PATIENCE && (read32(UART_FR) & flag); polls++)
        ;
}

void console_init(void)
{
    write32(UART_CR, 0);
    write32(UART_IMSC, 0);
    write32(UART_IBRD, 13);                /* 24 MHz / 16 / 115200 */
    write32(UART_FBRD, 1);
    write32(UART_LCR_H, 0x70);             /* eight bits, FIFOs on */
    write32(UART_CR, 0x301);               /* UARTEN TXE RXE */
}

void putch(char c)
{
    wait_while(FR_TXFF);
    write32(UART_DR, (u8)c);
}

void exit_guest(int status)
{
    wait_while(FR_BUSY);
    power_off(status);
}

void unexpected_trap(u32 number, u32 lr, u32 spsr)
{
    print("unexpected trap");
    print_field("vector", number);
    print_field("lr", lr);
    print_field("spsr", spsr);
    print("\n");
    exit_guest(1);
}
