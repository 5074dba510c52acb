/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Virtualization Extensions: main() runs in supervisor mode below a small HYP-mode
 * handler, which sets the trap controls that it is asked for and prints what arrives.
 */
#include "gic.h"

asm(".arch_extension virt\n.arch_extension sec\n.fpu neon-vfpv4");

#define MODE      0x1f

#define HVC_SET   0xf001                   /* r0: which control, r1: its value */
#define HVC_INNER 0xf002                   /* r0: which trap to cause in HYP mode */

enum control { C_HCR, C_HCPTR, C_HSTR, C_CNTHCTL, C_HDCR, C_VTCR, C_VTTBR };

#define HCR_VM  0x00000001u
#define HCR_FMO 0x00000008u
#define HCR_IMO 0x00000010u
#define HCR_VF  0x00000040u
#define HCR_VI  0x00000080u
#define HCR_TWI 0x00002000u
#define HCR_TSC 0x00080000u
#define HCR_TAC 0x00200000u
#define HCR_TTLB 0x02000000u
#define HCR_TVM 0x04000000u

#define CLASS(hsr)      ((hsr) >> 26)
#define CLASS_SVC       0x11
#define CLASS_HVC       0x12
#define CLASS_FETCH     0x20
#define CLASS_DATA      0x24
#define CNTHCTL_OPEN    3
#define HCPTR_OPEN      0x33ff              /* reserved bits that read as one */

#define IPA_FAULT       0xc0000000u         /* stage 2: level 1 */
#define IPA_FAULT2      0x80000000u         /* level 2 */
#define IPA_READ_ONLY   0x80200000u
#define IPA_XN          0x80400000u
#define IPA_NO_READ     0x80600000u

struct frame {
    u32 vector, elr, spsr, reserved, r[13], lr;
};

extern u32 supervisor_vectors[];

static const char *name;
static u32 count;
static u32 resume;                         /* where a fetch that failed goes on */

static const char *const hyp_names[] = {
    "reset", "undef", "hyp call", "pabort", "dabort", "hyp", "irq", "fiq",
};

static void begin(const char *text)
{
    name = text;
}

static void start_line(const char *text)
{
    print(name);
    print(": ");
    print(text);
}

static void set_control(u32 control, u32 value)
{
    switch (control) {
    case C_HCR:     MCR(15, 4, 1, 1, 0, value); break;
    case C_HCPTR:   MCR(15, 4, 1, 1, 2, value); break;
    case C_HSTR:    MCR(15, 4, 1, 1, 3, value); break;
    case C_CNTHCTL: MCR(15, 4, 14, 1, 0, value); break;
    case C_HDCR:    MCR(15, 4, 1, 1, 1, value); break;
    case C_VTCR:    MCR(15, 4, 2, 1, 2, value); break;
    case C_VTTBR:
        MCRR(15, 6, 2, value);
        MCR(15, 4, 8, 7, 4, 0);            /* TLBIALLNSNH */
        barrier();
        break;
    }
}

static void trap_inside(u32 which)
{
    if (which == 1)
        asm volatile(".inst 0xe7f000f0" : : : "memory");
    if (which == 2)
        asm volatile("svc #5" : : : "memory");
    if (which == 3)
        asm volatile("hvc #6" : : : "memory");
    if (which == 4)
        asm volatile("ldrd r2, r3, [%0]" : : "r"(0x44000002) : "r2", "r3", "memory");
    if (which == 5)
        asm volatile("bkpt #7" : : : "memory");
}

static void print_addresses(u32 hsr)
{
    if ((CLASS(hsr) == CLASS_FETCH || CLASS(hsr) == CLASS_FETCH + 1) && (hsr & 0x3f) != 0x22)
        print_field("hifar", MRC(15, 4, 6, 0, 2));
    if (CLASS(hsr) == CLASS_DATA || CLASS(hsr) == CLASS_DATA + 1)
        print_field("hdfar", MRC(15, 4, 6, 0, 0));
    /* HPFAR is of use for stage 2 faults only. */
    if (CLASS(hsr) == CLASS_FETCH || CLASS(hsr) == CLASS_DATA)
        print_field("hpfar", MRC(15, 4, 6, 0, 4));
}

/* Goes on behind the instruction: a trapped one is where ELR_hyp points. */
static void step_over(struct frame *frame, u32 hsr)
{
    u32 class = CLASS(hsr);
    if (class == CLASS_FETCH)
        frame->elr = resume;
    else if (class != CLASS_HVC && class != CLASS_SVC)
        frame->elr += 4;                   /* only hvc is tried in Thumb state */
}

