/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Security Extensions: main() starts in secure supervisor mode, goes to the normal
 * world through a small monitor and tries there what the secure world controls.
 */
#include "cpu.h"
#include "virt.h"

asm(".arch_extension sec\n.fpu neon-vfpv4");

/* SMC numbers that the monitor serves; any other it prints. */
#define SMC_WORLD  0x1                      /* r0: the new SCR */
#define SMC_NSACR  0x2                      /* r0: the new NSACR */

#define SCR_NS     0x001u
#define SCR_FW     0x010u
#define SCR_AW     0x020u
#define SECURE     (SCR_FW | SCR_AW)
#define NORMAL     (SCR_NS | SCR_FW | SCR_AW)

#define SECURE_RAM 0x0e000000u
#define NOWHERE    0x60000000u

struct frame {
    u32 vector, spsr, cpsr, reserved, r[13], lr;
};

void prepare_monitor(void);
extern u32 monitor_vectors[], secure_vectors[], normal_vectors[];

static const char *name;
static u32 count;

static const char *const tables[] = { "", "monitor", "secure", "normal" };
static const char *const vectors[] = {
    "reset", "undef", "call", "pabort", "dabort", "hyp", "irq", "fiq",
};

static void start_line(void)
{
    print(name);
    print(":");
}

static void result(const char *what, u32 value)
{
    start_line();
    print_field(what, value);
    print("\n");
}

static void show(const struct frame *frame, u32 vector)
{
    count++;
    start_line();
    print(" ");
    print(tables[frame->vector >> 8]);
    print(" ");
    print(vectors[vector]);
    print_field("spsr", frame->spsr & 0x1ff);
    print_field("cpsr", frame->cpsr & 0x1ff);
    if (vector == 4) {
        print_field("dfsr", MRC(15, 0, 5, 0, 0) & ~0xf0u);
        print_field("dfar", MRC(15, 0, 6, 0, 0));
    }
    print("\n");
}

void trap(struct frame *frame)
{
    u32 vector = frame->vector & 0xff;
    if (vector == 2 && frame->vector >> 8 == 1) {
        u32 immediate = *(u32 *)(frame->lr - 4) & 0xf;
        if (immediate == SMC_WORLD) {
            MCR(15, 0, 1, 1, 0, frame->r[0]);
            return;
        }
        if (immediate == SMC_NSACR) {
            MCR(15, 0, 1, 1, 2, frame->r[0]);
            return;
        }
    }
    show(frame, vector);
    if (vector == 4)
        frame->lr -= 4;
}

