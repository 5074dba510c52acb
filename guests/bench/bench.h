/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a workload is, and what it may ask of the processor it runs on.
 *
 * A workload does its work `rounds` times and answers with a checksum that is the same on every
 * machine of its architecture, however fast or slow: nothing in it depends on time. */
#ifndef BENCH_H
#define BENCH_H

#include "../runtime/print.h"

extern const char workload_name[];
u32 workload(u32 rounds);

#define NEVER_INLINED __attribute__((noinline, noclone))

/* -- the processor: guests/bench/ARCH/machine.c and machine.h -- */

void machine_open(void);                   /* vectors and interrupt controller; nothing enabled */

/* machine.h, inline: trap_call(v) is v + 1, computed by the shortest trap handler there is. */

u32 in_user(u32 (*function)(u32), u32 argument);

/* Interrupts are closed but inside interrupt_raise, tick_wait and machine_sleep. */
extern volatile u32 interrupts;            /* taken so far */
void interrupts_open(void);                /* the two sources below, and a source of ticks */
void interrupt_raise(void);                /* raises one and returns when it has been taken */
void tick_start(void);                     /* one interrupt in TICK microseconds */
void tick_wait(void);                      /* runs on, with interrupts open, until it has come */
void sleep_open(void);
void machine_sleep(void);                  /* halts until the next tick */
#define TICK 10
#define SLEEP 20

/* A register whose reading changes nothing, and one that reads as it was written. */
u32 device_status(void);
u32 device_echo(u32 value);

/* Makes `code` a function that returns `value`, ready to be called. */
#define CODE_WORDS 4
void code_write(u32 *code, u32 value);

/* Two address spaces show different memory at WINDOW: PAGES pages each. */
#define WINDOW 0x80000000u
#define PAGES 16
u32 *spaces_open(void);                    /* translation on; where the window is */
void space_enter(u32 space);               /* 0 or 1; what was cached of the other is void */

#endif
