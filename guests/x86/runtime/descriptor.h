/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables and the trap frame (Intel SDM volume 3A, chapters 3, 6 and 7). */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include "../../runtime/print.h"
#include "selectors.h"

/* Access bytes: present, DPL 0; add DPL(n) for the others. */
#define ACCESS_CODE  0x9b
#define ACCESS_DATA  0x93
#define ACCESS_TSS   0x89
#define ACCESS_LDT   0x82
#define GATE_CALL16  0x84
#define GATE_TASK_AC 0x85
#define GATE_INT16   0x86
#define GATE_TRAP16  0x87
#define GATE_CALL32  0x8c
#define GATE_INT32   0x8e
#define GATE_TRAP32  0x8f
#define DPL(n)       ((n) << 5)
#define PRESENT      0x80
#define FLAT         0xc                   /* G and D/B */
#define SIZE32       0x4                   /* D/B only */

#define IDT_COUNT    64

struct descriptor {
    u32 low, high;
};

struct table_register {
    u16 limit;
    u32 base;
} __attribute__((packed));

struct tss {
    u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    u32 eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, ldt;
    u16 trap, io_base;
};

/* What vectors.S leaves on the stack.  The last six words exist only after a
 * change of privilege, the last four only when virtual-8086 mode was left. */
struct frame {
    u32 entry_flags;                       /* EFLAGS as the handler found them */
    u32 gs, fs, es, ds;
    u32 edi, esi, ebp, unused, ebx, edx, ecx, eax;
    u32 vector, error, eip, cs, eflags;
    u32 esp, ss, vm_es, vm_ds, vm_fs, vm_gs;
};

extern struct descriptor gdt[GDT_COUNT], idt[IDT_COUNT];
extern const u32 vector_stubs[IDT_COUNT];

void set_segment(u32 selector, u32 base, u32 limit, u32 access, u32 flags);
void set_gate(struct descriptor *entry, u32 selector, u32 offset, u32 type, u32 parameters);
void set_flat_segments(void);
void set_exception_gates(void);            /* all vectors to their stubs, DPL 0 */
void load_descriptor_tables(void);

void trap(struct frame *frame);            /* supplied by the guest */

#endif
