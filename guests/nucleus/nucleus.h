/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nucleus: a small time-sharing kernel that has what matters to a virtual machine monitor.
 *
 * Translation on, processes in user mode with an address space each, preemption by the board's
 * timer, system calls, fork with copy-on-write, memory that appears at first touch, signals for
 * faults, a console and a disk, floating point switched only when it is used.  This is the portable
 * core; a processor and its board are guests/ARCH/nucleus, and arch.h there is the whole interface.
 *
 * Reading order: main.c (boot and the end), process.c (fork, sleep, the scheduler), memory.c (frames,
 * page faults), call.c (system calls), signal.c, fpu.c, disk.c, checksum.c; then user/, the programs.
 *
 * The kernel is not preempted: a tick in kernel mode only leaves a note, and the note is read on the
 * way to user mode.  System calls run with interrupts open, so what an interrupt handler touches too
 * is touched between irq_save() and irq_restore().
 *
 * Nothing that is printed depends on time or on where preemption strikes.
 */
#ifndef NUCLEUS_H
#define NUCLEUS_H

#include <print.h>

/* User space: one mebibyte, mapped page by page; the kernel is mapped one to one elsewhere. */
#define PAGE       4096u
#define USER_BASE  0x10000000u
#define USER_PAGES 256u
#define USER_END   (USER_BASE + USER_PAGES * PAGE)
#define HEAP_BASE  (USER_BASE + 64 * PAGE) /* the image ends below */
#define HEAP_END   (USER_BASE + 192 * PAGE) /* and 32 pages that are never mapped */
#define STACK_BASE (USER_BASE + 224 * PAGE)

#define PROCESSES    16
#define KERNEL_STACK 8192
#define FRAMES       512                   /* of 4 KiB, for user pages and page tables */

/* What an entry of a page table lets a user do besides reading. */
#define RIGHT_WRITE 1
#define RIGHT_EXEC  2

enum access { LOAD, STORE, FETCH };
enum signal { SIGILL, SIGFPE, SIGSEGV, SIGNALS };

#include "arch.h"
#include "calls.h"

enum state { FREE, READY, SLEEPING, ZOMBIE };

struct process {
    enum state state;
    u32 pid, status;                       /* status: what exit() left */
    struct process *parent;
    const void *channel;                   /* what a sleeper waits for */
    u32 kernel_sp;                         /* while another process runs */
    struct frame *frame;                   /* the user's registers, on the kernel stack */
    struct space space;
    u32 handler[SIGNALS];                  /* user addresses; zero ends the process */
    int fpu_used;
    struct fpu fpu;                        /* valid unless this process is fpu_owner */
    struct windows windows;                /* SPARC's; empty elsewhere */
};

extern struct process *current;
extern struct process processes[PROCESSES];

/* main.c */
extern const char *const storm_names[];
void panic(const char *what) __attribute__((noreturn));
void shutdown(u32 status) __attribute__((noreturn));

/* process.c */
void process_first(u32 entry, u32 storm, u32 rounds) __attribute__((noreturn));
u32 process_fork(void);
void process_exit(u32 status) __attribute__((noreturn));
u32 process_wait(u32 pid);
void process_sleep(const void *channel);   /* interrupts closed; returns after a wake-up */
void process_wake(const void *channel);
void process_yield(void);
void schedule(void);
void tick(void);                           /* the timer's interrupt handler calls it */
void user_return(void);                    /* last thing before user mode, interrupts closed */
u32 sleep_ticks(u32 count);
extern u32 fork_count;

/* memory.c */
void frames_open(void);
u8 *frame_allocate(void);                  /* zeroed */
void frame_release(u8 *frame);
u32 frames_free(void);
void memory_test(u32 rounds);
int page_fault(u32 address, enum access access); /* whether the access may be tried again */
u8 *user_page(u32 address, enum access access); /* the kernel's view of it, or null */
int copy_from_user(void *to, u32 from, u32 length);
int copy_to_user(u32 to, const void *from, u32 length);
void memory_share(struct process *parent, struct process *child);
void memory_unmap(struct process *process, u32 first, u32 pages);
void memory_drop(struct process *process); /* of one that will not run again */

/* call.c, signal.c, fpu.c, disk.c, checksum.c */
void system_call(struct frame *frame);
void signal_raise(enum signal signal, u32 address);
u32 signal_return(u32 pc);
void fpu_take(void);
void fpu_switch(void);
void fpu_fork(struct process *child);
void fpu_drop(void);
u32 disk_read(u32 block, u32 address);
u32 disk_write(u32 block, u32 address);
u32 disk_checksum(u32 sum);
u32 memory_checksum(void);

/* Fowler, Noll and Vo's hash (FNV-1), by words. */
#define CHECKSUM_BEGIN 0x811c9dc5u
static inline u32 checksum(u32 sum, u32 word)
{
    return sum * 0x01000193u ^ word;
}

#endif