void hyp_trap(struct frame *frame)
{
    u32 hsr = MRC(15, 4, 5, 2, 0);
    if (frame->vector == 6 || frame->vector == 7) {
        u32 interrupt = read32(GICC_IAR);
        count++;
        start_line(hyp_names[frame->vector]);
        print_field("id", interrupt);
        print_field("spsr", frame->spsr & 0x1ff);
        print("\n");
        write32(GICC_EOIR, interrupt);
        return;
    }
    if (frame->vector == 5 && CLASS(hsr) == CLASS_HVC && (hsr & 0xffff) == HVC_SET) {
        set_control(frame->r[0], frame->r[1]);
        return;
    }
    if (frame->vector == 5 && CLASS(hsr) == CLASS_HVC && (hsr & 0xffff) == HVC_INNER) {
        trap_inside(frame->r[0]);
        return;
    }
    count++;
    start_line(hyp_names[frame->vector]);
    print_field("hsr", hsr);
    print_field("spsr", frame->spsr & 0x1ff);
    print_addresses(hsr);
    print("\n");
    step_over(frame, hsr);
}

static void set(enum control control, u32 value)
{
    register u32 r0 asm("r0") = control;
    register u32 r1 asm("r1") = value;
    asm volatile("hvc #0xf001" : : "r"(r0), "r"(r1) : "memory");
}

/* Virtual interrupts: cleared at their source before going back. */
void supervisor_trap(u32 vector, u32 spsr)
{
    count++;
    start_line(vector == 6 ? "virtual irq" : vector == 7 ? "virtual fiq" : "trap");
    print_field("vector", vector);
    print_field("spsr", spsr & 0x1ff);
    print("\n");
    set(C_HCR, 0);
}

#define SITUATION(text, code) do { begin(text); asm volatile(code : : : "r0", "r1", "memory"); } while (0)

static u64 stage2[4] __attribute__((aligned(32)));
static u64 second[512] __attribute__((aligned(4096)));

static void fill_stage2(void)
{
    const u64 block = 0x401, table = 3, normal = 0x3c, device = 0x04, inner = 0x300;
    const u64 readable = 0x40, writable = 0x80, never_execute = 1ull << 54;
    stage2[0] = block | device | readable | writable;
    stage2[1] = 0x40000000 | block | normal | inner | readable | writable;
    stage2[2] = (u32)second | table;
    second[1] = 0x44200000 | block | normal | inner | readable;
    second[2] = 0x44400000 | block | normal | inner | readable | writable | never_execute;
    second[3] = 0x44600000 | block | normal | inner | writable;
}

static void check_calls(void)
{
    SITUATION("hvc", "hvc #0x1234");
    SITUATION("hvc, Thumb", "adr r0, 1f + 1\n\tbx r0\n\t.balign 4\n\t.thumb\n1:\thvc #0x21\n\t"
              "bx pc\n\tnop\n\t.arm");
    SITUATION("hvc, system mode", "cps #0x1f\n\thvc #7\n\tcps #0x13");
    SITUATION("hvc, IRQ mode", "cps #0x12\n\thvc #8\n\tcps #0x13");
}

static void check_instruction_traps(void)
{
    set(C_HCR, HCR_TWI | HCR_TSC | HCR_TAC | HCR_TTLB | HCR_TVM);
    SITUATION("wfi", "wfi");
    SITUATION("smc", "smc #3");
    SITUATION("ACTLR read", "mrc p15, 0, r0, c1, c0, 1");
    SITUATION("TLBIALL", "mcr p15, 0, r0, c8, c7, 0");
    SITUATION("SCTLR write", "mcr p15, 0, r0, c1, c0, 0");
    SITUATION("TTBR0 write", "mcr p15, 0, r1, c2, c0, 0");
    SITUATION("TTBR0 write, 64 bits", "mcrr p15, 0, r0, r1, c2");
    set(C_HCR, 0);
}

