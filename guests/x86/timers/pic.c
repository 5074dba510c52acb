/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two 8259As: priorities, end of interrupt, rotation, masks, poll.
 *
 * Three requests are raised with interrupts disabled and then let through:
 * IRQ 0 (PIT), IRQ 4 (UART transmitter empty), IRQ 8 (RTC, through IRQ 2). */
#include "timers.h"

#define REQUESTS    0x111
#define ALLOWED     0xfeea                 /* IRQs 0, 2, 4 and 8 */
#define COM1_IER    0x3f9
#define COM1_IIR    0x3fa
#define COM1_MCR    0x3fc
#define COM1_LSR    0x3fd
#define LSR_TEMT    0x40

static void wait_transmitter(void)
{
    for (int i = 0; i < WAIT_LIMIT && !(inb(COM1_LSR) & LSR_TEMT); i++)
        ;
}

/* ICW1 to ICW4 of both chips; the last word of the master varies. */
static void initialize(u8 icw4, u8 base)
{
    pic_open();
    vector_base = base;
    automatic_eoi = icw4 & 2;
    outb(PIC1, 0x11);
    outb(PIC1 + 1, base);
    outb(PIC1 + 1, 0x04);
    outb(PIC1 + 1, icw4);
    outb(PIC2, 0x11);
    outb(PIC2 + 1, (u8)(base + 8));
    outb(PIC2 + 1, 0x02);
    outb(PIC2 + 1, icw4);
}

static int raise_requests(void)
{
    start_counts();
    wait_transmitter();
    pic_mask(ALLOWED);
    pit_program(0, 0, 200);
    rtc_periodic();
    outb(COM1_MCR, 0x0b);                  /* OUT2 lets the UART's request through */
    outb(COM1_IER, 0x02);
    int pending = wait_pending(REQUESTS);
    return pending;
}

static void quiet(void)
{
    pic_mask(0xffff);
    outb(COM1_IER, 0);
    rtc_quiet();
}

static void take_all(void)
{
    __asm__ volatile("sti; nop; nop; nop; nop; cli");
}

static void print_order(const char *name, int pending)
{
    u32 count = order_count;
    quiet();
    print(name);
    if (!pending)
        print(" failed: nothing pending");
    for (u32 i = 0; i < count; i++) {
        putch(' ');
        print_dec(order[i]);
    }
    putch('\n');
}

static void test_priorities(void)
{
    initialize(0x01, IRQ_BASE);
    int pending = raise_requests();
    u32 irr = pic_read(OCW3_IRR), isr = pic_read(OCW3_ISR);
    take_all();
    u32 inside = isr_inside, after = pic_read(OCW3_ISR);
    print_order("pic order", pending);
    print_value("pic irr before", irr & 0x115);
    print_value("pic isr before", isr);
    print_value("pic isr inside the last", inside);
    print_value("pic isr after", after);

    /* IRQ 3 has the lowest priority: 4 comes first. */
    initialize(0x01, IRQ_BASE);
    pending = raise_requests();
    outb(PIC1, 0xc3);
    take_all();
    print_order("pic order, lowest is 3", pending);

    initialize(0x01, IRQ_BASE);
    pending = raise_requests();
    pic_mask(ALLOWED | 1);
    take_all();
    pic_mask(ALLOWED);
    take_all();
    print_order("pic order, 0 masked at first", pending);

    initialize(0x01, IRQ_BASE);
    pending = raise_requests();
    pic_mask(ALLOWED | 4);
    take_all();
    pic_mask(ALLOWED);
    take_all();
    print_order("pic order, cascade masked at first", pending);

    initialize(0x03, IRQ_BASE);
    pending = raise_requests();
    take_all();
    inside = isr_inside;
    print_order("pic order, automatic eoi", pending);
    print_value("pic isr inside, automatic eoi", inside);

    initialize(0x01, IRQ_BASE + 16);
    pending = raise_requests();
    take_all();
    print_order("pic order, vectors moved", pending);
    initialize(0x01, IRQ_BASE);
}

