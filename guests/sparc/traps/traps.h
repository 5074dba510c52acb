/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of trap situations: who runs, in which mode, and where. */
#ifndef TRAPS_H
#define TRAPS_H
#include "leon3.h"

#define SUPERVISOR 1
#define USER 2
#define BOTH 3
#define NO_FPU 4     /* run with PSR.EF = 0 */
#define KEEP_STATUS 8 /* leave the MMU's fault status unread: the next fault overwrites it */

/* Virtual addresses of the MMU situations, all below one level-1 entry. */
#define PAGE_ACC(acc) (0x50000000 + (acc) * 0x1000)
#define INVALID_L3 0x50010000
#define RESERVED_L3 0x50011000
#define POINTER_L3 0x50012000
#define CODE_PAGE 0x50014000 /* the page after it is invalid */
#define FRESH_PAGE 0x50016000
#define CODE_ALIAS 0x50017000
#define LARGE_L2 0x50040000
#define INVALID_L2 0x50080000
#define INVALID_L1 0x60000000
#define CODE_OFFSET 0x100 /* "return 0x77" in the page behind PAGE_ACC */

#ifdef __ASSEMBLER__
	.macro group text
	.section .rodata.situations, "a"
	.word	.Lgroup\@, 0, 0, 0
	.section .rodata.names, "a"
.Lgroup\@:
	.asciz	"\text"
	.text
	.endm

	/* A leaf routine: argument and result in %o0, returns by retl. */
	.macro situation name, modes, argument=0
	.section .rodata.situations, "a"
	.word	.Lname\@, \name, \argument, \modes
	.section .rodata.names, "a"
.Lname\@:
	.asciz	"\name"
	.text
	.balign	8
\name:
	.endm

	.macro done
	retl
	nop
	.endm
#else
struct situation {
	const char *name;
	u32 (*run)(u32);
	u32 argument;
	u32 modes;
};

extern u32 scratch[16];

void run_situations(const struct situation *from, const struct situation *to);
void run_situation(const struct situation *one);
void heading(const char *text);

extern u32 trap_count;
/* Places are printed relative to this one. */
extern u32 situation_base;
void fail(const char *text);

void mmu_situations(void);
void nested_situations(void);
void window_situations(void);
void interrupt_situations(void);
void code_situations(void);

/* The interrupts taken, in order; on_interrupt runs in the handler. */
struct interrupt {
	u32 number, psr;
};
extern struct interrupt interrupt_log[32];
extern u32 interrupt_count;
extern void (*on_interrupt)(u32 level);

/* Runs after a fault is recorded; true means: try the instruction again. */
extern u32 (*on_fault)(struct trap_frame *frame);

/* What the handler of `ta 0x60 + number` does: take further traps. */
void nested_handler(u32 number);

u32 deep(u32 depth);
#endif
#endif
