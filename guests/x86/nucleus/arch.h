/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nucleus on a PC with a 486 or later: frame, two-level paging, and what the core asks for.
 * What touches privileged state is in bare.h, or for a hypervisor in para.h. */
#ifndef ARCH_H
#define ARCH_H

#define frame runtime_frame                /* not the runtime's */
#define trap runtime_trap
#include "descriptor.h"
#undef frame
#undef trap

#define ARCHITECTURE "x86"
#define CALL_VECTOR  0x80

/* -- the interrupted registers, as entry.S leaves them on the kernel stack -- */

struct frame {
    u32 es, ds;
    u32 edi, esi, ebp, unused, ebx, edx, ecx, eax;
    u32 vector, error, eip, cs, eflags;
    u32 esp, ss;                           /* only of user mode */
};

#define FRAME_RESULT(frame)      ((frame)->eax)
#define FRAME_CALL(frame)        ((frame)->eax)
#define FRAME_ARGUMENT(frame, n) ((n) == 0 ? (frame)->ebx : (n) == 1 ? (frame)->ecx : (frame)->edx)
#define FRAME_SP(frame)          ((frame)->esp)
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
void kernel_stack_set(u32 top);

/* There are no register windows to look after. */
struct windows {
};
#define windows_open(windows)   ((void)(windows))
#define windows_forget(windows) ((void)(windows))
#define windows_flush()         ((void)0)
#define windows_drain()         ((void)0)

/* -- address spaces: a directory and one table each, beside the kernel's own tables -- */

struct space {
    u32 *directory, *table;
};
#define SPACE_FRAMES 2

#define PTE_P  0x001u
#define PTE_W  0x002u
#define PTE_U  0x004u
#define PTE_A  0x020u
#define PTE_D  0x040u

void spaces_open(void);
void space_create(struct space *space, u32 number);
void space_destroy(struct space *space);
void space_enter(const struct space *space);
u32 space_checksum(u32 sum);

static inline u32 *space_entry(const struct space *space, u32 address)
{
    return &space->table[address >> 12 & 0x3ff];
}

static inline u32 pte_make(const u8 *frame, u32 rights)
{
    return (u32)frame | PTE_P | PTE_U | (rights & 1 ? PTE_W : 0); /* all pages are executable */
}

static inline int pte_present(u32 entry)
{
    return entry & PTE_P;
}

static inline int pte_writable(u32 entry)
{
    return (entry & PTE_W) != 0;
}

static inline u32 pte_read_only(u32 entry)
{
    return entry & ~PTE_W;
}

static inline u8 *pte_frame(u32 entry)
{
    return (u8 *)(entry & ~0xfffu);
}

static inline u32 pte_rights(u32 entry)
{
    return entry & 0xfff & ~(PTE_A | PTE_D);
}

struct fpu {
    u32 words[27];                         /* FNSAVE's 108 bytes */
};

void machine_open(void);
#define TICK 200                           /* microseconds, at most 50000 */
void timer_open(u32 tick);
void timer_close(void);

#ifdef PARA
#include "para.h"
#else
#include "bare.h"
#endif

#endif
