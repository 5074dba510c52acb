/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC: descriptor tables, 8259A pair, 8254, 16550A, two-level paging. */
#include "../bench.h"
#include "../../x86/runtime/cpu.h"
#include "../../x86/runtime/descriptor.h"
#include "../../x86/runtime/pic.h"

#define TRAP_CALL  0x30
#define LEAVE_USER 0x31
#define IRQ_PIT    0
#define IRQ_COM1   4
#define COM1       0x3f8
#define IER        (COM1 + 1)
#define IIR        (COM1 + 2)
#define MCR        (COM1 + 4)
#define LSR        (COM1 + 5)
#define SCRATCH    (COM1 + 7)
#define IER_THRE   0x02
#define LSR_THRE   0x20
#define PIT        0x40
#define PIT_MODE   0x43
#define COUNTER0_LOW_MODE0 0x10
#define PIT_COUNTS(microseconds) ((microseconds) * 1193 / 1000 + 1)

extern const u8 trap_call_entry[], leave_user_entry[], trap_stack_top[];

static struct tss tss;
volatile u32 interrupts;

void machine_open(void)
{
    set_flat_segments();
    tss.ss0 = DATA0;
    tss.esp0 = (u32)trap_stack_top;
    tss.io_base = sizeof tss;
    set_segment(TSS_MAIN, (u32)&tss, sizeof tss - 1, ACCESS_TSS, 0);
    set_exception_gates();
    set_gate(&idt[TRAP_CALL], CODE0, (u32)trap_call_entry, GATE_INT32 | DPL(3), 0);
    set_gate(&idt[LEAVE_USER], CODE0, (u32)leave_user_entry, GATE_INT32 | DPL(3), 0);
    load_descriptor_tables();
    __asm__ volatile("ltr %w0" : : "r"(TSS_MAIN));
}

void trap(struct frame *frame)
{
    u32 irq = frame->vector - IRQ_BASE;
    if (irq != IRQ_PIT && irq != IRQ_COM1) {
        print("unexpected trap");
        print_field("vector", frame->vector);
        print_field("eip", frame->eip);
        print("\n");
        exit_guest(1);
    }
    if (irq == IRQ_COM1)
        inb(IIR);                          /* reading it withdraws the request */
    interrupts++;
    pic_eoi(irq);
}

void interrupts_open(void)
{
    /* Let a count that the firmware began run out, and its edge arrive at the controller
     * (later, on QEMU, than the timer's own status shows); opening it forgets the edge. */
    outb(PIT_MODE, COUNTER0_LOW_MODE0);
    pic_open();
    outb(PIT, 1);
    while (!(inb(PIC1) & 1))
        ;
    outb(MCR, 0x0b);                       /* OUT2 lets the interrupt out */
    pic_open();
    pic_mask(~(1u << IRQ_PIT | 1u << IRQ_COM1));
    __asm__ volatile("sti");
}

/* Enabling the transmitter's interrupt while it is empty raises it. */
void interrupt_raise(void)
{
    u32 before = interrupts;
    outb(IER, IER_THRE);
    while (interrupts == before)
        ;
    outb(IER, 0);
}

static u32 awaited;

static void timer_start(u32 microseconds)
{
    awaited = interrupts + 1;
    outb(PIT, (u8)PIT_COUNTS(microseconds));
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
    __asm__ volatile("cli");
}

/* STI opens interrupts behind the HLT that follows it: the tick cannot be missed. */
void machine_sleep(void)
{
    timer_start(SLEEP);
    while (interrupts != awaited)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
}

u32 device_status(void)
{
    return inb(LSR) & LSR_THRE;
}

u32 device_echo(u32 value)
{
    outb(SCRATCH, (u8)value);
    return inb(SCRATCH);
}

void code_write(u32 *code, u32 value)
{
    volatile u8 *byte = (u8 *)code;
    byte[0] = 0xb8;                        /* mov $value, %eax */
    *(volatile u32 *)(byte + 1) = value;
    byte[5] = 0xc3;                        /* ret */
    __asm__ volatile("" : : : "memory");
}

#define ENTRY 7                            /* present, writable, user */
#define CR0_PG 0x80000000u

static u32 directories[2][1024] __attribute__((aligned(4096)));
static u32 low[1024] __attribute__((aligned(4096)));
static u32 tables[2][1024] __attribute__((aligned(4096)));
static u32 memory[2][PAGES][1024] __attribute__((aligned(4096)));

u32 *spaces_open(void)
{
    for (u32 i = 0; i < 1024; i++)
        low[i] = i << 12 | ENTRY;
    for (u32 space = 0; space < 2; space++) {
        directories[space][0] = (u32)low | ENTRY;
        directories[space][WINDOW >> 22] = (u32)tables[space] | ENTRY;
        for (u32 page = 0; page < PAGES; page++)
            tables[space][page] = (u32)memory[space][page] | ENTRY;
    }
    write_cr3((u32)directories[0]);
    write_cr0(read_cr0() | CR0_PG);
    return (u32 *)WINDOW;
}

void space_enter(u32 space)
{
    write_cr3((u32)directories[space]);
}
