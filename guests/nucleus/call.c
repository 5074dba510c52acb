/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls: a table of functions of three words. */
#include "nucleus.h"

static u32 semaphores[SEMAPHORES];

static u32 nothing(u32 x, u32 b, u32 c)
{
    (void)b, (void)c;
    return x + 1;
}

static u32 leave(u32 status, u32 b, u32 c)
{
    (void)b, (void)c;
    process_exit(status);
}

static u32 fork(u32 a, u32 b, u32 c)
{
    (void)a, (void)b, (void)c;
    return process_fork();
}

static u32 wait(u32 pid, u32 b, u32 c)
{
    (void)b, (void)c;
    return process_wait(pid);
}

static u32 getpid(u32 a, u32 b, u32 c)
{
    (void)a, (void)b, (void)c;
    return current->pid;
}

static u32 yield(u32 a, u32 b, u32 c)
{
    (void)a, (void)b, (void)c;
    process_yield();
    return 0;
}

static u32 sleep(u32 count, u32 b, u32 c)
{
    (void)b, (void)c;
    return sleep_ticks(count);
}

/* A line is not torn apart by another process's: the kernel is not preempted. */
static u32 write(u32 address, u32 length, u32 c)
{
    (void)c;
    for (u32 i = 0; i < length; i++) {
        const u8 *letter = user_page(address + i, LOAD);
        if (!letter)
            return CALL_FAILED;
        u32 flags = irq_save();
        putch((char)*letter);
        irq_restore(flags);
    }
    return length;
}

static u32 read_block(u32 block, u32 address, u32 c)
{
    (void)c;
    return disk_read(block, address);
}

static u32 write_block(u32 block, u32 address, u32 c)
{
    (void)c;
    return disk_write(block, address);
}

static u32 up(u32 id, u32 b, u32 c)
{
    (void)b, (void)c;
    if (id >= SEMAPHORES)
        return CALL_FAILED;
    u32 flags = irq_save();
    semaphores[id]++;
    process_wake(&semaphores[id]);
    irq_restore(flags);
    return 0;
}

static u32 down(u32 id, u32 b, u32 c)
{
    (void)b, (void)c;
    if (id >= SEMAPHORES)
        return CALL_FAILED;
    u32 flags = irq_save();
    while (!semaphores[id])
        process_sleep(&semaphores[id]);
    semaphores[id]--;
    irq_restore(flags);
    return 0;
}

static u32 unmap(u32 address, u32 pages, u32 c)
{
    (void)c;
    if (address % PAGE || address < HEAP_BASE || address > HEAP_END
        || pages > (HEAP_END - address) / PAGE)
        return CALL_FAILED;
    memory_unmap(current, address, pages);
    return 0;
}

static u32 set_handler(u32 signal, u32 handler, u32 c)
{
    (void)c;
    if (signal >= SIGNALS)
        return CALL_FAILED;
    current->handler[signal] = handler;
    return 0;
}

static u32 end_handler(u32 pc, u32 b, u32 c)
{
    (void)b, (void)c;
    return signal_return(pc);
}

static u32 raise(u32 signal, u32 b, u32 c)
{
    (void)b, (void)c;
    if (signal >= SIGNALS)
        return CALL_FAILED;
    FRAME_RESULT(current->frame) = 0;      /* what the handler returns to sees */
    signal_raise(signal, 0);
    return FRAME_RESULT(current->frame);
}

static u32 (*const table[CALLS])(u32, u32, u32) = {
    [CALL_NOTHING] = nothing,
    [CALL_EXIT] = leave,
    [CALL_FORK] = fork,
    [CALL_WAIT] = wait,
    [CALL_GETPID] = getpid,
    [CALL_YIELD] = yield,
    [CALL_SLEEP] = sleep,
    [CALL_WRITE] = write,
    [CALL_DISK_READ] = read_block,
    [CALL_DISK_WRITE] = write_block,
    [CALL_UP] = up,
    [CALL_DOWN] = down,
    [CALL_UNMAP] = unmap,
    [CALL_SIGNAL] = set_handler,
    [CALL_SIGRETURN] = end_handler,
    [CALL_RAISE] = raise,
};

/* Interrupts are closed, and are again at the end. */
void system_call(struct frame *frame)
{
    u32 number = FRAME_CALL(frame);
    irq_open();
    FRAME_RESULT(frame) = number < CALLS
        ? table[number](FRAME_ARGUMENT(frame, 0), FRAME_ARGUMENT(frame, 1), FRAME_ARGUMENT(frame, 2))
        : CALL_FAILED;
    irq_save();
}
