/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IRQ and FIQ through the GIC: masks, priorities, preemption, nesting, timers, waiting. */
#include "situation.h"
#include "gic.h"

#define CTLR_GROUP0   0x001u
#define CTLR_GROUP1   0x002u
#define CTLR_ACKCTL   0x004u
#define CTLR_FIQEN    0x008u
#define CTLR_EOIMODE  0x200u

#define TIMER_ENABLE  1u
#define TIMER_IMASK   2u
#define PATIENCE      100000

#define LOW_PRIORITY  0xa0
#define HIGH_PRIORITY 0x40

static void (*in_handler)(u32 interrupt);   /* run between acknowledge and end */

static void show(const struct frame *frame, u32 interrupt)
{
    trap_count++;
    print_name();
    print(frame->vector == VECTOR_FIQ ? " fiq" : " irq");
    print_field("id", interrupt);
    /* Which instruction is interrupted, and so its flags, is up to the implementation. */
    print_field("spsr", frame->spsr & 0x1ff);
    u32 cpsr;
    asm volatile("mrs %0, cpsr" : "=r"(cpsr));
    print_field("cpsr", cpsr & 0x1ff);
    print("\n");
}

static void serve(struct frame *frame)
{
    u32 acknowledged = read32(GICC_IAR);
    u32 interrupt = acknowledged & 0x3ff;
    show(frame, interrupt);
    if (interrupt == INT_TIMER_PHYSICAL)
        MCR(15, 0, 14, 2, 1, TIMER_ENABLE | TIMER_IMASK);
    if (interrupt == INT_TIMER_VIRTUAL)
        MCR(15, 0, 14, 3, 1, TIMER_ENABLE | TIMER_IMASK);
    if (in_handler && interrupt != SPURIOUS)
        in_handler(interrupt);
    if (interrupt != SPURIOUS)
        write32(GICC_EOIR, acknowledged);
    barrier();
}

static void open_irq(void)
{
    asm volatile("cpsie i\n\tnop\n\tisb\n\tnop\n\tcpsid i" : : : "memory");
}

static void open_fiq(void)
{
    asm volatile("cpsie f\n\tnop\n\tisb\n\tnop\n\tcpsid f" : : : "memory");
}

static void open_both(void)
{
    asm volatile("cpsie if\n\tnop\n\tisb\n\tnop\n\tcpsid if" : : : "memory");
}

static u32 isr(void)
{
    return MRC(15, 0, 12, 1, 0) & 0xc0;
}

static void check_masks(void)
{
    begin("SGI masked by CPSR.I");
    gic_send(1);
    result("ISR", isr());
    result("HPPIR", read32(GICC_HPPIR));
    open_irq();
    result("ISR after", isr());
    begin("spurious acknowledge");
    result("IAR", read32(GICC_IAR));

    begin("priority mask");
    gic_send(2);
    write32(GICC_PMR, 0x80);
    barrier();
    result("ISR at equal priority", isr());
    write32(GICC_PMR, 0x88);
    barrier();
    result("ISR above", isr());
    open_irq();
    write32(GICC_PMR, 0xff);

    begin("distributor disabled");
    write32(GICD_CTLR, 0);
    gic_send(3);
    result("ISR", isr());
    write32(GICD_CTLR, 1);
    barrier();
    open_irq();

    begin("interface disabled");
    write32(GICC_CTLR, 0);
    gic_send(4);
    result("ISR", isr());
    write32(GICC_CTLR, 1);
    barrier();
    open_irq();

    begin("SPI by ISPENDR, not enabled");
    gic_pend(100);
    barrier();
    result("ISR", isr());
    result("pending", gic_pending(100));
    gic_enable(100);
    barrier();
    open_irq();
    result("pending after", gic_pending(100));

    begin("pending withdrawn");
    gic_pend(101);
    gic_enable(101);
    barrier();
    write32(GICD_ICPENDR + 12, 1u << 5);
    barrier();
    open_irq();
    result("pending", gic_pending(101));
}

static void check_order(void)
{
    begin("order by priority");
    gic_priority(1, 0xc0);
    gic_priority(2, 0x20);
    gic_priority(100, 0x60);
    gic_send(1);
    gic_send(2);
    gic_pend(100);
    barrier();
    open_irq();
    open_irq();
    open_irq();
    begin("order by number");
    for (u32 interrupt = 1; interrupt < 4; interrupt++)
        gic_priority(interrupt, 0x80);
    gic_send(3);
    gic_send(1);
    gic_send(2);
    open_irq();
    open_irq();
    open_irq();
    gic_priority(100, 0x80);
}

static void nothing(void)
{
    asm volatile("nop\n\tnop");
}

static void raise_higher(u32 interrupt)
{
    if (interrupt != 6)
        return;
    result("running priority", read32(GICC_RPR));
    result("active", gic_active(6));
    gic_send(7);
    call_with_irq(nothing);
    result("running priority again", read32(GICC_RPR));
}

static void check_preemption(void)
{
    in_handler = raise_higher;
    gic_priority(6, LOW_PRIORITY);
    gic_priority(7, HIGH_PRIORITY);
    begin("preempted by a higher priority");
    gic_send(6);
    open_irq();
    result("running priority, idle", read32(GICC_RPR));
    begin("not preempted by the same priority");
    gic_priority(7, LOW_PRIORITY);
    gic_send(6);
    open_irq();
    open_irq();
    begin("not preempted within a priority group");
    gic_priority(7, HIGH_PRIORITY);
    write32(GICC_BPR, 7);
    gic_send(6);
    open_irq();
    open_irq();
    write32(GICC_BPR, 0);
    in_handler = 0;
}

