/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A situation: a piece of code that traps, and what surrounds it. */
#ifndef SITUATION_H
#define SITUATION_H

#include "../runtime/selectors.h"

/* Software interrupts of the guest's IDT. */
#define END         0x30                   /* DPL 3: the situation is over */
#define INT_GATE    0x31                   /* DPL 3, 32 bits */
#define TRAP_GATE   0x32                   /* DPL 3, 32 bits */
#define INT_GATE16  0x33
#define TRAP_GATE16 0x34
#define INT_DPL0    0x35
#define INT_NP      0x36                   /* not present */
#define INT_TASK    0x37                   /* task gate to TSS_B, DPL 3 */
#define INT_CONF    0x38                   /* to conforming code */
#define INT_RING1   0x39
#define INT_NULL    0x3a                   /* null selector */
#define INT_BADTYPE 0x3b                   /* a data descriptor in the IDT */
#define INT_DATA    0x3c                   /* gate to a data segment */
#define INT_NPCODE  0x3d                   /* gate to code that is not present */

/* Linear addresses of the paging situations, see paging.c. */
#define WINDOW      0x00c00000
#define PAGE_RW     (WINDOW + 0x0000)      /* user, writable */
#define PAGE_NP     (WINDOW + 0x1000)      /* not present */
#define PAGE_RO     (WINDOW + 0x2000)      /* user, read only */
#define PAGE_SUP    (WINDOW + 0x3000)      /* supervisor, writable */
#define PAGE_SUP_RO (WINDOW + 0x4000)      /* supervisor, read only */
#define PAGE_CODE   (WINDOW + 0x5000)      /* user, holds a RET; NX in PAE tables */
#define PAGE_NP2    (WINDOW + 0x6000)      /* not present */
#define NO_TABLE    0x01000000             /* directory entry not present */
#define BIG_PAGE    0x01400000             /* 4 MiB page onto physical 0 */
#define BIG_BAD     0x01800000             /* 4 MiB page with a reserved bit */
#define DIR_RO      0x01c00000             /* WINDOW's table by a read-only directory entry */
#define DIR_SUP     0x02000000             /* WINDOW's table by a supervisor directory entry */

#define LOW_CODE    0x8000                 /* where code for VM86 and real mode is copied */
#define LOW_SEGMENT 0x800

/* CPUID bits a situation may need; NEEDS_NX is a bit that leaf 1 reserves. */
#define NEEDS_DE    0x00000004
#define NEEDS_PSE   0x00000008
#define NEEDS_TSC   0x00000010
#define NEEDS_PAE   0x00000040
#define NEEDS_SEP   0x00000800
#define NEEDS_NX    0x00100000
#define NEEDS_PMC   0x00000040             /* RDPMC came with the Pentium Pro, as PAE */

#ifdef __ASSEMBLER__
/* shows: how many words of `seen` are printed at the end.  Labels 90 to 92 are taken. */
    .macro SITUATION name, ring=0, prepare=0, fix=0, shows=0, needs=0
    .section .rodata
90: .asciz "\name"
    .section .situations, "a"
    .long 90b, 91f, 92f, \ring, \prepare, \fix, \shows, \needs
    .text
91:
    .endm
    .macro FINISH
    int $END
92:
    .endm
#else
#include "../runtime/descriptor.h"

struct situation {
    const char *name;
    u32 code, end;
    u32 ring;
    void (*prepare)(void);
    int (*fix)(struct frame *);            /* nonzero: leave; zero: return to the code */
    u32 shows;
    u32 needs;
};

struct io_tss {
    struct tss tss;
    u8 bitmap[0x81];                       /* ports 0 to 0x3ff, then the byte of ones */
};

extern struct io_tss tss_main;
extern struct tss tss_fault, tss_b;
extern u32 seen[16];

void leave(void) __attribute__((noreturn));
void restore_tables(void);
void restore_paging(void);
void restore_interrupts(void);
#endif
#endif
