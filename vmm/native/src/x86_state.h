/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 processor's state as the engine has it: EFLAGS (Intel SDM volume 1, 3.4.3), the engine's
 * own flags of the mode (hflags), control registers (volume 3A, 2.5), exceptions and how one is
 * raised. */
#ifndef X86_STATE_H
#define X86_STATE_H

#include "offsets.h"
#include "vmm.h"

enum { FL_TF = 1 << 8, FL_IF = 1 << 9, FL_DF = 1 << 10, FL_IOPL = 3 << 12, FL_NT = 1 << 14 };
enum { FL_RF = 1 << 16, FL_VM = 1 << 17, FL_AC = 1 << 18, FL_ID = 1 << 21 };
enum { FL_ARITHMETIC = 0x8d5, CC_OP_EFLAGS = 1 };

enum {
    HF_CPL = 3, HF_INHIBIT_IRQ = 1 << 3, HF_CS32 = 1 << 4, HF_SS32 = 1 << 5, HF_PE = 1 << 7,
    HF_TF = 1 << 8, HF_LMA = 1 << 14, HF_CS64 = 1 << 15, HF_RF = 1 << 16
};

enum { CR0_PE = 1, CR0_WP = 1 << 16 };
#define CR0_PG (1u << 31)
enum { CR4_PSE = 1 << 4, CR4_PAE = 1 << 5, CR4_PCE = 1 << 8, CR4_SMEP = 1 << 20 };
enum { EFER_NXE = 1 << 11 };

enum { UD = 6, GP = 13, PF = 14 };

/* The instruction whose block is to go on at RETADDR raises VECTOR, unless that is 0 and the state is
 * exact already.  It does not come back. */
static inline __attribute__((noreturn)) void vmm_x86_raise(void *env, int vector, int code,
                                                           uintptr_t retaddr)
{
    typedef void (*raise_fn)(void *, int, int, uintptr_t);
    ORIGINAL(raise_fn, raise, "raise_exception_err_ra_x86_64");

    raise(env, vector, code, retaddr);
    __builtin_unreachable();
}

#endif
