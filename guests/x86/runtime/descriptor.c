/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds descriptors and loads the tables. */
#include "descriptor.h"

struct descriptor gdt[GDT_COUNT] __attribute__((aligned(8)));
struct descriptor idt[IDT_COUNT] __attribute__((aligned(8)));

void set_segment(u32 selector, u32 base, u32 limit, u32 access, u32 flags)
{
    struct descriptor *entry = &gdt[selector >> 3];
    entry->low = (base & 0xffff) << 16 | (limit & 0xffff);
    entry->high = (base & 0xff000000) | flags << 20 | (limit & 0xf0000) | access << 8
        | (base >> 16 & 0xff);
}

void set_gate(struct descriptor *entry, u32 selector, u32 offset, u32 type, u32 parameters)
{
    entry->low = selector << 16 | (offset & 0xffff);
    entry->high = (offset & 0xffff0000) | type << 8 | parameters;
}

void set_flat_segments(void)
{
    for (int i = 0; i < GDT_COUNT; i++)
        gdt[i].low = gdt[i].high = 0;
    set_segment(CODE0, 0, 0xfffff, ACCESS_CODE, FLAT);
    set_segment(DATA0, 0, 0xfffff, ACCESS_DATA, FLAT);
    set_segment(CODE3, 0, 0xfffff, ACCESS_CODE | DPL(3), FLAT);
    set_segment(DATA3, 0, 0xfffff, ACCESS_DATA | DPL(3), FLAT);
}

void set_exception_gates(void)
{
    for (int i = 0; i < IDT_COUNT; i++)
        set_gate(&idt[i], CODE0, vector_stubs[i], GATE_INT32, 0);
}

void load_descriptor_tables(void)
{
    struct table_register gdtr = {sizeof gdt - 1, (u32)gdt};
    struct table_register idtr = {sizeof idt - 1, (u32)idt};
    __asm__ volatile("lgdt %0; lidt %1; ljmp %2, $1f; 1: mov %3, %%ds; mov %3, %%es; mov %3, %%fs;"
                     "mov %3, %%gs; mov %3, %%ss"
                     : : "m"(gdtr), "m"(idtr), "i"(CODE0), "r"(DATA0) : "memory");
}
