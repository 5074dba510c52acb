/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The `virt` board: vectors, GICv2, the virtual generic timer, short-descriptor translation. */
#include "../bench.h"
#include <gic.h>

#define RAISED 1                           /* a software generated interrupt */
#define TICKS_PER_MICROSECOND 63           /* of 62.5 MHz */
#define SET_TIMER_CONTROL(v) MCR(15, 0, 14, 3, 1, v)
#define SET_TIMER_VALUE(v)   MCR(15, 0, 14, 3, 0, v)
#define TIMER_ON  1
#define TIMER_OFF 0
#define UART_FR   (VIRT_UART + 0x18)
#define UART_IBRD (VIRT_UART + 0x24)
#define FR_TXFF   0x20

extern u32 bench_vectors[];
volatile u32 interrupts;

void machine_open(void)
{
    SET_VBAR((u32)bench_vectors);
}

void irq(void)
{
    u32 interrupt = read32(GICC_IAR);
    if ((interrupt & 0x3ff) == INT_TIMER_VIRTUAL)
        SET_TIMER_CONTROL(TIMER_OFF);
    interrupts++;
    write32(GICC_EOIR, interrupt);
}

void interrupts_open(void)
{
    gic_init();
    gic_enable(INT_TIMER_VIRTUAL);
    asm volatile("cpsie i" : : : "memory");
}

void interrupt_raise(void)
{
    u32 before = interrupts;
    gic_send(RAISED);
    while (interrupts == before)
        ;
}

static u32 awaited;

static void timer_start(u32 microseconds)
{
    awaited = interrupts + 1;
    SET_TIMER_VALUE(microseconds * TICKS_PER_MICROSECOND);
    SET_TIMER_CONTROL(TIMER_ON);
}

void tick_start(void)
{
    timer_start(TICK);
}

void tick_wait(void)
{
    while (interrupts != awaited)
        ;
}

void sleep_open(void)
{
    interrupts_open();
    asm volatile("cpsid i" : : : "memory");
}

/* WFI with interrupts masked wakes all the same: the tick cannot be missed. */
void machine_sleep(void)
{
    timer_start(SLEEP);
    while (interrupts != awaited)
        asm volatile("dsb\n\twfi\n\tcpsie i\n\tisb\n\tcpsid i" : : : "memory");
}

u32 device_status(void)
{
    return read32(UART_FR) & FR_TXFF;
}

u32 device_echo(u32 value)
{
    write32(UART_IBRD, value);
    return read32(UART_IBRD);
}

void code_write(u32 *code, u32 value)
{
    volatile u32 *word = code;
    word[0] = 0xe3000000 | (value & 0xf000) << 4 | (value & 0xfff);    /* movw r0, #value */
    word[1] = 0xe12fff1e;                                              /* bx lr */
    MCR(15, 0, 7, 11, 1, code);                                        /* DCCMVAU */
    asm volatile("dsb" : : : "memory");
    MCR(15, 0, 7, 5, 1, code);                                         /* ICIMVAU */
    MCR(15, 0, 7, 5, 6, 0);                                            /* BPIALL */
    barrier();
}

#define SECTION 0x00c0eu                   /* normal memory, all may read and write */
#define DEVICE  0x00c06u
#define TABLE   0x00001u
#define PAGE    0x0003eu

static u32 sections[2][4096] __attribute__((aligned(16384)));
static u32 pages[2][256] __attribute__((aligned(1024)));
static u32 memory[2][PAGES][1024] __attribute__((aligned(4096)));

u32 *spaces_open(void)
{
    for (u32 space = 0; space < 2; space++) {
        for (u32 i = 0x400; i < 0x420; i++)
            sections[space][i] = i << 20 | SECTION;
        for (u32 i = 0x080; i < 0x0a0; i++)
            sections[space][i] = i << 20 | DEVICE;
        sections[space][WINDOW >> 20] = (u32)pages[space] | TABLE;
        for (u32 page = 0; page < PAGES; page++)
            pages[space][page] = (u32)memory[space][page] | PAGE;
    }
    MCR(15, 0, 2, 0, 2, 0);                                            /* TTBCR */
    MCR(15, 0, 2, 0, 0, (u32)sections[0]);                             /* TTBR0 */
    MCR(15, 0, 3, 0, 0, 1);                                            /* DACR: client */
    MCR(15, 0, 8, 7, 0, 0);                                            /* TLBIALL */
    barrier();
    SET_SCTLR(SCTLR() | 1);
    return (u32 *)WINDOW;
}

void space_enter(u32 space)
{
    MCR(15, 0, 2, 0, 0, (u32)sections[space]);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
}
