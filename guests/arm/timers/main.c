/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic timers CNTP and CNTV and the PL031, in each of their modes.  Only what does
 * not depend on how fast anything runs is printed: orders, counts, flags and relations.
 */
#include "gic.h"

#define ENABLE   1u
#define IMASK    2u
#define ISTATUS  4u
#define PATIENCE 20000000u                 /* polls before a wait counts as failed */
#define LONG     50000                     /* ticks: well beyond a few instructions */

struct timer {
    const char *name;
    u32 interrupt;
    u32 (*control)(void);
    void (*set_control)(u32 value);
    u32 (*value)(void);
    void (*set_value)(u32 ticks);
    u64 (*compare)(void);
    void (*set_compare)(u64 ticks);
    u64 (*count)(void);
};

#define TIMER(prefix, crm, compare_op, count_op) \
    static u32 prefix##_control(void) { return MRC(15, 0, 14, crm, 1); } \
    static void prefix##_set_control(u32 v) { MCR(15, 0, 14, crm, 1, v); } \
    static u32 prefix##_value(void) { return MRC(15, 0, 14, crm, 0); } \
    static void prefix##_set_value(u32 v) { MCR(15, 0, 14, crm, 0, v); } \
    static u64 prefix##_compare(void) { return MRRC(15, compare_op, 14); } \
    static void prefix##_set_compare(u64 v) { MCRR(15, compare_op, 14, v); } \
    static u64 prefix##_count(void) { barrier(); return MRRC(15, count_op, 14); }
TIMER(physical, 2, 2, 0)
TIMER(virtual, 3, 3, 1)

