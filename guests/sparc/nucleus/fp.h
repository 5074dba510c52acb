/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floating point registers, which need no privilege once they are open. */
#ifndef FP_H
#define FP_H

static inline void fpu_save(struct fpu *fpu)
{
    __asm__ volatile("std %%f0, [%0]\n\tstd %%f2, [%0 + 8]\n\tstd %%f4, [%0 + 16]\n\t"
                     "std %%f6, [%0 + 24]\n\tstd %%f8, [%0 + 32]\n\tstd %%f10, [%0 + 40]\n\t"
                     "std %%f12, [%0 + 48]\n\tstd %%f14, [%0 + 56]\n\tstd %%f16, [%0 + 64]\n\t"
                     "std %%f18, [%0 + 72]\n\tstd %%f20, [%0 + 80]\n\tstd %%f22, [%0 + 88]\n\t"
                     "std %%f24, [%0 + 96]\n\tstd %%f26, [%0 + 104]\n\tstd %%f28, [%0 + 112]\n\t"
                     "std %%f30, [%0 + 120]\n\tst %%fsr, [%0 + 128]" : : "r"(fpu) : "memory");
}

static inline void fpu_load(const struct fpu *fpu)
{
    __asm__ volatile("ldd [%0], %%f0\n\tldd [%0 + 8], %%f2\n\tldd [%0 + 16], %%f4\n\t"
                     "ldd [%0 + 24], %%f6\n\tldd [%0 + 32], %%f8\n\tldd [%0 + 40], %%f10\n\t"
                     "ldd [%0 + 48], %%f12\n\tldd [%0 + 56], %%f14\n\tldd [%0 + 64], %%f16\n\t"
                     "ldd [%0 + 72], %%f18\n\tldd [%0 + 80], %%f20\n\tldd [%0 + 88], %%f22\n\t"
                     "ldd [%0 + 96], %%f24\n\tldd [%0 + 104], %%f26\n\tldd [%0 + 112], %%f28\n\t"
                     "ldd [%0 + 120], %%f30\n\tld [%0 + 128], %%fsr" : : "r"(fpu) : "memory");
}

static inline void fpu_reset(struct fpu *fpu)
{
    *fpu = (struct fpu){.fsr = 0};
}

#endif
