/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small kernel, a small trap-and-emulate monitor for it, and how they meet. */
#ifndef NESTED_H
#define NESTED_H

#include "leon3.h"

#define KERNEL_ENDS 0x71                   /* ta: the kernel is done; its monitor's, or its own */
#define TT_KERNEL_ENDS (0x80 + KERNEL_ENDS)

/* Offsets into struct guest */
#define GUEST_GLOBAL 0
#define GUEST_Y 32
#define GUEST_PSR 36
#define GUEST_PC 40
#define GUEST_NPC 44
#define GUEST_WIM 48
#define GUEST_TT 52
#define GUEST_WINDOW 56

#ifndef __ASSEMBLER__
/* The kernel's processor, as its monitor has it. */
struct guest {
	u32 global[8];
	u32 y;
	u32 psr;                           /* the real one: at an exit, and to go on with */
	u32 pc, npc;
	u32 real_wim;
	u32 tt;                            /* why it was left */
	u32 window[NWINDOWS][16];          /* locals and ins of each */
	u32 wim, tbr, context;             /* its own, as are S, PS, ET and PIL of: */
	u32 virtual_psr;
	u32 exits, emulated, reflected;
};

/* Run the kernel in supervisor mode, and in user mode under the monitor. */
void run_at_home(void);
void run_monitored(void);
void home_return(void) __attribute__((noreturn));
extern u32 kernel_start[], kernel_stack_top[];
extern struct guest guest;

/* What the kernel has printed so far is added up. */
extern u32 kernel_log;
void kernel_main(void);
u32 kernel_user_call(u32 (*function)(u32), u32 argument);
void kernel_trap(struct trap_frame *frame);
void monitor_exit(struct guest *g);
#endif
#endif
