/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GDT, IDT and task state segments every situation starts with. */
#include "situation.h"
#include "../runtime/cpu.h"

#define CR0_START   0x31                   /* NE, ET, PE */
#define DR6_RESET   0xffff0ff0
#define DR7_RESET   0x400
#define VECTOR_BP   3
#define VECTOR_OF   4

struct io_tss tss_main __attribute__((aligned(256)));
struct tss tss_fault __attribute__((aligned(128))), tss_b __attribute__((aligned(128)));
static struct descriptor ldt[2];

extern u8 trap_stack_top[], ring1_stack_top[], fault_stack_top[], task_stack_top[];
extern u8 code16_begin[], low_begin[], gate_ring0[], record_gate[], record_return[], low_gate16[];
extern u8 low_handler16[], fault_task[], task_b[], sysenter_target[];
extern u32 page_directory[];

static void clear(void *start, u32 size)
{
    for (u32 i = 0; i < size; i++)
        ((u8 *)start)[i] = 0;
}

static void gate(u32 vector, u32 selector, const void *target, u32 access)
{
    set_gate(&idt[vector], selector, (u32)target, access, 0);
}

static void call_gate(u32 selector, u32 target_selector, const void *target, u32 access, u32 words)
{
    set_gate(&gdt[selector >> 3], target_selector, (u32)target, access, words);
}

static void restore_gdt(void)
{
    set_flat_segments();
    set_segment(CODE1, 0, 0xfffff, ACCESS_CODE | DPL(1), FLAT);
    set_segment(DATA1, 0, 0xfffff, ACCESS_DATA | DPL(1), FLAT);
    set_segment(TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, ACCESS_TSS, 0);
    set_segment(TSS_FAULT, (u32)&tss_fault, sizeof tss_fault - 1, ACCESS_TSS, 0);
    set_segment(TSS_B, (u32)&tss_b, sizeof tss_b - 1, ACCESS_TSS, 0);
    set_segment(TSS_SHORT, (u32)&tss_b, 0x66, ACCESS_TSS, 0);
    set_segment(TSS_NP, (u32)&tss_b, sizeof tss_b - 1, ACCESS_TSS & ~PRESENT, 0);
    set_segment(CONFORMING, 0, 0xfffff, 0x9f, FLAT);
    set_segment(CODE16, (u32)code16_begin, 0xffff, ACCESS_CODE, 0);
    set_segment(DATA_RO, 0, 0xfffff, 0x91 | DPL(3), FLAT);
    set_segment(DATA_NP, 0, 0xfffff, 0x13 | DPL(3), FLAT);
    set_segment(CODE_XO, 0, 0xfffff, 0x99 | DPL(3), FLAT);
    set_segment(CODE_NP, 0, 0xfffff, 0x1b, FLAT);
    call_gate(GATE_RING0, CODE0, gate_ring0, GATE_CALL32 | DPL(3), 2);
    call_gate(GATE_RING1, CODE1, record_gate, GATE_CALL32 | DPL(3), 0);
    call_gate(GATE_DPL0, CODE0, gate_ring0, GATE_CALL32, 2);
    call_gate(GATE_NP, CODE0, gate_ring0, (GATE_CALL32 | DPL(3)) & ~PRESENT, 2);
    call_gate(GATE_CONF, CONFORMING, record_gate, GATE_CALL32 | DPL(3), 0);
    call_gate(GATE_16, CODE_LOW, (void *)(low_gate16 - low_begin), GATE_CALL16 | DPL(3), 1);
    call_gate(GATE_TASK, TSS_B, 0, GATE_TASK_AC | DPL(3), 0);
    set_segment(LDT, (u32)ldt, sizeof ldt - 1, ACCESS_LDT, 0);
    set_segment(LDT_NP, (u32)ldt, sizeof ldt - 1, ACCESS_LDT & ~PRESENT, 0);
    set_segment(CODE_LOW, (u32)low_begin, 0xffff, ACCESS_CODE, SIZE32);
    set_segment(CODE_REAL, LOW_CODE, 0xffff, ACCESS_CODE, 0);
    set_segment(DATA_REAL, LOW_CODE, 0xffff, ACCESS_DATA, 0);
    set_segment(CODE_SHORT, 0, 0xfff, ACCESS_CODE, SIZE32);
    set_segment(DATA_FRESH, 0, 0xfffff, 0x92 | DPL(3), FLAT);
    set_segment(SYSENTER_CS, 0, 0xfffff, ACCESS_CODE, FLAT);
    set_segment(SYSENTER_CS + 8, 0, 0xfffff, ACCESS_DATA, FLAT);
    set_segment(SYSENTER_CS + 16, 0, 0xfffff, ACCESS_CODE | DPL(3), FLAT);
    set_segment(SYSENTER_CS + 24, 0, 0xfffff, ACCESS_DATA | DPL(3), FLAT);
}

