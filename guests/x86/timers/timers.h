/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the timers guest share: interrupt counts and waiting. */
#ifndef TIMERS_H
#define TIMERS_H

#include "../runtime/descriptor.h"
#include "../runtime/pic.h"

#define WAIT_LIMIT 20000000
#define IRQ_PIT    0
#define IRQ_COM1   4
#define IRQ_RTC    8

#define RTC_INDEX  0x70
#define RTC_DATA   0x71
#define RTC_A      0x0a
#define RTC_B      0x0b
#define RTC_C      0x0c
#define RTC_D      0x0d
#define B_24H      0x02
#define B_UIE      0x10
#define B_AIE      0x20
#define B_PIE      0x40

extern volatile u32 ticks[16];             /* interrupts taken, by IRQ */
extern volatile u32 order[8], order_count; /* the first IRQs, as they came */
extern volatile u32 isr_inside;            /* ISR as the last handler found it */
extern volatile u32 rtc_flags;             /* every register C that the handler read, ORed */
extern int automatic_eoi;
extern int rtc_once;                       /* the handler ends the periodic interrupt */
extern u32 vector_base;

void start_counts(void);
int halt_until(u32 irq, u32 count, u32 watchdog_irq);
int wait_pending(u32 irqs);

void pit_program(u32 channel, u32 mode, u32 count);
u32 pit_latch(u32 channel);
void rtc_periodic(void);                   /* 1024 Hz, IRQ 8 */
void rtc_quiet(void);
u8 rtc_read(u8 index);
void rtc_write(u8 index, u8 value);

void test_pit_counters(void);
void test_pit_interrupts(void);
void test_pic(void);
void test_rtc(void);

#endif
