/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nucleus on an ARMv7-A of the `virt` board: frame, short-descriptor tables, and what the core asks
 * for.  What touches privileged state is in bare.h, or for a hypervisor in para.h. */
#ifndef ARCH_H
#define ARCH_H

#include "print.h"

#define ARCHITECTURE "arm"

/* -- the interrupted registers, as entry.S leaves them on the kernel stack -- */

struct frame {
    u32 r[13];
    u32 vector;                            /* offset in the vector table / 4 */
    u32 sp, lr, pc, cpsr;                  /* of the interrupted mode; sp only of user mode */
};

#define MODE_MASK 0x1fu
#define MODE_USR  0x10u
#define MODE_SVC  0x13u

#define FRAME_RESULT(frame)      ((frame)->r[0])
#define FRAME_CALL(frame)        ((frame)->r[12])
#define FRAME_ARGUMENT(frame, n) ((frame)->r[n])
#define FRAME_SP(frame)          ((frame)->sp)
#define SIGNAL_AREA              0

struct frame *frame_first(u32 top, u32 entry, u32 sp, u32 a, u32 b);
struct frame *frame_copy(u32 top, const struct frame *frame);
void frame_enter(struct frame *frame, u32 pc, u32 sp, u32 a, u32 b);
void frame_restore(struct frame *frame, const struct frame *saved); /* less what users may not set */
void frame_go(struct frame *frame, u32 pc);

/* -- stacks -- */

void trap_return(void);
u32 stack_prepare(struct frame *frame);    /* stack_switch to it enters trap_return with the frame */
void stack_switch(u32 *save, u32 sp);

/* There are no register windows to look after. */
struct windows {
};
#define windows_open(windows)   ((void)(windows))
#define windows_forget(windows) ((void)(windows))
#define windows_flush()         ((void)0)
#define windows_drain()         ((void)0)

/*
 * -- address spaces --
 *
 * TTBCR.N is 2: TTBR0 translates the first gibibyte by a table of one page, which each process has
 * for itself (and which has the devices too); TTBR1 translates the rest, the kernel's.
 */

struct space {
    u32 *level1, *level2;
    u32 asid;
};
#define SPACE_FRAMES 2

/* ARM DDI 0406, B3.5.1: small pages, normal memory, write-back and write-allocate. */
#define PTE_SMALL     0x002u
#define PTE_XN        0x001u
#define PTE_NORMAL    0x04cu               /* TEX 1, C, B */
#define PTE_USER      0x030u               /* AP[1:0]: PL0 may do what PL1 may */
#define PTE_READ_ONLY 0x200u               /* AP[2] */
#define PTE_NOT_GLOBAL 0x800u

void spaces_open(void);
void space_create(struct space *space, u32 number);
void space_destroy(struct space *space);
u32 space_checksum(u32 sum);

static inline u32 *space_entry(const struct space *space, u32 address)
{
    return &space->level2[address >> 12 & 0xff];
}

static inline u32 pte_make(const u8 *frame, u32 rights)
{
    return (u32)frame | PTE_SMALL | PTE_NORMAL | PTE_USER | PTE_NOT_GLOBAL
        | (rights & 1 ? 0 : PTE_READ_ONLY) | (rights & 2 ? 0 : PTE_XN);
}

static inline int pte_present(u32 entry)
{
    return (entry & PTE_SMALL) != 0;
}

static inline int pte_writable(u32 entry)
{
    return !(entry & PTE_READ_ONLY);
}

static inline u32 pte_read_only(u32 entry)
{
    return entry | PTE_READ_ONLY;
}

static inline u8 *pte_frame(u32 entry)
{
    return (u8 *)(entry & ~0xfffu);
}

static inline u32 pte_rights(u32 entry)
{
    return entry & 0xfff;
}

struct fpu {
    u64 d[32];
    u32 fpscr;
};

void machine_open(void);
#define TICK 200                           /* microseconds */
void timer_open(u32 tick);
void timer_close(void);

#ifdef PARA
#include "para.h"
#else
#include "bare.h"
#endif

#endif
