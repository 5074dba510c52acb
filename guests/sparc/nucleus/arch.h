/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nucleus on the LEON3: frame, register windows, the reference MMU's tables, and what the core asks
 * for.  What touches privileged state is in bare.h, or for a hypervisor in para.h. */
#ifndef ARCH_H
#define ARCH_H

#define trap_frame frame                   /* the runtime's is ours: leon3.h */
#include "leon3.h"

#define ARCHITECTURE "sparc"

/* -- the interrupted registers, as entry.S leaves them on the kernel stack -- */

#define FRAME_RESULT(frame)      ((frame)->out[0])
#define FRAME_CALL(frame)        ((frame)->global[1])
#define FRAME_ARGUMENT(frame, n) ((frame)->out[n])
#define FRAME_SP(frame)          ((frame)->out[6])
#define SIGNAL_AREA              96        /* what a function may want at its caller's %sp */

struct frame *frame_first(u32 top, u32 entry, u32 sp, u32 a, u32 b);
struct frame *frame_copy(u32 top, const struct frame *frame);
void frame_enter(struct frame *frame, u32 pc, u32 sp, u32 a, u32 b);
void frame_restore(struct frame *frame, const struct frame *saved); /* less what users may not set */
void frame_go(struct frame *frame, u32 pc);

/* -- stacks -- */

void process_begin(void);
u32 stack_prepare(struct frame *frame);    /* stack_switch to it enters user mode with the frame */
void stack_switch(u32 *save, u32 sp);
void kernel_stack_set(u32 top);

/*
 * -- register windows --
 *
 * A user's windows go to its stack while they lie in a range that is known to be there and writable,
 * for no fault can be taken where windows are spilled.  Any other goes to this area, and on to the
 * user's stack on the way to user mode, where faults are ordinary.
 */
struct windows {
    u32 low, room;                         /* the range: %sp - low <= room */
    u32 next, unused;                      /* address of the first free element */
    struct {
        u32 registers[16], sp, unused;
    } window[NWINDOWS] __attribute__((aligned(8)));
};

void windows_open(struct windows *windows);
void windows_forget(struct windows *windows); /* the range is no longer known to be there */
void windows_flush(void);                  /* all but the caller's leave the registers */
void windows_drain(void);                  /* the area of the current process to its stack */

/* -- address spaces: one page has a process's three levels of tables -- */

struct space {
    u32 *level1, *level3;
    u32 context;
};
#define SPACE_FRAMES 1

/* SPARC V8, appendix H.5. */
#define PTE_ENTRY      2u
#define PTE_POINTER    1u
#define PTE_TYPE       3u
#define PTE_ACC        0x1cu
#define PTE_READ       (0u << 2)
#define PTE_READ_WRITE (1u << 2)
#define PTE_READ_EXEC  (2u << 2)
#define PTE_KERNEL     (7u << 2)
#define PTE_REFERENCED 0x20u
#define PTE_MODIFIED   0x40u
#define PTE_CACHEABLE  0x80u

void spaces_open(void);
void space_create(struct space *space, u32 number);
void space_destroy(struct space *space);
u32 space_checksum(u32 sum);

static inline u32 *space_entry(const struct space *space, u32 address)
{
    return &space->level3[address >> 12 & 0xff];
}

static inline u32 pte_make(const u8 *frame, u32 rights)
{
    return (u32)frame >> 4 | PTE_CACHEABLE | PTE_ENTRY
        | (rights & 1 ? PTE_READ_WRITE : rights & 2 ? PTE_READ_EXEC : PTE_READ);
}

static inline int pte_present(u32 entry)
{
    return (entry & PTE_TYPE) == PTE_ENTRY;
}

static inline int pte_writable(u32 entry)
{
    return (entry & PTE_ACC) == PTE_READ_WRITE;
}

static inline u32 pte_read_only(u32 entry)
{
    return pte_writable(entry) ? (entry & ~PTE_ACC) | PTE_READ : entry;
}

static inline u8 *pte_frame(u32 entry)
{
    return (u8 *)(entry >> 8 << 12);
}

static inline u32 pte_rights(u32 entry)
{
    return entry & 0xff & ~(PTE_REFERENCED | PTE_MODIFIED);
}

/* -- floating point: PSR.EF, in the kernel's PSR and in the one to return with -- */

struct fpu {
    u64 f[16];
    u32 fsr;
};
void fpu_open(void);
void fpu_close(void);

void machine_open(void);
#define TICK 1000                          /* microseconds */
void timer_open(u32 tick);
void timer_close(void);

#ifdef PARA
#include "para.h"
#else
#include "bare.h"
#endif

#endif
