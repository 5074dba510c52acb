/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps, and the frames that they leave and that are made for new processes. */
#include "../../nucleus/nucleus.h"

/* SPARC V8, table 7-1. */
#define TT_INSTRUCTION_ACCESS 0x01
#define TT_ILLEGAL            0x02
#define TT_PRIVILEGED         0x03
#define TT_FP_DISABLED        0x04
#define TT_WINDOW_OVERFLOW    0x05
#define TT_WINDOW_UNDERFLOW   0x06
#define TT_FP_EXCEPTION       0x08
#define TT_DATA_ACCESS        0x09
#define TT_INTERRUPT          0x10         /* and the level */
#define TT_DIVISION_BY_ZERO   0x2a
#define TT_CALL               0x90         /* ta 0x10 */

#define STATUS_STORE          0x80         /* of the fault's access type */

extern u32 timer_level, kernel_stack;
int windows_use(u32 sp);

static void unexpected(const struct frame *frame)
{
    print("trap");
    print_field("tt", frame->vector);
    print_field("pc", frame->pc);
    print_field("psr", frame->psr);
    print_field("status", fault_status());
    print_field("address", fault_address());
    print("\n");
    panic("unexpected trap");
}

static void fault(u32 address, enum access access)
{
    if (!page_fault(address, access))
        signal_raise(SIGSEGV, address);
}

static void data_fault(void)
{
    u32 status = fault_status();
    fault(fault_address(), status & STATUS_STORE ? STORE : LOAD);
}

static void from_user(struct frame *frame)
{
    switch (frame->vector) {
    case TT_CALL:
        frame->pc = frame->npc;
        frame->npc += 4;
        system_call(frame);
        break;
    case TT_DATA_ACCESS:
        data_fault();
        break;
    case TT_INSTRUCTION_ACCESS:
        fault(frame->pc, FETCH);
        break;
    case TT_FP_DISABLED:
        fpu_take();
        break;
    case TT_WINDOW_OVERFLOW:               /* the last one put aside: its stack is next in use */
        windows_use(current->windows.window[0].sp);
        break;
    case TT_WINDOW_UNDERFLOW:
        if (!windows_use(unfilled_window()))
            process_exit(CALL_SIGNALLED + SIGSEGV);
        break;
    case TT_DIVISION_BY_ZERO:
    case TT_FP_EXCEPTION:
        signal_raise(SIGFPE, frame->pc);
        break;
    case TT_ILLEGAL:
    case TT_PRIVILEGED:
        signal_raise(SIGILL, frame->pc);
        break;
    default:
        if (frame->vector != TT_INTERRUPT + timer_level)
            signal_raise(SIGSEGV, 0);
    }
}

void trap(struct frame *frame)
{
    if (!in_kernel_mode())
        panic("a trap came in user mode");
    if (frame->vector == TT_INTERRUPT + timer_level)
        tick();
    if (frame->psr & PSR_PS) {
        if (frame->vector != TT_INTERRUPT + timer_level)
            unexpected(frame);
        return;
    }
    current->frame = frame;
    from_user(frame);
    user_return();
    windows_drain();
}

struct frame *frame_first(u32 top, u32 entry, u32 sp, u32 a, u32 b)
{
    struct frame *frame = (struct frame *)top - 1;
    *frame = (struct frame){.psr = PSR_S};
    frame_enter(frame, entry, sp - SIGNAL_AREA, a, b);
    user_page(sp - SIGNAL_AREA, STORE);    /* its first window is read from there */
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
    frame_go(frame, pc);
    frame->out[6] = sp;
    frame->out[0] = a;
    frame->out[1] = b;
}

void frame_restore(struct frame *frame, const struct frame *saved)
{
    u32 psr = (frame->psr & ~PSR_ICC) | (saved->psr & PSR_ICC);
    *frame = *saved;
    frame->psr = psr;
}

void frame_go(struct frame *frame, u32 pc)
{
    frame->pc = pc;
    frame->npc = pc + 4;
}

void kernel_stack_set(u32 top)
{
    kernel_stack = top;
    windows_enter(&current->windows);
}

/* The window of the trap with %fp the user's %sp, and below it one that returns to process_begin. */
u32 stack_prepare(struct frame *frame)
{
    u32 *window = (u32 *)((u32)frame - FRAME), *below = window - 96 / 4;
    window[14] = frame->out[6];
    below[14] = (u32)window;
    below[17] = (u32)process_begin - 8;
    return (u32)below;
}