#define TABLE_ROW(prefix, title, number) \
    { title, number, prefix##_control, prefix##_set_control, prefix##_value, \
      prefix##_set_value, prefix##_compare, prefix##_set_compare, prefix##_count }
static const struct timer timers[] = {
    TABLE_ROW(physical, "CNTP", INT_TIMER_PHYSICAL),
    TABLE_ROW(virtual, "CNTV", INT_TIMER_VIRTUAL),
};

extern u32 timer_vectors[];

static volatile u32 taken;                 /* interrupts since the last reset of the log */
static volatile u32 order[16];
static void (*volatile on_interrupt)(u32 interrupt);

void irq(void)
{
    u32 interrupt = read32(GICC_IAR) & 0x3ff;
    if (interrupt == SPURIOUS)
        return;
    order[taken & 15] = interrupt;
    taken = taken + 1;
    if (on_interrupt)
        on_interrupt(interrupt);
    barrier();
    write32(GICC_EOIR, interrupt);
    barrier();
}

static const struct timer *timer_of(u32 interrupt)
{
    return &timers[interrupt == INT_TIMER_VIRTUAL];
}

static void mask(u32 interrupt)
{
    timer_of(interrupt)->set_control(ENABLE | IMASK);
}

static void open_irq(void)
{
    asm volatile("cpsie i\n\tnop\n\tisb\n\tnop\n\tcpsid i" : : : "memory");
}

static void forget(void (*handler)(u32))
{
    taken = 0;
    on_interrupt = handler;
}

/* Sleeps until `count` interrupts have come. */
static void wait_for(u32 count)
{
    for (u32 polls = 0; taken < count && polls < PATIENCE; polls++) {
        asm volatile("dsb\n\twfi" : : : "memory");
        open_irq();
    }
    if (taken < count)
        print("FAILED: an interrupt did not come\n");
}

static void say(const struct timer *timer, const char *what, u32 value)
{
    print(timer->name);
    print(" ");
    print(what);
    print(": ");
    print_dec(value);
    print("\n");
}

static void poll_status(const struct timer *timer)
{
    u32 polls = 0;
    while (!(timer->control() & ISTATUS) && polls < PATIENCE)
        polls++;
    if (polls == PATIENCE)
        print("FAILED: ISTATUS did not come\n");
}

static void check_registers(const struct timer *timer)
{
    timer->set_control(0);
    say(timer, "control, off", timer->control());
    u64 first = timer->count(), second = timer->count();
    say(timer, "count does not go back", second >= first);
    for (u32 polls = 0; timer->count() == first && polls < PATIENCE; polls++)
        ;
    say(timer, "count moves", timer->count() > first);

    timer->set_compare(0x123456789abcdef0ull);
    say(timer, "compare value read back", timer->compare() == 0x123456789abcdef0ull);
    first = timer->count();
    timer->set_value(1000000);
    second = timer->count();
    say(timer, "compare value follows TVAL",
        timer->compare() >= first + 1000000 && timer->compare() <= second + 1000000);
    timer->set_value((u32)-5);
    say(timer, "negative TVAL lies in the past", timer->compare() < timer->count());
    say(timer, "TVAL counts on below zero", (int)timer->value() < 0);
    first = timer->count();
    timer->set_compare(first + 0x100000000ull + LONG * 1000ull);
    say(timer, "TVAL is the low half of the distance", timer->value() <= LONG * 1000u);
}

static void check_status(const struct timer *timer)
{
    timer->set_control(0);
    timer->set_compare(0);
    say(timer, "expired but off, control without ISTATUS", timer->control() & ~ISTATUS);
    timer->set_control(ENABLE | IMASK);
    say(timer, "expired and masked, control", timer->control());
    barrier();
    say(timer, "expired and masked, pending", gic_pending(timer->interrupt));
    timer->set_control(ENABLE);
    barrier();
    say(timer, "expired and open, pending", gic_pending(timer->interrupt));
    timer->set_compare(~0ull);
    barrier();
    say(timer, "compare moved to the future, control", timer->control());
    say(timer, "compare moved to the future, pending", gic_pending(timer->interrupt));
    timer->set_control(ENABLE | IMASK);
    timer->set_value(LONG);
    poll_status(timer);
    say(timer, "polled: count has reached compare", timer->count() >= timer->compare());
    timer->set_control(0);
}

static void check_one_shot(const struct timer *timer)
{
    forget(mask);
    u64 start = timer->count();
    timer->set_value(LONG);
    timer->set_control(ENABLE);
    wait_for(1);
    say(timer, "one shot, interrupts", taken);
    say(timer, "one shot, number", order[0]);
    say(timer, "one shot, not early", timer->count() - start >= LONG);
    say(timer, "one shot, control", timer->control());
    open_irq();
    say(timer, "one shot, no second interrupt", taken);
    timer->set_control(0);
}

static const struct timer *periodic;
static u64 period_start;
static volatile u32 early;

static void next_period(u32 interrupt)
{
    (void)interrupt;
    if (periodic->count() < periodic->compare())
        early = early + 1;
    periodic->set_compare(periodic->compare() + LONG);
    if (taken == 10)
        periodic->set_control(0);
}

static void check_periodic(const struct timer *timer)
{
    forget(next_period);
    periodic = timer;
    early = 0;
    period_start = timer->count();
    timer->set_compare(period_start + LONG);
    timer->set_control(ENABLE);
    wait_for(10);
    say(timer, "periodic, interrupts", taken);
    say(timer, "periodic, early ones", early);
    say(timer, "periodic, ten periods have gone by",
        timer->count() - period_start >= 10ull * LONG);
    say(timer, "periodic, compare advanced by eleven",
        timer->compare() - period_start == 11ull * LONG);
}

/* A level that stays: the interrupt comes again until the timer is silenced. */
static void silence_third(u32 interrupt)
{
    if (taken == 3)
        mask(interrupt);
}

static void check_level(const struct timer *timer)
{
    forget(silence_third);
    timer->set_compare(0);
    timer->set_control(ENABLE);
    for (u32 i = 0; i < 5; i++)
        open_irq();
    say(timer, "level held, interrupts until masked", taken);
    timer->set_control(0);
}

static void check_masked_wait(const struct timer *timer)
{
    forget(mask);
    gic_disable(timer->interrupt);
    timer->set_value(LONG);
    timer->set_control(ENABLE);
    poll_status(timer);
    open_irq();
    say(timer, "disabled in the distributor, interrupts", taken);
    say(timer, "disabled in the distributor, pending", gic_pending(timer->interrupt));
    gic_enable(timer->interrupt);
    barrier();
    open_irq();
    say(timer, "enabled again, interrupts", taken);
    timer->set_control(0);
}

static void check_both(void)
{
    print("both timers\n");
    gic_priority(INT_TIMER_PHYSICAL, 0x40);
    gic_priority(INT_TIMER_VIRTUAL, 0x80);
    for (u32 round = 0; round < 2; round++) {
        forget(mask);
        for (u32 i = 0; i < 2; i++) {
            timers[i].set_compare(0);
            timers[i].set_control(ENABLE);
        }
        open_irq();
        open_irq();
        print("both expired, order:");
        for (u32 i = 0; i < taken; i++)
            print_field("id", order[i]);
        print("\n");
        gic_priority(INT_TIMER_PHYSICAL, 0x80);
        gic_priority(INT_TIMER_VIRTUAL, 0x40);
    }
    gic_priority(INT_TIMER_PHYSICAL, 0x80);
    gic_priority(INT_TIMER_VIRTUAL, 0x80);

    forget(mask);
    u64 now = timers[0].count();
    timers[0].set_compare(now + 40 * LONG);
    timers[1].set_compare(timers[1].count() + 20 * LONG);
    timers[0].set_control(ENABLE);
    timers[1].set_control(ENABLE);
    wait_for(2);
    print("virtual due first, order:");
    print_field("id", order[0]);
    print_field("id", order[1]);
    print("\n");
    timers[0].set_control(0);
    timers[1].set_control(0);
}

#define RTC_DR   (VIRT_RTC + 0x00)
#define RTC_MR   (VIRT_RTC + 0x04)
#define RTC_LR   (VIRT_RTC + 0x08)
#define RTC_CR   (VIRT_RTC + 0x0c)
#define RTC_IMSC (VIRT_RTC + 0x10)
#define RTC_RIS  (VIRT_RTC + 0x14)
#define RTC_MIS  (VIRT_RTC + 0x18)
#define RTC_ICR  (VIRT_RTC + 0x1c)

static void clear_rtc(u32 interrupt)
{
    (void)interrupt;
    write32(RTC_ICR, 1);
}

static void check_rtc(void)
{
    print_value("PL031 control", read32(RTC_CR));
    write32(RTC_IMSC, 0);
    write32(RTC_ICR, 1);
    write32(RTC_LR, 1000);
    u32 now = read32(RTC_DR);
    print_value("PL031 counter follows the load register", now - 1000 < 60);
    print_value("PL031 load register", read32(RTC_LR));
    write32(RTC_MR, now + 1);
    print_value("PL031 raw status before", read32(RTC_RIS));
    gic_enable(INT_RTC);
    forget(clear_rtc);
    write32(RTC_IMSC, 1);
    wait_for(1);
    print_value("PL031 interrupts", taken);
    print_value("PL031 counter at the match", read32(RTC_DR) - now >= 1);
    print_value("PL031 raw status after", read32(RTC_RIS));
    print_value("PL031 masked status after", read32(RTC_MIS));
    write32(RTC_IMSC, 0);
}

int main(void)
{
    SET_VBAR(timer_vectors);
    gic_init();
    MCR(15, 0, 14, 2, 1, 0);
    MCR(15, 0, 14, 3, 1, 0);
    print("id:");
    print_field("CNTFRQ", MRC(15, 0, 14, 0, 0));
    print("\n");
    for (u32 i = 0; i < 2; i++) {
        const struct timer *timer = &timers[i];
        check_registers(timer);
        check_status(timer);
        gic_enable(timer->interrupt);
        check_one_shot(timer);
        check_periodic(timer);
        check_level(timer);
        check_masked_wait(timer);
    }
    check_both();
    check_rtc();
    print("== done\n");
    return 0;
}
