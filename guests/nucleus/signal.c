/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals for what the running process did.  The interrupted registers go to the user's stack, the
 * handler is entered above them, and the `sigreturn` call takes them back: what a user may not have
 * in its status register is removed on the way.
 */
#include "nucleus.h"

void signal_raise(enum signal signal, u32 address)
{
    struct frame *frame = current->frame;
    u32 handler = current->handler[signal];
    u32 sp = (FRAME_SP(frame) - SIGNAL_AREA - sizeof *frame) & ~7u;
    if (!handler || !copy_to_user(sp + SIGNAL_AREA, frame, sizeof *frame))
        process_exit(CALL_SIGNALLED + signal);
    frame_enter(frame, handler, sp, signal, address);
}

u32 signal_return(u32 pc)
{
    struct frame *frame = current->frame, saved;
    if (!copy_from_user(&saved, FRAME_SP(frame) + SIGNAL_AREA, sizeof saved))
        process_exit(CALL_SIGNALLED + SIGSEGV);
    frame_restore(frame, &saved);
    if (pc)
        frame_go(frame, pc);
    return FRAME_RESULT(frame);
}
