/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that looks for the monitor beneath it. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include "../runtime/selectors.h"

#define END    0x30                        /* DPL 3: the attempt is over */
#define HOLE   0x70000000                  /* nothing answers: all ones, stores change nothing */
#define ROM    0xffff0000
#define LOW_BASE  0x50000                  /* of segments that are not at 0 */
#define STACK_BASE 0x60000
#define REAL_BASE 0x8000                   /* code for real mode is copied here */

#ifdef __ASSEMBLER__
/* The same for code in quotes, which the preprocessor does not see. */
    .set end_, END
    .set code0_, CODE0
    .set code3_, CODE3
    .set data0_, DATA0
    .set data3_, DATA3
    .set tss_main_, TSS_MAIN
    .set hole_, HOLE
    .set rom_, ROM

/* An attempt: code that runs at RING with its stack at STACK (0: an ordinary one) and
 * EFLAGS of FLAGS, and ends with FINISH or with a trap; EAX and EBX are printed then. */
    .macro ATTEMPT name, ring=0, stack=0, flags=2
    .section .rodata
90: .asciz "\name"
    .section .situations, "a"
    .long 90b, 91f, \ring, \stack, \flags
    .text
91:
    .endm
    .macro FINISH
    int $END
    .endm
#else
#include "../runtime/descriptor.h"

struct attempt {
    const char *name;
    u32 code, ring, stack, flags;
};

extern struct tss tss;
void enter(u32 code, u32 ring, u32 stack, u32 flags);
void leave(void) __attribute__((noreturn));
void name_attempt(const char *name);       /* of the next one that is entered */
extern u32 expected_fault;

void code_that_changes(void);
void tables_mapped_twice(void);
void registers_read_back(void);
void code_by_several_addresses(void);
void virtual_8086_mode(void);
#endif
#endif