static void end_in_two_steps(u32 interrupt)
{
    write32(GICC_EOIR, interrupt);
    result("active after EOIR", gic_active(interrupt));
    result("running priority after EOIR", read32(GICC_RPR));
    write32(GICC_DIR, interrupt);
    result("active after DIR", gic_active(interrupt));
}

static void serve_split(struct frame *frame)
{
    u32 interrupt = read32(GICC_IAR) & 0x3ff;
    show(frame, interrupt);
    result("active", gic_active(interrupt));
    end_in_two_steps(interrupt);
}

static void check_split_end(void)
{
    begin("EOI and deactivation apart");
    interrupt_handler = serve_split;
    write32(GICC_CTLR, CTLR_GROUP0 | CTLR_EOIMODE);
    gic_pend(100);
    barrier();
    open_irq();
    write32(GICC_CTLR, CTLR_GROUP0);
    interrupt_handler = serve;
}

static void trap_inside(u32 interrupt)
{
    void (*handler)(struct frame *) = interrupt_handler;
    interrupt_handler = 0;
    if (interrupt == 8)
        asm volatile(".inst 0xe7f000f0");
    if (interrupt == 9)
        asm volatile("ldr r12, [%0]" : : "r"(MAP_FAULT) : "r12", "memory");
    if (interrupt == 10)
        asm volatile("svc #0x77" : : : "memory");
    interrupt_handler = handler;
}

static void check_traps_inside(void)
{
    in_handler = trap_inside;
    begin("udf in an IRQ handler");
    gic_send(8);
    open_irq();
    begin("data abort in an IRQ handler");
    gic_send(9);
    open_irq();
    begin("svc in an IRQ handler");
    gic_send(10);
    open_irq();
    in_handler = 0;
}

static void fiq_inside(u32 interrupt)
{
    if (interrupt != 12)
        return;
    gic_send(11);
    asm volatile("cpsie f\n\tnop\n\tisb\n\tnop\n\tcpsid f" : : : "memory");
}

static void check_fiq(void)
{
    write32(GICD_IGROUPR, 1u << 12);
    write32(GICD_CTLR, 3);
    write32(GICC_CTLR, CTLR_GROUP0 | CTLR_GROUP1 | CTLR_FIQEN | CTLR_ACKCTL);
    begin("group 0 as FIQ");
    gic_send(11);
    result("ISR", isr());
    open_irq();                             /* a FIQ is not held back or let in by I */
    open_fiq();
    begin("group 1 as IRQ");
    gic_send(12);
    result("ISR", isr());
    open_fiq();
    open_irq();
    begin("FIQ before IRQ");
    gic_priority(11, 0x40);
    gic_send(12);
    gic_send(11);
    open_both();
    open_both();
    begin("FIQ in an IRQ handler");
    in_handler = fiq_inside;
    gic_send(12);
    open_irq();
    in_handler = 0;
    begin("group 1 read without AckCtl");
    write32(GICC_CTLR, CTLR_GROUP0 | CTLR_GROUP1 | CTLR_FIQEN);
    gic_send(12);
    result("IAR", read32(GICC_IAR));
    write32(GICC_CTLR, CTLR_GROUP0 | CTLR_GROUP1 | CTLR_FIQEN | CTLR_ACKCTL);
    open_irq();
    write32(GICD_IGROUPR, 0);
    write32(GICD_CTLR, 1);
    write32(GICC_CTLR, 1);
    barrier();
}

static void wait_for_pending(void)
{
    for (u32 tries = 0; tries < PATIENCE && !isr(); tries++)
        asm volatile("dsb\n\twfi" : : : "memory");
    result("ISR", isr());
}

static void check_timers(void)
{
    gic_enable(INT_TIMER_PHYSICAL);
    gic_enable(INT_TIMER_VIRTUAL);
    begin("CNTP, compare value in the past");
    MCRR(15, 2, 14, 0);
    MCR(15, 0, 14, 2, 1, TIMER_ENABLE);
    open_irq();
    result("CTL", MRC(15, 0, 14, 2, 1));
    begin("CNTV, compare value in the past");
    MCRR(15, 3, 14, 0);
    MCR(15, 0, 14, 3, 1, TIMER_ENABLE);
    open_irq();
    result("CTL", MRC(15, 0, 14, 3, 1));
    MCR(15, 0, 14, 3, 1, 0);

    begin("WFI, IRQ masked: wakes and is not taken");
    MCR(15, 0, 14, 2, 0, 20000);
    MCR(15, 0, 14, 2, 1, TIMER_ENABLE);
    wait_for_pending();
    result("CTL", MRC(15, 0, 14, 2, 1));
    open_irq();

    begin("WFI, IRQ open: taken, then goes on");
    u32 before = trap_count;
    MCR(15, 0, 14, 2, 0, 20000);
    MCR(15, 0, 14, 2, 1, TIMER_ENABLE);
    asm volatile("cpsie i" : : : "memory");
    for (u32 tries = 0; tries < PATIENCE && *(volatile u32 *)&trap_count == before; tries++)
        asm volatile("dsb\n\twfi" : : : "memory");
    asm volatile("cpsid i" : : : "memory");
    result("taken", trap_count - before);
    MCR(15, 0, 14, 2, 1, 0);

    begin("WFI with an interrupt already pending");
    gic_send(1);
    asm volatile("dsb\n\twfi" : : : "memory");
    open_irq();
}

extern const struct situation situations_interrupted[];

void check_interrupts(void)
{
    gic_init();
    interrupt_handler = serve;
    check_masks();
    check_order();
    check_preemption();
    check_split_end();
    check_traps_inside();
    check_fiq();
    check_timers();
    run_group(situations_interrupted);
    interrupt_handler = 0;
}
