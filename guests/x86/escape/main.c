/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that looks for the monitor beneath it: by jumping into instructions that
 * might be replaced, by reading, writing and running code, by mapping its page tables
 * twice, by stacks where no memory is, and by reading back every privileged register.
 * On every processor, real or virtual, it finds the same. */
#include "escape.h"
#include "../runtime/cpu.h"

#define EFLAGS_RF 0x10000
#define EFLAGS_TF 0x100

extern const struct attempt situations_begin[], situations_end[];
extern u8 trap_stack_top[];
struct tss tss;
u32 expected_fault;                        /* nonzero: where a page fault that comes goes on */
static u32 steps;
static const struct attempt *current;

static void report(const struct frame *f)
{
    print_field("trap", f->vector);
    print_field("error", f->error & ~1u);
    print_field("eax", f->eax);
    print_field("ebx", f->ebx);
    print_field("cs", f->cs & 0xffff);
    print_field("flags", f->eflags & ~(u32)EFLAGS_RF);
    print_value(" in", f->entry_flags & 0x7700);
}

void trap(struct frame *f)
{
    if (f->vector == 14 && expected_fault) {
        print_field("fault", f->error);
        print_value(" at", read_cr2());
        f->eip = expected_fault;
        return;
    }
    print(current ? current->name : "?");
    report(f);
    if (f->vector == 1 && ++steps < 4) {
        f->eflags &= ~(u32)EFLAGS_TF;
        return;
    }
    leave();
}

static void build_tables(void)
{
    set_flat_segments();
    set_segment(CODE1, 0, 0xfffff, ACCESS_CODE | DPL(1), FLAT);
    set_segment(DATA1, 0, 0xfffff, ACCESS_DATA | DPL(1), FLAT);
    set_segment(TSS_MAIN, (u32)&tss, sizeof tss - 1, ACCESS_TSS, 0);
    set_exception_gates();
    set_gate(&idt[END], CODE0, vector_stubs[END], GATE_INT32 | DPL(3), 0);
    set_gate(&idt[3], CODE0, vector_stubs[3], GATE_TRAP32 | DPL(3), 0);
    tss.esp0 = tss.esp1 = (u32)trap_stack_top;
    tss.ss0 = DATA0;
    tss.io_base = sizeof tss;
    load_descriptor_tables();
    __asm__ volatile("ltr %w0" : : "r"(TSS_MAIN));
}

int main(void)
{
    print("escape: x86\n");
    build_tables();
    for (current = situations_begin; current < situations_end; current++) {
        steps = 0;
        tss.link = 0;
        enter(current->code, current->ring, current->stack, current->flags);
        write_cr4(read_cr4() & ~4u);
    }
    current = 0;
    registers_read_back();
    code_that_changes();
    tables_mapped_twice();
    print("== done\n");
    return 0;
}
