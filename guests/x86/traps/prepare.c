/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What single situations change in the tables, and how their handlers go on. */
#include "situation.h"
#include "../runtime/cpu.h"

#define CR0_MP  0x2
#define CR0_EM  0x4
#define CR0_TS  0x8
#define CR4_TSD 0x4
#define CR4_DE  0x8
#define VECTOR_UD 6
#define VECTOR_DF 8
#define VECTOR_GP 13

extern u8 watched[], stepped_over[];

void prepare_em(void) { write_cr0(read_cr0() | CR0_EM); }
void prepare_ts(void) { write_cr0(read_cr0() | CR0_TS); }
void prepare_ts_mp(void) { write_cr0(read_cr0() | CR0_TS | CR0_MP); }
void prepare_tsd(void) { write_cr4(read_cr4() | CR4_TSD); }
void prepare_de(void) { write_cr4(read_cr4() | CR4_DE); }

/* A gate that is not present turns its exception into #NP. */
void prepare_ud_gate_np(void) { idt[VECTOR_UD].high &= ~0x8000u; }

/* And #NP while delivering #GP is a double fault. */
void prepare_gp_gate_np(void) { idt[VECTOR_GP].high &= ~0x8000u; }

void prepare_double_fault_task(void)
{
    prepare_gp_gate_np();
    set_gate(&idt[VECTOR_DF], TSS_FAULT, 0, GATE_TASK_AC, 0);
}

void prepare_bad_ss1(void) { tss_main.tss.ss1 = DATA0; }
void prepare_null_ss1(void) { tss_main.tss.ss1 = 0; }
void prepare_np_ss1(void) { tss_main.tss.ss1 = DATA_NP | 1; }
void prepare_task_ring3(void)
{
    extern u8 task_ring3[], user_stack_top[];
    tss_b.eip = (u32)task_ring3;
    tss_b.esp = (u32)user_stack_top;
    tss_b.cs = CODE3 | 3;
    tss_b.ss = tss_b.ds = tss_b.es = tss_b.fs = tss_b.gs = DATA3 | 3;
}

/* DR7: local enable of DR0 with R/W and LEN in bits 16 to 19. */
static void watch(const void *address, u32 condition)
{
    write_dr0((u32)address);
    write_dr7(0x401 | condition << 16);
}

void prepare_watch_exec(void) { watch(stepped_over, 0x0); }
void prepare_watch_write(void) { watch(watched, 0xd); }
void prepare_watch_access(void) { watch(watched, 0xf); }
void prepare_watch_byte(void) { watch(watched + 2, 0x1); }
void prepare_watch_io(void)
{
    prepare_de();
    watch((const void *)0x80, 0x2);
}

/* Return to the instruction with RF set, as a debugger does. */
int fix_resume_flag(struct frame *f)
{
    f->eflags |= 0x10000;
    return 0;
}

/* Step over the two bytes of UD2. */
int fix_skip_ud2(struct frame *f)
{
    if (f->vector == VECTOR_UD)
        f->eip += 2;
    return 0;
}

/* BOUND faults until its index is in range. */
int fix_index(struct frame *f)
{
    f->eax = 5;
    return 0;
}

/* A trap inside the handler of a trap, eight deep. */
int fix_nest(struct frame *f)
{
    static u32 depth;
    if (depth < 8) {
        depth++;
        __asm__ volatile("int3");
        depth--;
    }
    (void)f;
    return 0;
}

/* The handler of #UD meets #DE: another exception, not a double fault. */
int fix_fault_in_handler(struct frame *f)
{
    if (f->vector == VECTOR_UD)
        __asm__ volatile("divb %b0" : : "q"(0), "a"(1) : "cc");
    return 1;
}

int fix_stop(struct frame *f)
{
    (void)f;
    return 1;
}