static void check_coprocessor_traps(void)
{
    MCR(15, 0, 1, 0, 2, 0xf << 20);
    set(C_HCPTR, HCPTR_OPEN | 0xc00);
    SITUATION("vmrs fpscr", "vmrs r0, fpscr");
    set(C_HCPTR, HCPTR_OPEN & ~0xc00u);
    set(C_HSTR, 1 << 5 | 1 << 13);
    SITUATION("DFSR read, HSTR.T5", "mrc p15, 0, r0, c5, c0, 0");
    SITUATION("TPIDRPRW write, HSTR.T13", "mcr p15, 0, r1, c13, c0, 4");
    set(C_HSTR, 0);
    set(C_CNTHCTL, 0);
    SITUATION("CNTPCT read", "mrrc p15, 0, r0, r1, c14");
    SITUATION("CNTP_CTL read", "mrc p15, 0, r0, c14, c2, 1");
    SITUATION("CNTP_TVAL write", "mcr p15, 0, r1, c14, c2, 0");
    set(C_CNTHCTL, CNTHCTL_OPEN);
    set(C_HDCR, 0x40);
    SITUATION("PMCCNTR read, HDCR.TPM", "mrc p15, 0, r0, c9, c13, 0");
    set(C_HDCR, 0);
}

static void check_inside(void)
{
    static const char *const names[] = {
        "", "udf in HYP mode", "svc in HYP mode", "hvc in HYP mode", "unaligned ldrd in HYP mode",
        "bkpt in HYP mode",
    };
    for (u32 which = 1; which <= 5; which++) {
        begin(names[which]);
        register u32 r0 asm("r0") = which;
        asm volatile("hvc #0xf002" : : "r"(r0) : "memory");
    }
}

static void jump(u32 address)
{
    asm volatile("adr r0, 1f\n\tstr r0, [%1]\n\tbx %0\n1:" : : "r"(address), "r"(&resume)
                 : "r0", "lr", "memory");
}

static void check_stage2(void)
{
    fill_stage2();
    set(C_VTCR, 0x80000040u);              /* 32-bit addresses, from level 1 on */
    set(C_VTTBR, (u32)stage2);
    set(C_HCR, HCR_VM);
    begin("stage 2, level 1 translation, load");
    asm volatile("ldr r3, [%0]" : : "r"(IPA_FAULT + 0x1004) : "r3", "memory");
    begin("stage 2, level 2 translation, store");
    asm volatile("str r3, [%0]" : : "r"(IPA_FAULT2 + 0x2008) : "memory");
    begin("stage 2, level 2 translation, ldrb");
    asm volatile("ldrb r2, [%0]" : : "r"(IPA_FAULT2 + 0x3001) : "r2", "memory");
    begin("stage 2, read-only, strh");
    asm volatile("strh r2, [%0]" : : "r"(IPA_READ_ONLY + 2) : "memory");
    begin("stage 2, no read, load");
    asm volatile("ldr r2, [%0]" : : "r"(IPA_NO_READ) : "r2", "memory");
    begin("stage 2, read-only, load allowed");
    start_line("value");
    write32(0x44200000, 0xabcd);
    print_field("is", read32(IPA_READ_ONLY));
    print("\n");
    begin("stage 2, level 1 translation, fetch");
    jump(IPA_FAULT + 0x100);
    begin("stage 2, XN, fetch");
    jump(IPA_XN);
    set(C_HCR, 0);
}

static void open_both(void)
{
    asm volatile("cpsie if\n\tnop\n\tisb\n\tnop\n\tcpsid if" : : : "memory");
}

static void check_interrupts(void)
{
    begin("virtual IRQ");
    set(C_HCR, HCR_IMO | HCR_VI);
    open_both();
    begin("virtual FIQ");
    set(C_HCR, HCR_FMO | HCR_VF);
    open_both();
    begin("physical IRQ to HYP mode, although CPSR.I is set");
    gic_init();
    set(C_HCR, HCR_IMO);
    gic_send(1);
    barrier();
    set(C_HCR, 0);
}

static void check_banked(void)
{
    u32 saved, value, mode_value;
    begin("banked registers by mrs and msr");
    asm volatile("mrs %0, sp_irq\n\tmsr sp_irq, %3\n\tmrs %1, sp_irq\n\tcps #0x12\n\tmov %2, sp\n\t"
                 "cps #0x13\n\tmsr sp_irq, %0"
                 : "=&r"(saved), "=&r"(value), "=&r"(mode_value) : "r"(0x12345670));
    start_line("sp_irq");
    print_field("mrs", value);
    print_field("sp", mode_value);
    print("\n");
}

int main(void)
{
    u32 cpsr;
    asm volatile("mrs %0, cpsr" : "=r"(cpsr));
    print_value("mode", cpsr & MODE);
    SET_VBAR(supervisor_vectors);
    check_calls();
    check_instruction_traps();
    check_coprocessor_traps();
    check_inside();
    check_stage2();
    check_interrupts();
    check_banked();
    print("== done: ");
    print_dec(count);
    print(" traps\n");
    return 0;
}
