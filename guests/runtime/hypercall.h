/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypercalls of a paravirtual guest, version 1.  This header is their documentation.
 *
 * A paravirtual kernel is still a kernel: whatever privileged instruction of it traps is emulated as
 * under trap-and-emulate, so that only frequent operations, and those that do not trap, need a call.
 *
 *            instruction   number   arguments               result
 *   SPARC    ta 0x70       %g1      %o0 %o1 %o2 %o3         %o0
 *   ARM      hvc #0x5600   r12      r0 r1 r2 r3             r0
 *   x86      int $0x82     eax      ebx ecx edx esi         eax
 *
 * Other registers keep their values; condition codes need not.  Addresses are guest-physical unless
 * they are called virtual; words are 32 bits in the guest's byte order.  In virtual user mode the
 * instruction is what it is on the bare machine.  An unknown number and bad arguments give
 * HYPER_ERROR and change nothing.
 *
 * The shared page is one page of the guest's memory that HYPER_SHARED names:
 * struct hyper_shared.  Its first word is the virtual interrupt flag, which the kernel reads and
 * writes like any variable; it takes the place of EFLAGS.IF, CPSR.I, and PSR's PIL and ET.
 *
 * Direct entry.  Once HYPER_TRAPS has been called, traps and interrupts enter the kernel at the
 * registered addresses with what they need in memory and registers, and no register has to be read
 * by a privileged instruction.  Every entry closes the virtual interrupt flag.  A trap from virtual
 * user mode is on the stack that HYPER_STACK named, one from kernel mode on the present one.
 *
 *   x86: HYPER_TRAPS names 256 words, the virtual address of each vector's handler, 0 for none.  On
 *   the stack lies what an interrupt gate to the kernel's code segment pushes: [ss, esp, from user
 *   mode only,] eflags with IF as the flag was, cs, eip, [error code].  CR2 is in fault_address.
 *   HYPER_RETURN: on top of the stack lie eax and then what IRET pops; the other registers are those
 *   to return with.
 *
 *   ARM: HYPER_TRAPS names one virtual address.  Below the present sp lie five words: vector (1
 *   undefined, 2 SVC, 3 prefetch abort, 4 data abort, 6 IRQ), sp and lr of the interrupted mode, the
 *   address to resume at (of the faulting instruction; behind an SVC), and CPSR with I as the flag
 *   was.  r0 to r12 are the interrupted ones.  DFAR or IFAR is in fault_address, DFSR or IFSR in
 *   fault_status.  HYPER_RETURN: on top of the stack lie r12, sp, lr, pc and CPSR to return with;
 *   r0 to r11 are those to return with.
 *
 *   SPARC: HYPER_TRAPS names one virtual address.  The entry is in a new window that may be used,
 *   with PSR in %l0 (PIL is 0 or 15 as the flag was), pc in %l1, npc in %l2 and the trap type in %l3;
 *   %sp is the kernel's to make.  The MMU's fault status and address are in fault_status and
 *   fault_address.  HYPER_RETURN: %l0 to %l2 as at entry, of %l0 icc, PS and PIL count; %l3 is what
 *   %g1 shall be.  If the window to return to is not in registers it is read from its %sp, which is
 *   %fp here; then its %sp becomes %l4.
 *   From HYPER_TRAPS on, WIM and CWP are the hypervisor's, and it answers window overflow and
 *   underflow itself.  The kernel's windows go to and come from their stacks; so does a window of
 *   user mode whose %sp is a multiple of eight with %sp - low <= room in the spill area.  Else,
 *   overflow: it is put into the spill area at `next`, which grows; and if user mode did the SAVE,
 *   trap 5 enters the kernel after that, with the SAVE still to be done.  Underflow, which is then of
 *   user mode: trap 6 enters the kernel with the window's %sp in fault_address, the RESTORE still to
 *   be done.
 */
#ifndef HYPERCALL_H
#define HYPERCALL_H

#define HYPER_QUERY       0  /* (): HYPER_MAGIC, whose low byte is the version */
#define HYPER_FEATURES    1  /* (): mask of the numbers below that are answered, 1 << number */
#define HYPER_SHARED      2  /* (page): the shared page, page-aligned */
#define HYPER_TRAPS       3  /* (where): direct entry from now on, as above */
#define HYPER_STACK       4  /* (top): virtual; the stack of traps from user mode (not SPARC) */
#define HYPER_RETURN      5  /* as above; sets the flag and goes on, to user mode or the kernel */
#define HYPER_SPACE       6  /* (root, tag): enters an address space: x86 its directory; ARM its TTBR0
                              * and ASID; SPARC 0 and its context number */
#define HYPER_UPDATE      7  /* (updates, count): writes page table entries, struct hyper_update, in
                              * order; gives count.  Nothing stays cached of what they were */
#define HYPER_FLUSH       8  /* (address, tag): what is cached of one virtual page of a space */
#define HYPER_FLUSH_SPACE 9  /* (root, tag): what is cached of a space */
#define HYPER_FPU         10 /* (open): 1 lets floating point instructions run, 0 makes them trap */
#define HYPER_HALT        11 /* (microseconds): opens the flag and waits for an interrupt, or for the
                              * time to pass if it is not zero; the flag is open on return */
#define HYPER_YIELD       12 /* (): others may run; returns as HYPER_HALT does if none does */
#define HYPER_OPENED      13 /* (): the flag has been opened and `pending` is set: deliver now */
#define HYPER_WINDOWS     14 /* (): SPARC: all windows but the present one go to memory */
#define HYPER_RELEASE     15 /* (root, tag): a space that will not be entered again: its tables are
                              * memory like any other from now on, and nothing stays cached of it */
#define HYPER_CALLS       16

#define HYPER_MAGIC       0x564d4d01
#define HYPER_ERROR       0xffffffff

/* Instructions, for assembly. */
#define HYPER_TRAP_SPARC  0x70
#define HYPER_HVC_ARM     0x5600
#define HYPER_INT_X86     0x82

/* Offsets in the shared page, for assembly. */
#define HYPER_INTERRUPTS    0
#define HYPER_PENDING       4
#define HYPER_FAULT_ADDRESS 8
#define HYPER_FAULT_STATUS  12
#define HYPER_SPILL         16

#ifndef __ASSEMBLER__
struct hyper_shared {
    volatile unsigned interrupts;          /* 1: open, 0: closed */
    volatile unsigned pending;             /* set for an interrupt that found the flag closed */
    volatile unsigned fault_address, fault_status;
    volatile unsigned spill;               /* SPARC: address of a struct hyper_spill */
};

struct hyper_update {
    unsigned entry, value;                 /* the entry's address, what to write */
};

/* SPARC: windows on their way to a user's stack. */
struct hyper_spill {
    unsigned low, room;                    /* a user's stack that is there and may be written */
    unsigned next, unused;                 /* address of the first free element below */
    struct {
        unsigned registers[16];            /* %l0 to %l7, %i0 to %i7 */
        unsigned sp, unused;
    } window[8];
};
#endif
#endif
