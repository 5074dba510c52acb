/* SPDX-License-Identifier: GPL-2.0-or-later */
/* External interrupts: PIT channel 0 on IRQ 0 and the RTC on IRQ 8. */
#include "situation.h"
#include "../runtime/pic.h"

#define PIT_COUNTER0 0x40
#define PIT_CONTROL  0x43
#define RTC_INDEX    0x70
#define RTC_DATA     0x71
#define WAIT_LIMIT   10000000

extern u32 initial_flags;

static u8 rtc_read(u8 index)
{
    outb(RTC_INDEX, index);
    return inb(RTC_DATA);
}

static void rtc_write(u8 index, u8 value)
{
    outb(RTC_INDEX, index);
    outb(RTC_DATA, value);
}

/* Mode 0 counts once and then leaves its output high: one edge. */
static void start_pit(u16 count)
{
    outb(PIT_CONTROL, 0x30);
    outb(PIT_COUNTER0, (u8)count);
    outb(PIT_COUNTER0, (u8)(count >> 8));
}

static void wait_pending(u32 irqs)
{
    for (int i = 0; i < WAIT_LIMIT; i++)
        if ((pic_read(OCW3_IRR) & irqs) == irqs)
            return;
    print("failed: interrupt request never came\n");
}

void restore_interrupts(void)
{
    outb(PIT_CONTROL, 0x30);               /* control word without a count: output stays low */
    rtc_write(0x0b, 0x02);
    rtc_read(0x0c);
    pic_open();
}

void prepare_irq0(void)
{
    pic_mask(0xfffe);
    start_pit(3000);
}

/* IOPL 3, so that the situation itself enables interrupts. */
void prepare_irq0_user(void)
{
    initial_flags = 0x3002;
    prepare_irq0();
}

void prepare_irq0_pending(void)
{
    pic_mask(0xfffe);
    start_pit(100);
    wait_pending(1);
}

void prepare_irq0_masked(void)
{
    start_pit(100);
    wait_pending(1);
}

void prepare_irq0_irq8_pending(void)
{
    pic_mask(0xfefa);
    start_pit(100);
    rtc_write(0x0a, 0x26);                 /* 1024 Hz */
    rtc_write(0x0b, 0x42);
    wait_pending(0x105);                   /* register C is not read: no second request */
}

int fix_end_loop(struct frame *f)
{
    f->ecx = 1;
    return 0;
}

/* Take the slave's request inside the handler of the master's. */
int fix_nested_irq(struct frame *f)
{
    static int depth;
    if (f->vector == IRQ_BASE && !depth) {
        depth = 1;
        __asm__ volatile("sti; nop; nop; cli");
        depth = 0;
    }
    return 0;
}
