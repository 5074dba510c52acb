/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of the VFP, which need no privilege once they are open. */
#ifndef VFP_H
#define VFP_H

static inline void fpu_save(struct fpu *fpu)
{
    u64 *d = fpu->d;
    asm volatile(".fpu vfpv3\n\tvstmia %0!, {d0-d15}\n\tvstmia %0!, {d16-d31}\n\tvmrs %1, fpscr"
                 : "+r"(d), "=r"(fpu->fpscr) : : "memory");
}

static inline void fpu_load(const struct fpu *fpu)
{
    const u64 *d = fpu->d;
    asm volatile(".fpu vfpv3\n\tvldmia %0!, {d0-d15}\n\tvldmia %0!, {d16-d31}\n\tvmsr fpscr, %1"
                 : "+r"(d) : "r"(fpu->fpscr) : "memory");
}

static inline void fpu_reset(struct fpu *fpu)
{
    *fpu = (struct fpu){.fpscr = 0};
}

#endif