static void restore_idt(void)
{
    set_exception_gates();
    gate(VECTOR_BP, CODE0, (void *)vector_stubs[VECTOR_BP], GATE_INT32 | DPL(3));
    gate(VECTOR_OF, CODE0, (void *)vector_stubs[VECTOR_OF], GATE_INT32 | DPL(3));
    gate(END, CODE0, (void *)vector_stubs[END], GATE_INT32 | DPL(3));
    gate(INT_GATE, CODE0, (void *)vector_stubs[INT_GATE], GATE_INT32 | DPL(3));
    gate(TRAP_GATE, CODE0, (void *)vector_stubs[TRAP_GATE], GATE_TRAP32 | DPL(3));
    gate(INT_GATE16, CODE_LOW, (void *)(low_handler16 - low_begin), GATE_INT16 | DPL(3));
    gate(TRAP_GATE16, CODE_LOW, (void *)(low_handler16 - low_begin), GATE_TRAP16 | DPL(3));
    gate(INT_NP, CODE0, (void *)vector_stubs[INT_NP], (GATE_INT32 | DPL(3)) & ~PRESENT);
    gate(INT_TASK, TSS_B, 0, GATE_TASK_AC | DPL(3));
    gate(INT_CONF, CONFORMING, record_return, GATE_INT32 | DPL(3));
    gate(INT_RING1, CODE1, record_return, GATE_INT32 | DPL(3));
    gate(INT_NULL, 0, 0, GATE_INT32 | DPL(3));
    gate(INT_BADTYPE, CODE0, 0, ACCESS_DATA | DPL(3));
    gate(INT_DATA, DATA0, 0, GATE_INT32 | DPL(3));
    gate(INT_NPCODE, CODE_NP, 0, GATE_INT32 | DPL(3));
}

static void restore_task(struct tss *tss, void *eip, void *stack)
{
    clear(tss, sizeof *tss);
    tss->eip = (u32)eip;
    tss->esp = (u32)stack;
    tss->esp0 = (u32)trap_stack_top;
    tss->ss0 = tss->ss = tss->ds = tss->es = tss->fs = tss->gs = DATA0;
    tss->cs = CODE0;
    tss->eflags = 2;
    tss->cr3 = (u32)page_directory;
    tss->io_base = sizeof *tss;
}

static void restore_tss(void)
{
    clear(&tss_main, sizeof tss_main);
    for (u32 i = 0; i < sizeof tss_main.bitmap; i++)
        tss_main.bitmap[i] = 0xff;
    tss_main.bitmap[0x80 / 8] = 0x0e;      /* ports 0x80 and 0x84 to 0x87 */
    tss_main.tss.esp0 = (u32)trap_stack_top;
    tss_main.tss.ss0 = DATA0;
    tss_main.tss.esp1 = (u32)ring1_stack_top;
    tss_main.tss.ss1 = DATA1 | 1;
    tss_main.tss.cr3 = (u32)page_directory;
    tss_main.tss.io_base = sizeof tss_main.tss;
    restore_task(&tss_fault, fault_task, fault_stack_top);
    restore_task(&tss_b, task_b, task_stack_top);
}

void restore_tables(void)
{
    write_cr0(CR0_START);
    if (cpu_features() & CPUID_PSE)
        write_cr4(0);
    write_dr7(DR7_RESET);
    write_dr6(DR6_RESET);
    __asm__ volatile("fninit");
    restore_gdt();
    restore_idt();
    restore_tss();
    ldt[0].low = gdt[DATA3 >> 3].low;
    ldt[0].high = gdt[DATA3 >> 3].high;
    load_descriptor_tables();
    __asm__ volatile("lldt %w0" : : "r"(0));
    __asm__ volatile("ltr %w0" : : "r"(TSS_MAIN));
}

void prepare_ldt(void)
{
    __asm__ volatile("lldt %w0" : : "r"(LDT));
}

void prepare_sysenter(void)
{
    wrmsr(0x174, SYSENTER_CS);
    wrmsr(0x175, (u32)trap_stack_top);
    wrmsr(0x176, (u32)sysenter_target);
}

void prepare_no_sysenter(void)
{
    wrmsr(0x174, 0);
}
