/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps, and the frames that they leave and that are made for new processes. */
#include "../../nucleus/nucleus.h"

#define UNDEFINED      1
#define SUPERVISOR     2
#define PREFETCH_ABORT 3
#define DATA_ABORT     4
#define INTERRUPT      6

#define STATUS_WRITE   0x800u              /* DFSR.WnR */
#define CPSR_USER      0xf80f0000u         /* N Z C V Q, GE */

void interrupt(void);

static void unexpected(const struct frame *frame)
{
    print("vector");
    print_field("number", frame->vector);
    print_field("pc", frame->pc);
    print_field("status", data_fault_status());
    print_field("address", data_fault_address());
    print("\n");
    panic("unexpected trap");
}

static void fault(u32 address, enum access access)
{
    if (!page_fault(address, access))
        signal_raise(SIGSEGV, address);
}

/* Data processing and register transfers of coprocessors 10 and 11: DDI 0406, A5.6. */
static int is_floating_point(u32 instruction)
{
    u32 class = instruction >> 24 & 0xf;
    return class >= 0xc && class <= 0xe && (instruction >> 9 & 7) == 5;
}

static void undefined(const struct frame *frame)
{
    const u32 *instruction = (const u32 *)user_page(frame->pc & ~3u, LOAD);
    if (instruction && is_floating_point(*instruction) && !fpu_is_open())
        fpu_take();
    else
        signal_raise(SIGILL, frame->pc);
}

void trap(struct frame *frame)
{
    if (!in_kernel_mode())
        panic("a trap came in user mode");
    if (frame->vector == INTERRUPT)
        interrupt();
    if ((frame->cpsr & MODE_MASK) != MODE_USR) {
        if (frame->vector != INTERRUPT)
            unexpected(frame);
        return;
    }
    current->frame = frame;
    if (frame->vector == SUPERVISOR)
        system_call(frame);
    else if (frame->vector == DATA_ABORT)
        fault(data_fault_address(), data_fault_status() & STATUS_WRITE ? STORE : LOAD);
    else if (frame->vector == PREFETCH_ABORT)
        fault(fetch_fault_address(), FETCH);
    else if (frame->vector == UNDEFINED)
        undefined(frame);
    user_return();
}

struct frame *frame_first(u32 top, u32 entry, u32 sp, u32 a, u32 b)
{
    struct frame *frame = (struct frame *)top - 1;
    *frame = (struct frame){.cpsr = MODE_USR};
    frame_enter(frame, entry, sp, a, b);
    return frame;
}

struct frame *frame_copy(u32 top, const struct frame *frame)
{
    struct frame *copy = (struct frame *)top - 1;
    *copy = *frame;
    return copy;
}

void frame_enter(struct frame *frame, u32 pc, u32 sp, u32 a, u32 b)
{
    frame->pc = pc;
    frame->sp = sp;
    frame->r[0] = a;
    frame->r[1] = b;
}

void frame_restore(struct frame *frame, const struct frame *saved)
{
    *frame = *saved;
    frame->cpsr = (saved->cpsr & CPSR_USER) | MODE_USR;
}

void frame_go(struct frame *frame, u32 pc)
{
    frame->pc = pc;
}

u32 stack_prepare(struct frame *frame)
{
    u32 *sp = (u32 *)frame;
    *--sp = (u32)trap_return;
    for (u32 i = 0; i < 8; i++)
        *--sp = 0;                         /* r4 to r11 */
    return (u32)sp;
}
