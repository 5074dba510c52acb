/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs have: system calls, a little output, and instructions that fault. */
#ifndef USER_H
#define USER_H

#include "../calls.h"

typedef unsigned char u8;
typedef unsigned int u32;

#define PAGE 4096u
#define HEAP ((u32 *)0x10040000)
enum signal { SIGILL, SIGFPE, SIGSEGV };

/* guests/ARCH/nucleus/user.S */
u32 call(u32 number, u32 a, u32 b, u32 c);
void signal_entry(void);                   /* calls on_signal, and sigreturn with its result */
u32 try_load(u32 address);                 /* the word, or RECOVERED */
u32 try_store(u32 address);
u32 try_illegal(void);
u32 try_divide(u32 dividend, u32 divisor);
u32 try_privileged(void);                  /* an instruction for the kernel */
u32 try_stack(u32 sp);                     /* calls something with its stack there */
extern const u32 kernel_address;           /* that the kernel has mapped for itself */
extern const u8 recover[];                 /* where a handler may go on: returns RECOVERED */
#define RECOVERED 0x5afe5afe

u32 on_signal(u32 signal, u32 address);    /* syscalls.c */

static inline u32 mix(u32 sum, u32 word)
{
    return sum * 0x01000193u ^ word;
}
#define MIX_BEGIN 0x811c9dc5u

void say(const char *text);
void say_checksum(const char *name, u32 sum);

/* Runs body(argument, rounds) in a child of its own; its result is collected by wait. */
u32 begin(u32 (*body)(u32 argument, u32 rounds), u32 argument, u32 rounds);
u32 finish(u32 pid);

/* The workloads: each answers with its checksum.  Of `rounds` each, a round takes some 200,000
 * instructions. */
u32 misdeeds(void);
u32 compute(u32 rounds);
u32 syscalls(u32 rounds);
u32 switches(u32 rounds);
u32 forks(u32 rounds);
u32 io(u32 rounds);
u32 boot(u32 rounds);

#endif
