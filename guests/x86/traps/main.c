/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs every situation and prints each trap it meets.
 *
 * The situations stand in tables built by the assembly files; each starts from
 * the same tables, stacks and control registers.  Two things are never
 * printed.  RF in the saved EFLAGS: processors differ in setting it for faults
 * that are not debug faults.  Bit 0 (EXT) of a selector error code: emulators
 * do not set it for a fault met while delivering another one.  And one is
 * completed: a reserved bit fault has P set, which QEMU 7.2 leaves out.
 *
 * Not here, because QEMU's TCG does not do it: segment limit and type checks
 * of ordinary data accesses, #AC, #XM, #GP for unknown MSRs.  NMI needs a
 * source that the board may lack. */
#include "situation.h"
#include "../runtime/cpu.h"
#include "../runtime/pic.h"

#define EFLAGS_RF      0x10000
#define EFLAGS_VM      0x20000
#define ERROR_EXT      1
#define ERROR_P        1
#define ERROR_RSVD     8
#define DR6_DEFINED    0xe00f
#define VECTOR_DB      1
#define VECTOR_TS      10
#define VECTOR_GP      13
#define VECTOR_PF      14
#define TRAP_LIMIT     40

extern const struct situation situations_begin[], situations_end[];
extern u8 kernel_stack[], user_stack[], trap_stack[], ring1_stack[], fault_stack[], task_stack[];
extern u32 initial_flags;
void enter(u32 code, u32 ring);

u32 seen[16];
static const struct situation *current;
static u32 reported, in_situation;

static const struct {
    const char *name;
    const u8 *base;
} stacks[] = {
    {"kernel", kernel_stack}, {"user", user_stack}, {"trap", trap_stack},
    {"ring1", ring1_stack}, {"fault", fault_stack}, {"task", task_stack},
};

static void print_digits(u32 value, int digits)
{
    for (int shift = digits * 4 - 4; shift >= 0; shift -= 4)
        putch("0123456789abcdef"[value >> shift & 15]);
}

static void print_stack(u32 esp)
{
    for (u32 i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        u32 top = (u32)stacks[i].base + 4096;
        if (esp <= top && top - esp < 4096) {
            print(stacks[i].name);
            putch('-');
            print_digits(top - esp, 3);
            return;
        }
    }
    print_hex(esp);
}

static void print_name(void)
{
    print_dec(reported);
    putch(' ');
    print(current->name);
}

static void report(const struct frame *f)
{
    u32 outer = f->eflags & EFLAGS_VM || (f->cs & 3) != 0;
    u32 error = f->error;
    if (f->vector >= VECTOR_TS && f->vector <= VECTOR_GP)
        error &= ~ERROR_EXT;
    if (f->vector == VECTOR_PF && error & ERROR_RSVD)
        error |= ERROR_P;
    reported++;
    print_name();
    print(" #");
    print_digits(f->vector, 2);
    print(" err=");
    print_digits(error, 4);
    print(" at=");
    if (f->eip >= current->code && f->eip < current->end) {
        putch('+');
        print_digits(f->eip - current->code, 4);
    } else {
        print_hex(f->eip);
    }
    print(" cs=");
    print_digits(f->cs & 0xffff, 4);
    print_field("fl", f->eflags & ~EFLAGS_RF);
    print(" in=");
    print_digits(f->entry_flags & 0x7700, 4);  /* NT, IOPL, IF, TF */
    print(" sp=");
    if (outer) {
        print_digits(f->ss & 0xffff, 4);
        putch(':');
    }
    print_stack(outer ? f->esp : (u32)&f->esp);
    if (f->vector == VECTOR_PF)
        print_field("cr2", read_cr2());
    if (f->vector == VECTOR_DB)
        print_field("dr6", read_dr6() & DR6_DEFINED);
    if (f->eflags & EFLAGS_VM) {
        print_field("ds", f->vm_ds);
        print_field("es", f->vm_es);
    }
    putch('\n');
}

void trap(struct frame *f)
{
    if (f->vector == END)
        leave();
    report(f);
    if (f->vector >= IRQ_BASE && f->vector < IRQ_BASE + 16)
        pic_eoi(f->vector - IRQ_BASE);
    if (++in_situation > TRAP_LIMIT) {
        print("failed: too many traps\n");
        leave();
    }
    int stop = current->fix ? current->fix(f)
                            : !(f->vector == 1 || f->vector == 3 || f->vector == 4
                                || f->vector >= IRQ_BASE);
    if (stop)
        leave();
}

static u32 available_features(void)
{
    u32 features = cpu_features() & ~NEEDS_NX;
    if (features & NEEDS_PAE && cpu_extended_features() & CPUID_NX)
        features |= NEEDS_NX;
    return features;
}

static void restore(void)
{
    restore_paging();
    restore_tables();
    restore_interrupts();
    for (u32 i = 0; i < sizeof seen / sizeof *seen; i++)
        seen[i] = 0;
    in_situation = 0;
    initial_flags = 2;
}

int main(void)
{
    u32 features = available_features();
    print("traps: x86\n");
    for (current = situations_begin; current < situations_end; current++) {
        if (current->needs & ~features) {
            print_name();
            print(" skipped\n");
            continue;
        }
        restore();
        if (current->prepare)
            current->prepare();
        enter(current->code, current->ring);
        restore_paging();
        if (current->shows) {
            print("  ");
            print(current->name);
            print(" seen");
            for (u32 i = 0; i < current->shows; i++) {
                putch(' ');
                print_hex(seen[i]);
            }
            putch('\n');
        } else if (!in_situation) {
            print_name();
            print(" no trap\n");
        }
    }
    print("== done: ");
    print_dec(reported);
    print(" traps\n");
    return 0;
}