#define SMC(immediate, value) \
    do { \
        register u32 r0_ asm("r0") = (value); \
        asm volatile("smc #" #immediate : : "r"(r0_) : "lr", "memory"); \
    } while (0)

static void begin(const char *text)
{
    name = text;
}

#define SITUATION(text, code) \
    do { begin(text); asm volatile(code : : : "r0", "r1", "lr", "memory"); } while (0)

static u32 cpsr(void)
{
    u32 value;
    asm volatile("mrs %0, cpsr" : "=r"(value));
    return value & 0x1ff;
}

static void check_secure(void)
{
    begin("SCR in the secure world");
    result("SCR", MRC(15, 0, 1, 1, 0));
    SITUATION("smc, secure", "smc #5");
    SITUATION("smc, secure, IRQ mode", "cps #0x12\n\tsmc #6\n\tcps #0x13");
    SITUATION("smc, secure, condition failed", "cmp r0, r0\n\tsmcne #6");
    SITUATION("svc, secure", "svc #7");
    SITUATION("udf, secure", ".inst 0xe7f000f0");
    SITUATION("udf, monitor mode", "cps #0x16\n\t.inst 0xe7f000f0\n\tcps #0x13");
    SITUATION("svc, monitor mode", "cps #0x16\n\tsvc #9\n\tcps #0x13");
    begin("secure memory from the secure world");
    write32(SECURE_RAM, 0x5ec0de);
    result("value", read32(SECURE_RAM));
}

static void check_banked_registers(void)
{
    MCR(15, 0, 2, 0, 0, 0x11110000);        /* TTBR0 */
    MCR(15, 0, 6, 0, 0, 0x22220000);        /* DFAR */
    MCR(15, 0, 13, 0, 4, 0x33330000);       /* TPIDRPRW */
    SMC(1, NORMAL);
    MCR(15, 0, 2, 0, 0, 0x44440000);
    MCR(15, 0, 6, 0, 0, 0x55550000);
    MCR(15, 0, 13, 0, 4, 0x66660000);
    SMC(1, SECURE);
    begin("banked, secure world");
    result("TTBR0", MRC(15, 0, 2, 0, 0));
    result("DFAR", MRC(15, 0, 6, 0, 0));
    result("TPIDRPRW", MRC(15, 0, 13, 0, 4));
    SMC(1, NORMAL);
    begin("banked, normal world");
    result("TTBR0", MRC(15, 0, 2, 0, 0));
    result("DFAR", MRC(15, 0, 6, 0, 0));
    result("TPIDRPRW", MRC(15, 0, 13, 0, 4));
}

static void check_normal(void)
{
    SET_VBAR(normal_vectors);
    SITUATION("svc, normal", "svc #8");
    SITUATION("udf, normal", ".inst 0xe7f000f0");
    SITUATION("smc, normal", "smc #8");
    SITUATION("SCR read, normal", "mrc p15, 0, r0, c1, c1, 0");
    SITUATION("SCR write, normal", "mcr p15, 0, r0, c1, c1, 0");
    SITUATION("MVBAR read, normal", "mrc p15, 0, r0, c12, c0, 1");
    SITUATION("NSACR write, normal", "mcr p15, 0, r0, c1, c1, 2");
    begin("NSACR read, normal, allowed");
    result("NSACR", MRC(15, 0, 1, 1, 2) & 0xc00);
    SITUATION("SDER read, normal", "mrc p15, 0, r0, c1, c1, 1");
    begin("secure memory from the normal world, load");
    asm volatile("ldr r1, [%0]" : : "r"(SECURE_RAM) : "r1", "memory");
    begin("secure memory from the normal world, store");
    asm volatile("str r1, [%0]" : : "r"(SECURE_RAM) : "memory");
    begin("nothing there, normal world");
    asm volatile("ldr r1, [%0]" : : "r"(NOWHERE) : "r1", "memory");
}

static void check_controls(void)
{
    SMC(2, 0);
    MCR(15, 0, 1, 0, 2, 0xf << 20);
    SITUATION("vmrs, NSACR clear", "vmrs r0, fpscr");
    begin("CPACR, NSACR clear");
    result("CPACR", MRC(15, 0, 1, 0, 2) & 0x00f00000);
    SMC(2, 0xc00);
    MCR(15, 0, 1, 0, 2, 0xf << 20);
    begin("CPACR, NSACR set");
    result("CPACR", MRC(15, 0, 1, 0, 2) & 0x00f00000);
    MCR(15, 0, 1, 0, 2, 0);

    SMC(1, SCR_NS | SCR_FW);
    asm volatile("cpsie a");
    begin("cpsie a without SCR.AW");
    result("cpsr", cpsr());
    SMC(1, NORMAL);
    asm volatile("cpsie a");
    begin("cpsie a with SCR.AW");
    result("cpsr", cpsr());
    asm volatile("cpsid a");
}

int main(void)
{
    print_value("mode", cpsr());
    SET_VBAR(secure_vectors);
    MCR(15, 0, 12, 0, 1, (u32)monitor_vectors);
    MCR(15, 0, 1, 1, 0, SECURE);
    prepare_monitor();
    check_secure();
    check_banked_registers();
    check_normal();
    check_controls();
    print("== done: ");
    print_dec(count);
    print(" traps\n");
    return 0;
}
