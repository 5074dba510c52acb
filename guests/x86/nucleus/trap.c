/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps, and the frames that they leave and that are made for new processes. */
#include "../../nucleus/nucleus.h"
#include "pic.h"

#define DIVIDE_ERROR   0
#define INVALID_OPCODE 6
#define NO_FPU         7
#define PAGE_FAULT     14
#define ERROR_WRITE    2u

#define FLAGS_USER     0x00000cd5u         /* OF DF SF ZF AF PF CF */
#define FLAGS_FIXED    0x00000202u         /* IF, and the bit that is always set */

void timer_acknowledge(void);

static int from_user(const struct frame *frame)
{
    return (frame->cs & 3) == 3;
}

static void unexpected(const struct frame *frame)
{
    print("vector");
    print_field("number", frame->vector);
    print_field("error", frame->error);
    print_field("eip", frame->eip);
    print_field("address", fault_address());
    print("\n");
    panic("unexpected trap");
}

static void fault(const struct frame *frame)
{
    u32 address = fault_address();
    if (!page_fault(address, frame->error & ERROR_WRITE ? STORE : LOAD))
        signal_raise(SIGSEGV, address);
}

void trap(struct frame *frame)
{
    if (!in_kernel_mode())
        panic("a trap came in user mode");
    if (frame->vector == IRQ_BASE) {
        timer_acknowledge();
        tick();
    }
    if (!from_user(frame)) {
        if (frame->vector != IRQ_BASE)
            unexpected(frame);
        return;
    }
    current->frame = frame;
    if (frame->vector == CALL_VECTOR)
        system_call(frame);
    else if (frame->vector == PAGE_FAULT)
        fault(frame);
    else if (frame->vector == NO_FPU)
        fpu_take();
    else if (frame->vector == DIVIDE_ERROR)
        signal_raise(SIGFPE, frame->eip);
    else if (frame->vector == INVALID_OPCODE)
        signal_raise(SIGILL, frame->eip);
    else if (frame->vector != IRQ_BASE)
        signal_raise(SIGSEGV, 0);
    user_return();
}

struct frame *frame_first(u32 top, u32 entry, u32 sp, u32 a, u32 b)
{
    struct frame *frame = (struct frame *)top - 1;
    *frame = (struct frame){
        .es = DATA3 | 3, .ds = DATA3 | 3, .cs = CODE3 | 3, .ss = DATA3 | 3, .eflags = FLAGS_FIXED,
    };
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
    frame->eip = pc;
    frame->esp = sp;
    frame->eax = a;
    frame->edx = b;
}

void frame_restore(struct frame *frame, const struct frame *saved)
{
    *frame = *saved;
    frame->es = frame->ds = frame->ss = DATA3 | 3;
    frame->cs = CODE3 | 3;
    frame->eflags = (saved->eflags & FLAGS_USER) | FLAGS_FIXED;
}

void frame_go(struct frame *frame, u32 pc)
{
    frame->eip = pc;
}

u32 stack_prepare(struct frame *frame)
{
    u32 *sp = (u32 *)frame;
    *--sp = (u32)trap_return;
    for (u32 i = 0; i < 4; i++)
        *--sp = 0;                         /* EBP EBX ESI EDI */
    return (u32)sp;
}
