/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A situation is a few instructions that should trap, with a name, the mode it is
 * entered in and what the handler does afterwards.  The .S files declare groups of them;
 * trap.c runs a group and prints one line for each trap.
 */
#ifndef SITUATION_H
#define SITUATION_H

#define USR 0x10
#define FIQ 0x11
#define IRQ 0x12
#define SVC 0x13
#define ABT 0x17
#define UND 0x1b
#define SYS 0x1f

/* Added to the mode. */
#define RESUME    0x100   /* go on behind the instruction that trapped */
#define REGISTERS 0x200   /* print r0 to r3 as the handler found them */

/* The SVC by which a situation that did not trap ends. */
#define SVC_END   0xe0d0

#define FRAME_SIZE 72

#define VECTOR_UNDEFINED 1
#define VECTOR_SVC       2
#define VECTOR_PREFETCH  3
#define VECTOR_DATA      4
#define VECTOR_IRQ       6
#define VECTOR_FIQ       7

/* Addresses of the test map (mmu.c), by what happens there. */
#define MAP_FAULT      0x50000000   /* no section */
#define MAP_READ_ONLY  0x50100000
#define MAP_XN         0x50200000
#define MAP_DOMAIN     0x50300000   /* a domain with no access */
#define MAP_PAGES      0x50400000   /* small pages, below */
#define MAP_PRIVILEGED 0x50500000
#define MAP_USER_READ  0x50600000   /* read-only for user, read-write for us */
#define MAP_NO_ACCESS  0x50700000
#define MAP_NOTHING    0x50900000   /* physical address where no device is */
#define MAP_ACCESS     0x50a00000   /* access flag clear (with SCTLR.AFE) */
#define MAP_MANAGER    0x50b00000   /* read-only, in a manager domain */
#define MAP_PXN        0x50c00000
#define MAP_BAD_TABLE  0x50d00000   /* page table in a domain with no access */
#define MAP_PLAIN      0x50e00000   /* RAM, all rights */
#define MAP_WALK       0x50f00000   /* page table where no memory is */
#define MAP_SUPER      0x51000000   /* a 16 MiB supersection */
#define MAP_NOWHERE    0x60000000   /* the physical address behind MAP_NOTHING */

#define PAGE_FAULT      0x50400000
#define PAGE_READ_ONLY  0x50401000
#define PAGE_XN         0x50402000
#define PAGE_USER_READ  0x50403000
#define PAGE_PRIVILEGED 0x50404000
#define PAGE_PLAIN      0x50405000
#define PAGE_NO_ACCESS  0x50406000
#define PAGE_NOTHING    0x50407000
#define PAGE_ACCESS     0x50408000
#define PAGE_LARGE      0x50410000   /* a 64 KiB page, read-only */
#define PAGE_BEFORE_LAST 0x50420000  /* plain, and a page that is not mapped behind it */
#define PAGE_LAST_HALF  0x50420ffd   /* (Thumb) a 32-bit instruction across the two */

#ifdef __ASSEMBLER__

    .syntax unified
    .arch_extension virt
    .arch_extension sec
    .text

    /* Situations of one group; every entry closes the one before. */
    .macro  group name
    .pushsection .rodata.situations.\name, "a"
    .balign 4
    .global situations_\name
situations_\name:
    .popsection
    .macro  entry function, text, mode
    .pushsection .rodata.situations.\name, "a"
    .word   7700f, \function, \mode
    .pushsection .rodata.names, "a"
7700:
    .asciz  "\text"
    .popsection
    .popsection
    .endm
    .endm

    /* Not `bx lr`: a trap from the mode it is taken to has changed lr. */
    .macro  finish
    ldr     r1, =situation_end
    bx      r1
    .endm

    .macro  situation text, mode=SVC
    finish
    .ltorg
    .balign 4
    .arm
situation_\@:
    entry   situation_\@, "\text", (\mode)
    .endm

    .macro  thumb_situation text, mode=SVC
    finish
    .ltorg
    .balign 4
    .thumb
    .thumb_func
situation_\@:
    entry   situation_\@, "\text", (\mode)
    .endm

    .macro  endgroup
    finish
    .ltorg
    entry   0, "", 0
    .purgem entry
    .arm
    .endm

    /* Make "equal" true, in either instruction set. */
    .macro  set_equal
    cmp     r0, r0
    .endm

#else
#include "cpu.h"

struct situation {
    const char *name;
    u32 function;                          /* bit 0: Thumb */
    u32 mode;
};

/* What vectors.S saves, lowest address first. */
struct frame {
    u32 vector;                            /* bits 15-8: which vector table */
    u32 spsr;
    u32 cpsr;                              /* in the handler */
    u32 reserved;
    u32 r[13];
    u32 lr;
};

/* vectors.S */
u32 run_in_mode(u32 function, u32 mode);
void unwind(u32 result, struct frame *frame) __attribute__((noreturn));
u32 call_with_irq(void (*function)(void)); /* in system mode, IRQ unmasked */
extern u32 low_vectors[], moved_vectors[], high_vectors[], thumb_vectors[];

/* trap.c */
extern u32 trap_count;
extern u32 nesting;                        /* how many handlers will trap again */
extern void (*interrupt_handler)(struct frame *frame);
void run_group(const struct situation *group);
void begin(const char *name);              /* names the traps that follow */
void print_name(void);                     /* starts a line */
void result(const char *name, u32 value);  /* a line of its own */

/* mmu.c, longdescriptor.c */
void map_on(void);
void map_off(void);
void set_page(u32 address, u32 descriptor);
void check_translation_operations(void);
void check_long_descriptors(void);

/* interrupts.c, relocation.c */
void check_interrupts(void);
void check_vectors(void);
void check_code_changes(void);

#endif
#endif
