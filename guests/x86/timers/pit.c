/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254: counters read back, output of channel 2, interrupts of channel 0. */
#include "timers.h"

#define COUNTER(n)   (0x40 + (n))
#define CONTROL      0x43
#define BOTH_BYTES   0x30
#define LOW_BYTE     0x10
#define HIGH_BYTE    0x20
#define BCD          1
#define STATUS_OUT   0x80
#define STATUS_KNOWN 0x3f                  /* without OUT and null count */
#define PORT_B       0x61
#define PORT_B_GATE  0x01
#define PORT_B_TOGGLE 0x10
#define PORT_B_OUT2  0x20

void pit_program(u32 channel, u32 mode, u32 count)
{
    outb(CONTROL, (u8)(channel << 6 | BOTH_BYTES | mode << 1));
    outb((u16)COUNTER(channel), (u8)count);
    outb((u16)COUNTER(channel), (u8)(count >> 8));
}

static u32 read_two_bytes(u32 channel)
{
    u32 low = inb((u16)COUNTER(channel));
    return low | (u32)inb((u16)COUNTER(channel)) << 8;
}

u32 pit_latch(u32 channel)
{
    outb(CONTROL, (u8)(channel << 6));
    return read_two_bytes(channel);
}

static u8 read_status(u32 channel)
{
    outb(CONTROL, (u8)(0xe0 | 2 << channel));
    return inb((u16)COUNTER(channel));
}

static int output2(void) { return (inb(PORT_B) & PORT_B_OUT2) != 0; }

static int wait_output2(int level)
{
    for (int i = 0; i < WAIT_LIMIT; i++)
        if (output2() == level)
            return 1;
    return 0;
}

static void gate2(int level) { outb(PORT_B, level ? PORT_B_GATE : 0); }

static void result(const char *name, u32 value)
{
    print(name);
    putch(' ');
    print_dec(value);
    putch('\n');
}

static void test_modes_by_status(void)
{
    for (u32 mode = 0; mode < 6; mode++) {
        pit_program(2, mode, 0x8000);
        print("pit status mode ");
        print_dec(mode);
        print_field("is", read_status(2) & STATUS_KNOWN);
        putch('\n');
    }
    outb(CONTROL, 0x80 | LOW_BYTE | 2 << 1 | BCD);
    outb(COUNTER(2), 0x50);
    print_value("pit status low byte, bcd", read_status(2) & STATUS_KNOWN);
    outb(CONTROL, 0x80 | HIGH_BYTE | 3 << 1);
    outb(COUNTER(2), 0x50);
    print_value("pit status high byte", read_status(2) & STATUS_KNOWN);
}

static void test_mode0(void)
{
    pit_program(2, 0, 0xffff);
    result("pit mode 0 output at first", (u32)output2());
    result("pit mode 0 status output", (read_status(2) & STATUS_OUT) != 0);
    u32 first = pit_latch(2), second = pit_latch(2);
    result("pit mode 0 counts down", second <= first && first);
    pit_program(2, 0, 2000);
    result("pit mode 0 output rises", (u32)wait_output2(1));
    result("pit mode 0 status output", (read_status(2) & STATUS_OUT) != 0);
    result("pit mode 0 stays high", (u32)output2());
}

static void trigger2(void)
{
    gate2(0);
    gate2(1);
}

/* A rising gate starts the count anew. */
static void test_trigger(const char *name, u32 mode)
{
    u32 before, after;
    pit_program(2, mode, 0xffff);
    trigger2();
    for (int i = 0; i < 1000; i++)
        inb(PORT_B);
    before = pit_latch(2);
    trigger2();
    after = pit_latch(2);
    result(name, before && after > before);
}

static void test_mode2(void)
{
    u32 limit = 1000, inside = 1, wraps = 0, last = limit + 1;
    pit_program(2, 2, limit);
    for (int i = 0; i < WAIT_LIMIT && wraps < 5; i++) {
        u32 now = pit_latch(2);
        inside &= now >= 1 && now <= limit;
        wraps += now > last;
        last = now;
    }
    result("pit mode 2 within its count", inside);
    result("pit mode 2 wraps", wraps);
}

static void test_mode3(void)
{
    u32 even = 1, inside = 1, edges = 0;
    int last;
    pit_program(2, 3, 1000);
    last = output2();
    result("pit mode 3 output at first", (u32)last);
    for (int i = 0; i < WAIT_LIMIT && edges < 8; i++) {
        u32 now = pit_latch(2);
        even &= !(now & 1);
        inside &= now <= 1000;
        if (output2() != last) {
            edges++;
            last = !last;
        }
    }
    result("pit mode 3 even", even);
    result("pit mode 3 within its count", inside);
    result("pit mode 3 edges", edges);
}

