/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of the x87, which need no privilege once they are open. */
#ifndef X87_H
#define X87_H

static inline void fpu_save(struct fpu *fpu)
{
    __asm__ volatile("fnsave %0; fwait" : "=m"(*fpu));
}

static inline void fpu_load(const struct fpu *fpu)
{
    __asm__ volatile("frstor %0" : : "m"(*fpu));
}

static inline void fpu_reset(struct fpu *fpu)
{
    __asm__ volatile("fninit; fnsave %0" : "=m"(*fpu));
}

#endif
