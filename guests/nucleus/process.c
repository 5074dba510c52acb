/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: birth, death, sleep, and who runs next. */
#include "nucleus.h"

struct process processes[PROCESSES], *current = &processes[0];
static u8 stacks[PROCESSES][KERNEL_STACK] __attribute__((aligned(16)));
static u32 last_pid;
static volatile u32 preempt, ticks;
u32 fork_count;

static u32 stack_top(const struct process *process)
{
    return (u32)stacks[process - processes] + KERNEL_STACK;
}

static struct process *process_allocate(void)
{
    u32 flags = irq_save();
    struct process *process = processes;
    while (process < processes + PROCESSES && process->state != FREE)
        process++;
    if (process == processes + PROCESSES) {
        irq_restore(flags);
        return 0;
    }
    process->state = SLEEPING;
    process->channel = 0;
    process->pid = ++last_pid;
    process->parent = current;
    process->fpu_used = 0;
    irq_restore(flags);
    space_create(&process->space, (u32)(process - processes));
    return process;
}

/* The first process: it begins in the program at `entry`, on an empty stack. */
void process_first(u32 entry, u32 storm, u32 rounds)
{
    irq_save();
    current = process_allocate();
    windows_open(&current->windows);
    current->frame = frame_first(stack_top(current), entry, USER_END, storm, rounds);
    current->kernel_sp = stack_prepare(current->frame);
    current->state = READY;
    space_enter(&current->space);
    kernel_stack_set(stack_top(current));
    fpu_switch();
    u32 boot_sp;
    stack_switch(&boot_sp, current->kernel_sp);
    __builtin_unreachable();
}

/* The child begins where the parent's system call returns, with a result of zero. */
u32 process_fork(void)
{
    struct process *child = process_allocate();
    if (!child)
        return CALL_FAILED;
    windows_flush();
    windows_drain();
    for (u32 i = 0; i < SIGNALS; i++)
        child->handler[i] = current->handler[i];
    memory_share(current, child);
    windows_open(&child->windows);
    fpu_fork(child);
    child->frame = frame_copy(stack_top(child), current->frame);
    FRAME_RESULT(child->frame) = 0;
    child->kernel_sp = stack_prepare(child->frame);
    u32 flags = irq_save();
    child->state = READY;
    fork_count++;
    irq_restore(flags);
    return child->pid;
}

/* A dead process keeps its memory, which it still runs in, until its parent asks after it. */
void process_exit(u32 status)
{
    irq_save();
    if (current->pid == 1)
        shutdown(status);
    for (struct process *child = processes; child < processes + PROCESSES; child++)
        if (child->state != FREE && child->parent == current)
            child->parent = &processes[0];
    fpu_drop();
    current->status = status;
    current->state = ZOMBIE;
    process_wake(current);
    schedule();
    __builtin_unreachable();
}

u32 process_wait(u32 pid)
{
    struct process *child = processes;
    while (child < processes + PROCESSES
           && (child->state == FREE || child->pid != pid || child->parent != current))
        child++;
    if (child == processes + PROCESSES)
        return CALL_FAILED;
    u32 flags = irq_save();
    while (child->state != ZOMBIE)
        process_sleep(child);
    irq_restore(flags);
    u32 status = child->status;
    memory_drop(child);
    space_destroy(&child->space);
    child->state = FREE;
    return status;
}

/* The next ready process after the present one, which is looked at last. */
static struct process *pick(void)
{
    struct process *process = current;
    do {
        if (++process == processes + PROCESSES)
            process = processes;
        if (process->state == READY)
            return process;
    } while (process != current);
    return 0;
}

/* Interrupts are closed.  Returns when this process has been picked again. */
void schedule(void)
{
    struct process *previous = current, *next;
    preempt = 0;
    for (u32 turn = 0; !(next = pick()); turn++)
        cpu_idle(turn);
    if (next == previous)
        return;
    windows_flush();
    current = next;
    fpu_switch();
    space_enter(&next->space);
    kernel_stack_set(stack_top(next));
    stack_switch(&previous->kernel_sp, next->kernel_sp);
}

void process_sleep(const void *channel)
{
    current->channel = channel;
    current->state = SLEEPING;
    schedule();
}

void process_wake(const void *channel)
{
    u32 flags = irq_save();
    for (struct process *process = processes; process < processes + PROCESSES; process++)
        if (process->state == SLEEPING && process->channel == channel)
            process->state = READY;
    irq_restore(flags);
}

void process_yield(void)
{
    u32 flags = irq_save();
    schedule();
    irq_restore(flags);
}

void tick(void)
{
    ticks = ticks + 1;
    preempt = 1;
    process_wake((const void *)&ticks);
}

u32 sleep_ticks(u32 count)
{
    u32 flags = irq_save(), begin = ticks;
    while (ticks - begin < count)
        process_sleep((const void *)&ticks);
    irq_restore(flags);
    return 0;
}

void user_return(void)
{
    while (preempt)
        schedule();
}