static void test_masks(void)
{
    for (u32 mask = 0; mask < 0x10000; mask += 0x5a5a) {
        pic_mask(mask | 0x101);
        print("pic mask");
        print_field("is", inb(PIC1 + 1) | (u32)inb(PIC2 + 1) << 8);
        putch('\n');
    }
    pic_mask(0xffff);
}

/* Poll takes the place of the acknowledge cycle. */
static void test_poll(void)
{
    initialize(0x01, IRQ_BASE);
    int pending = raise_requests();
    u8 polls[4];
    for (int i = 0; i < 4; i++) {
        outb(PIC1, 0x0c);
        polls[i] = inb(PIC1);
        if ((polls[i] & 0x87) == 0x82) {   /* the cascade: poll the slave too */
            outb(PIC2, 0x0c);
            polls[i] = inb(PIC2) | 0x10;
            outb(PIC2, EOI);
        }
        outb(PIC1, EOI);
        if (i == 1)
            rtc_quiet();
    }
    u32 isr = pic_read(OCW3_ISR);
    quiet();
    print("pic poll");
    print(pending ? "" : " failed: nothing pending");
    for (int i = 0; i < 4; i++)
        print_field("", polls[i] & 0x97);
    print_field("isr", isr);
    putch('\n');
}

/* Specific EOI, rotation on EOI, special mask mode, all with polled requests. */
static void test_end_of_interrupt(void)
{
    initialize(0x01, IRQ_BASE);
    raise_requests();
    outb(PIC1, 0x0c);
    inb(PIC1);                             /* IRQ 0 in service */
    u32 blocked = (outb(PIC1, 0x0c), inb(PIC1)) & 0x80;
    u32 isr_first = pic_read(OCW3_ISR) & 0xff;
    outb(PIC1 + 1, 0xeb);                  /* IRQ 0 masked, special mask mode */
    outb(PIC1, 0x68);
    u32 special = (outb(PIC1, 0x0c), inb(PIC1)) & 0x87;
    u32 isr_both = pic_read(OCW3_ISR) & 0xff;
    outb(PIC1, 0x48);
    outb(PIC1, 0x60);                      /* specific EOI of IRQ 0 */
    u32 isr_specific = pic_read(OCW3_ISR) & 0xff;
    outb(PIC1, 0xa0);                      /* rotate on non-specific EOI: IRQ 2 lowest */
    u32 isr_none = pic_read(OCW3_ISR) & 0xff;
    quiet();
    print_value("pic in service, next one", blocked);
    print_value("pic isr first", isr_first);
    print_value("pic special mask", special);
    print_value("pic isr both", isr_both);
    print_value("pic isr specific eoi", isr_specific);
    print_value("pic isr rotated", isr_none);

    initialize(0x01, IRQ_BASE);
    int pending = raise_requests();
    outb(PIC1, 0x0c);
    inb(PIC1);                             /* IRQ 0, then rotate: 0 becomes the lowest */
    outb(PIC1, 0xa0);
    pit_program(0, 0, 200);
    pending &= wait_pending(REQUESTS);
    take_all();
    print_order("pic order, rotated by eoi", pending);
}

static void test_cascade(void)
{
    initialize(0x01, IRQ_BASE);
    start_counts();
    pic_mask(0xfefb);
    rtc_periodic();
    int pending = wait_pending(0x100);
    take_all();
    u32 inside = isr_inside;
    quiet();
    print_value("pic cascade pending", (u32)pending);
    print_value("pic cascade isr inside", inside);
    print_value("pic cascade taken", ticks[IRQ_RTC] != 0);
}

void test_pic(void)
{
    rtc_once = 1;
    test_priorities();
    test_masks();
    test_poll();
    test_end_of_interrupt();
    test_cascade();
    rtc_once = 0;
}
