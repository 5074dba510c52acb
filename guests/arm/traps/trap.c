/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs groups of situations and prints what each trap saved. */
#include "situation.h"

#define CPSR_T 0x20

u32 trap_count;
u32 nesting;
void (*interrupt_handler)(struct frame *frame);

static const char *current_name;
static u32 current_function;
static u32 current_mode;

static const char *const vector_names[8] = {
    "reset", "undef", "svc", "pabort", "dabort", "hyp", "irq", "fiq",
};

void begin(const char *name)
{
    current_name = name;
    current_function = 0;
    current_mode = SVC | RESUME;
}

void print_name(void)
{
    print(current_name);
    print(":");
}

void result(const char *name, u32 value)
{
    print_name();
    print_field(name, value);
    print("\n");
}

/* Relative to the situation, so that the line survives a change elsewhere in the guest. */
static void print_return(u32 lr)
{
    u32 offset = lr - (current_function & ~1u);
    if (current_function && offset < 0x100) {
        print(" lr=+");
        print_hex(offset);
    } else if (current_function) {
        print_field("lr", lr);
    }
}

static void print_faults(const struct frame *frame)
{
    if (frame->vector == VECTOR_DATA) {
        u32 status = MRC(15, 0, 5, 0, 0);
        /* The domain of a fault found before a domain was known is UNKNOWN. */
        u32 source = (status & 0xf) | (status >> 6 & 0x10);
        if (!(status & 0x200) && (source == 0x5 || source == 0x1 || source == 0x8))
            status &= ~0xf0u;
        print_field("dfsr", status);
        print_field("dfar", MRC(15, 0, 6, 0, 0));
    } else if (frame->vector == VECTOR_PREFETCH) {
        u32 status = MRC(15, 0, 5, 0, 1);
        print_field("ifsr", status);
        if ((status & 0x3f) != 2 && (status & 0x3f) != 0x22) /* UNKNOWN for a debug event */
            print_field("ifar", MRC(15, 0, 6, 0, 2));
    }
}

static void print_trap(const struct frame *frame, u32 table)
{
    trap_count++;
    print_name();
    print(" ");
    print(vector_names[frame->vector]);
    if (table)
        print_field("table", table);
    print_return(frame->lr);
    print_field("spsr", frame->spsr);
    print_field("cpsr", frame->cpsr);
    print_faults(frame);
    if (current_mode & REGISTERS)
        for (u32 i = 0; i < 4; i++) {
            char name[3] = { 'r', (char)('0' + i), 0 };
            print_field(name, frame->r[i]);
        }
    print("\n");
}

static u32 svc_number(const struct frame *frame)
{
    if (frame->spsr & CPSR_T)
        return *(u16 *)(frame->lr - 2) & 0xff;
    return *(u32 *)(frame->lr - 4) & 0xffffff;
}

static void trap_again(void)
{
    switch (nesting--) {
    case 6: case 3:
        asm volatile(".inst 0xe7f000f0" : : : "memory");
        break;
    case 5: case 2:
        asm volatile("ldr r12, [%0]" : : "r"(MAP_FAULT) : "r12", "memory");
        break;
    default:
        asm volatile("svc #0x67" : : : "memory");
    }
}

/* Called by vectors.S; the frame is what goes back into the registers. */
void trap(struct frame *frame)
{
    u32 table = frame->vector >> 8;
    frame->vector &= 0xff;
    if (frame->vector == VECTOR_IRQ || frame->vector == VECTOR_FIQ) {
        frame->lr -= 4;
        if (interrupt_handler) {
            interrupt_handler(frame);
            return;
        }
        print_trap(frame, table);
        unwind(0, frame);
    }
    if (frame->vector == VECTOR_SVC && svc_number(frame) == SVC_END)
        unwind(frame->r[0], frame);
    print_trap(frame, table);
    if (!(current_mode & RESUME))
        unwind(0xdead, frame);
    if (nesting)
        trap_again();
    if (frame->vector == VECTOR_DATA)
        frame->lr -= 4;
}

void run_group(const struct situation *group)
{
    for (; group->function; group++) {
        u32 before = trap_count;
        current_name = group->name;
        current_function = group->function;
        current_mode = group->mode;
        u32 value = run_in_mode(group->function, group->mode & 0x1f);
        if (trap_count == before || (group->mode & RESUME))
            result(trap_count == before ? "no trap, r0" : "then r0", value);
    }
}