static void test_latch(void)
{
    pit_program(2, 0, 0xffff);
    outb(CONTROL, 0x80);
    for (int i = 0; i < 5000; i++)
        inb(PORT_B);
    outb(CONTROL, 0x80);                   /* ignored: the first latch was not read */
    u32 latched = read_two_bytes(2), now = pit_latch(2);
    result("pit latch is older", latched > now);
    outb(CONTROL, 0xc8);                   /* read-back: status and count of channel 2 */
    u32 status = inb(COUNTER(2)) & STATUS_KNOWN;
    u32 count = read_two_bytes(2);
    print_value("pit read-back status first", status);
    result("pit read-back count then", count && count <= now);
    outb(CONTROL, 0x80 | LOW_BYTE);        /* mode 0, low byte only */
    outb(COUNTER(2), 200);
    result("pit low byte only", inb(COUNTER(2)) <= 200);
}

static void test_refresh_toggle(void)
{
    u32 edges = 0, last = inb(PORT_B) & PORT_B_TOGGLE;
    for (int i = 0; i < WAIT_LIMIT && edges < 6; i++) {
        u32 now = inb(PORT_B) & PORT_B_TOGGLE;
        edges += now != last;
        last = now;
    }
    result("port 61 refresh toggles", edges);
    gate2(0);
    result("port 61 gate off", inb(PORT_B) & 3);
    gate2(1);
    result("port 61 gate on", inb(PORT_B) & 3);
}

void test_pit_counters(void)
{
    gate2(1);
    test_modes_by_status();
    test_mode0();
    test_trigger("pit mode 1 trigger restarts", 1);
    test_mode2();
    test_mode3();
    test_trigger("pit mode 5 trigger restarts", 5);
    test_latch();
    test_refresh_toggle();
}

/* One interrupt, however long one waits afterwards. */
static void test_single(const char *name, u32 mode, u32 reloads)
{
    pit_program(0, mode, 1);               /* a leftover edge must not count */
    for (int i = 0; i < 1000; i++)
        inb(PORT_B);
    pic_open();
    start_counts();
    for (u32 i = 0; i <= reloads; i++)
        pit_program(0, mode, 20000);
    pic_mask(0xfefa);
    rtc_periodic();
    int came = halt_until(IRQ_PIT, 1, IRQ_RTC);
    u32 seen = ticks[IRQ_RTC];
    halt_until(IRQ_RTC, seen + 40, IRQ_PIT);
    rtc_quiet();
    pic_mask(0xffff);
    result(name, came ? ticks[IRQ_PIT] : 0);
}

static void test_repeating(const char *name, u32 mode)
{
    pic_open();
    start_counts();
    pit_program(0, mode, 2000);
    pic_mask(0xfefa);
    rtc_periodic();
    int came = halt_until(IRQ_PIT, 25, IRQ_RTC);
    rtc_quiet();
    pic_mask(0xffff);
    result(name, came ? 25 : ticks[IRQ_PIT]);
}

static void test_masked(void)
{
    pic_open();
    start_counts();
    pit_program(0, 2, 2000);
    int pending = wait_pending(1);
    __asm__ volatile("sti; nop; nop; cli");
    result("pit masked, pending", (u32)pending);
    result("pit masked, taken", ticks[IRQ_PIT]);
    pic_mask(0xfffe);
    __asm__ volatile("sti; nop; nop; cli");
    pic_mask(0xffff);
    result("pit unmasked, taken", ticks[IRQ_PIT] != 0);
}

static void test_both(void)
{
    pic_open();
    start_counts();
    pit_program(0, 3, 3000);
    pic_mask(0xfefa);
    rtc_periodic();
    int both = halt_until(IRQ_PIT, 10, IRQ_RTC) && halt_until(IRQ_RTC, 10, IRQ_PIT);
    rtc_quiet();
    pic_mask(0xffff);
    result("pit and rtc together", (u32)both);
}

void test_pit_interrupts(void)
{
    test_single("pit mode 0 interrupts", 0, 0);
    test_single("pit mode 0 reloaded interrupts", 0, 3);
    test_single("pit mode 4 interrupts", 4, 0);
    test_repeating("pit mode 2 interrupts", 2);
    test_repeating("pit mode 3 interrupts", 3);
    test_masked();
    test_both();
}
