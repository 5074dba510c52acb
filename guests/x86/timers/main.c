/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's timers and interrupt controllers.
 *
 * Only what holds at any speed is printed: counts reached, orders, flags,
 * relations.  Waiting by HLT has a second timer as its watchdog.  QEMU 7.2
 * leaves out some of the 8254, so these are not looked at: the null count bit,
 * a gate that stops the count, OUT in modes 1, 4 and 5. */
#include "timers.h"

volatile u32 ticks[16], order[8], order_count, isr_inside, rtc_flags;
int automatic_eoi, rtc_once;
u32 vector_base;

void trap(struct frame *f)
{
    u32 irq = f->vector - vector_base;
    if (f->vector < IRQ_BASE || irq > 15) {
        print_value("failed: unexpected vector", f->vector);
        exit_guest(2);
    }
    isr_inside = pic_read(OCW3_ISR);
    ticks[irq]++;
    if (order_count < 8)
        order[order_count++] = irq;
    if (irq == IRQ_RTC && rtc_once)
        rtc_write(RTC_B, B_24H);
    if (irq == IRQ_RTC)
        rtc_flags |= rtc_read(RTC_C);
    if (irq == IRQ_COM1) {
        inb(0x3fa);                        /* IIR: takes back the transmitter's request */
        outb(0x3f9, 0);
    }
    if (!automatic_eoi)
        pic_eoi(irq);
}

void start_counts(void)
{
    for (int i = 0; i < 16; i++)
        ticks[i] = 0;
    order_count = rtc_flags = isr_inside = 0;
}

/* Halt until an IRQ was taken often enough; the other timer ends a vain wait. */
int halt_until(u32 irq, u32 count, u32 watchdog_irq)
{
    while (ticks[irq] < count && ticks[watchdog_irq] < 5000)
        __asm__ volatile("sti; hlt; cli");
    return ticks[irq] >= count;
}

int wait_pending(u32 irqs)
{
    for (int i = 0; i < WAIT_LIMIT; i++)
        if ((pic_read(OCW3_IRR) & irqs) == irqs)
            return 1;
    return 0;
}

int main(void)
{
    set_flat_segments();
    set_exception_gates();
    load_descriptor_tables();
    vector_base = IRQ_BASE;
    pic_open();
    rtc_quiet();
    print("timers: x86\n");
    test_pit_counters();
    test_pit_interrupts();
    test_pic();
    test_rtc();
    print("== done\n");
    return 0;
}
