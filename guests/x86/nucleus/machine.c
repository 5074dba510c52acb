/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC: descriptor tables, 8259A pair, 8254, and the loader's command line. */
#include "../../nucleus/nucleus.h"
#include "pic.h"

#define IRQ_PIT       0
#define PIT_COUNTER0  0x40
#define PIT_MODE      0x43
#define MODE2_BOTH    0x34                 /* counter 0, both bytes, rate generator */

#define VECTORS       0x83
#define GDT_ENTRIES   (TSS_MAIN / 8 + 1)

struct stub {
    u32 vector, address;
};
extern const struct stub stubs[];          /* entry.S; the last has address 0 */

static struct descriptor table[GDT_ENTRIES] __attribute__((aligned(8)));
static struct descriptor gates[VECTORS] __attribute__((aligned(8)));
static struct tss task;

void kernel(const char *command_line);

static void segment(u32 selector, u32 base, u32 limit, u32 access, u32 flags)
{
    struct descriptor *entry = &table[selector / 8];
    entry->low = (base & 0xffff) << 16 | (limit & 0xffff);
    entry->high = (base & 0xff000000) | flags << 20 | (limit & 0xf0000) | access << 8
        | (base >> 16 & 0xff);
}

#ifdef PARA
/* A machine without a hypervisor answers hypercalls with zero, by a gate of ours. */
static void traps_open(const struct table_register *idt)
{
    static u32 handlers[256];
    for (const struct stub *stub = stubs; stub->address; stub++)
        handlers[stub->vector] = stub->address;
    __asm__ volatile("lidt %0" : : "m"(*idt));
    para_open();
    hyper(HYPER_TRAPS, (u32)handlers, 0);
}
#else
static void traps_open(const struct table_register *idt)
{
    (void)idt;
}
#endif

void machine_open(void)
{
    segment(CODE0, 0, 0xfffff, ACCESS_CODE, FLAT);
    segment(DATA0, 0, 0xfffff, ACCESS_DATA, FLAT);
    segment(CODE3, 0, 0xfffff, ACCESS_CODE | DPL(3), FLAT);
    segment(DATA3, 0, 0xfffff, ACCESS_DATA | DPL(3), FLAT);
    segment(TSS_MAIN, (u32)&task, sizeof task - 1, ACCESS_TSS, 0);
    task.ss0 = DATA0;
    task.io_base = sizeof task;
    for (const struct stub *stub = stubs; stub->address; stub++) {
        gates[stub->vector].low = CODE0 << 16 | (stub->address & 0xffff);
        gates[stub->vector].high = (stub->address & 0xffff0000) | GATE_INT32 << 8
            | (stub->vector == CALL_VECTOR ? DPL(3) << 8 : 0);
    }
    struct table_register gdt = {sizeof table - 1, (u32)table}, idt = {sizeof gates - 1, (u32)gates};
    traps_open(&idt);
    tables_load(&gdt, &idt);
    if (!tables_good(&gdt, &idt))
        panic("descriptor tables are not as loaded");
    pic_open();
}

void kernel_stack_set(u32 top)
{
    task.esp0 = top;
    stack_register(top);
}

void timer_open(u32 tick)
{
    u32 count = tick * 1193 / 1000 + 1;    /* of 1.193182 MHz */
    outb(PIT_MODE, MODE2_BOTH);
    outb(PIT_COUNTER0, (u8)count);
    outb(PIT_COUNTER0, (u8)(count >> 8));
    pic_mask(~(1u << IRQ_PIT));
}

void timer_close(void)
{
    pic_mask(~0u);
}

void timer_acknowledge(void)
{
    pic_eoi(IRQ_PIT);
}

/* Multiboot 0.6.96, section 3.3: bit 2 of the flags says that there is a command line. */
int main(u32 magic, const u32 *information)
{
    (void)magic;
    kernel(information[0] & 4 ? (const char *)information[4] : "");
    return 0;
}
