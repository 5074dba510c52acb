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
extern u8 code16_begin[], gate_target[], task_code[], real_begin[], real_end[], real_vector[];
struct tss tss;
static struct tss task;
u32 expected_fault;                        /* nonzero: where a page fault that comes goes on */
static u32 steps;
static const struct attempt *current;

void name_attempt(const char *name)
{
    static struct attempt named;
    named.name = name;
    current = &named;
    steps = 0;
}

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

/* What the attempts of segments.S use. */
static void other_segments(void)
{
    static u32 task_stack[64];
    u32 *vectors = (u32 *)0;
    set_segment(CODE_LOW, LOW_BASE, 0xfffff, ACCESS_CODE, FLAT);
    set_segment(CODE16, (u32)code16_begin, 0xffff, ACCESS_CODE, 0);
    set_segment(DATA_REAL, STACK_BASE, 0xffff, ACCESS_DATA, 0);
    set_segment(DATA_FRESH, LOW_BASE, 0xfffff, ACCESS_DATA, FLAT);
    set_segment(CODE_REAL, REAL_BASE, 0xffff, ACCESS_CODE, 0);
    set_segment(CONFORMING, 0, 0xfffff, ACCESS_CODE | 4, FLAT);
    set_segment(TSS_B, (u32)&task, sizeof task - 1, ACCESS_TSS, 0);
    set_gate(&gdt[GATE_RING0 >> 3], CODE0, (u32)gate_target, GATE_CALL32 | DPL(3), 2);
    task.eip = (u32)task_code;
    task.eflags = 2;
    task.esp = (u32)(task_stack + 64);
    task.cs = CODE0;
    task.ss = task.ds = task.es = DATA0;
    for (u32 i = 0; i < (u32)(real_end - real_begin); i++)
        ((volatile u8 *)REAL_BASE)[i] = real_begin[i];
    __asm__ volatile("" : "+r"(vectors));  /* which are at 0 */
    vectors[0x40] = (REAL_BASE >> 4) << 16 | (u32)(real_vector - real_begin);
}

static void build_tables(void)
{
    set_flat_segments();
    set_segment(CODE1, 0, 0xfffff, ACCESS_CODE | DPL(1), FLAT);
    set_segment(DATA1, 0, 0xfffff, ACCESS_DATA | DPL(1), FLAT);
    set_segment(TSS_MAIN, (u32)&tss, sizeof tss - 1, ACCESS_TSS, 0);
    other_segments();
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
    code_by_several_addresses();
    virtual_8086_mode();
    print("== done\n");
    return 0;
}
