/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MC146818 clock: periodic, update and alarm interrupts, memory. */
#include "timers.h"

#define SECONDS       0x00
#define SECONDS_ALARM 0x01
#define MINUTES_ALARM 0x03
#define HOURS_ALARM   0x05
#define ALWAYS        0xff                 /* an alarm byte that matches everything */
#define USER_MEMORY   0x50

u8 rtc_read(u8 index)
{
    outb(RTC_INDEX, index);
    return inb(RTC_DATA);
}

void rtc_write(u8 index, u8 value)
{
    outb(RTC_INDEX, index);
    outb(RTC_DATA, value);
}

void rtc_periodic(void)
{
    rtc_write(RTC_A, 0x26);
    rtc_read(RTC_C);
    rtc_write(RTC_B, B_24H | B_PIE);
}

void rtc_quiet(void)
{
    rtc_write(RTC_B, B_24H);
    rtc_read(RTC_C);
}

static u32 from_bcd(u8 value) { return (u32)(value >> 4) * 10 + (value & 15); }

static void test_rates(void)
{
    for (u8 rate = 6; rate <= 10; rate++) {
        pic_open();
        start_counts();
        pit_program(0, 2, 1193);
        rtc_write(RTC_A, 0x20 | rate);
        rtc_read(RTC_C);
        rtc_write(RTC_B, B_24H | B_PIE);
        pic_mask(0xfefa);
        int came = halt_until(IRQ_RTC, 4, IRQ_PIT);
        rtc_quiet();
        pic_mask(0xffff);
        print("rtc rate ");
        print_dec(rate);
        print_field("came", (u32)came);
        print_field("flags", rtc_flags & 0xc0);
        putch('\n');
    }
}

static void test_updates(void)
{
    pic_open();
    start_counts();
    pit_program(0, 2, 1193);
    rtc_write(SECONDS_ALARM, ALWAYS);
    rtc_write(MINUTES_ALARM, ALWAYS);
    rtc_write(HOURS_ALARM, ALWAYS);
    rtc_read(RTC_C);
    rtc_write(RTC_B, B_24H | B_UIE);
    pic_mask(0xfefa);
    int came = halt_until(IRQ_RTC, 1, IRQ_PIT);
    u32 first = from_bcd(rtc_read(SECONDS)), flags = rtc_flags;
    rtc_write(RTC_B, B_24H | B_UIE | B_AIE);
    rtc_flags = 0;
    came &= halt_until(IRQ_RTC, 2, IRQ_PIT);
    u32 second = from_bcd(rtc_read(SECONDS)), both = rtc_flags;
    u32 updating = rtc_read(RTC_A) & 0x80;
    rtc_quiet();
    pic_mask(0xffff);
    print_value("rtc update came", (u32)came);
    print_value("rtc update flags", flags & 0x90);
    print_value("rtc update and alarm flags", both & 0xb0);
    print_value("rtc seconds between", (second + 60 - first) % 60);
    print_value("rtc update in progress after", updating);
}

void test_rtc(void)
{
    print_value("rtc valid ram and time", rtc_read(RTC_D) & 0x80);
    u8 kept = rtc_read(USER_MEMORY);
    rtc_write(USER_MEMORY, 0x5a);
    u32 first = rtc_read(USER_MEMORY);
    rtc_write(USER_MEMORY, 0xa5);
    print_value("rtc memory", first << 8 | rtc_read(USER_MEMORY));
    rtc_write(USER_MEMORY, kept);
    test_rates();
    test_updates();
}
