/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged instructions of a kernel that owns the processor (SPARC V8; appendix H for the MMU). */
#ifndef BARE_H
#define BARE_H

#define FLUSH_PAGE    0x000
#define FLUSH_CONTEXT 0x300
#define FLUSH_ENTIRE  0x400

/* -- the interrupt level -- */

static inline u32 irq_save(void)
{
    u32 psr = get_psr();
    put_psr(psr | PSR_PIL);
    return psr & PSR_PIL;
}

static inline void irq_restore(u32 level)
{
    put_psr((get_psr() & ~PSR_PIL) | level);
}

static inline void irq_open(void)
{
    set_pil(0);
}

/* A tick between the two is missed; the next one wakes. */
static inline void cpu_idle(void)
{
    set_pil(0);
    power_down();
    set_pil(15);
}

/* -- where the kernel runs: nothing works if this is not so -- */

static inline int in_kernel_mode(void)
{
    return (get_psr() & PSR_S) != 0;
}

/* -- translation -- */

static inline void pte_set(u32 *entry, u32 value)
{
    *(volatile u32 *)entry = value;
}

static inline void tlb_flush_page(const struct space *space, u32 address)
{
    (void)space;                           /* of the present context: nobody asks for another's */
    put_asi(ASI_FLUSH_MMU, (address & ~0xfffu) | FLUSH_PAGE, 0);
}

static inline void space_enter(const struct space *space)
{
    put_asi(ASI_MMU, MMU_CONTEXT, space->context);
}

static inline void tlb_flush_space(const struct space *space)
{
    u32 context = get_asi(ASI_MMU, MMU_CONTEXT);
    put_asi(ASI_MMU, MMU_CONTEXT, space->context);
    put_asi(ASI_FLUSH_MMU, FLUSH_CONTEXT, 0);
    put_asi(ASI_MMU, MMU_CONTEXT, context);
}

static inline void translation_open(const u32 *contexts)
{
    put_asi(ASI_MMU, MMU_CONTEXT_TABLE, (u32)contexts >> 4);
    put_asi(ASI_MMU, MMU_CONTEXT, 0);
    put_asi(ASI_FLUSH_MMU, FLUSH_ENTIRE, 0);
    put_asi(ASI_MMU, MMU_CONTROL, 1);
}

static inline u32 fault_status(void)
{
    return get_asi(ASI_MMU, MMU_FAULT_STATUS);
}

static inline u32 fault_address(void)
{
    return get_asi(ASI_MMU, MMU_FAULT_ADDRESS);
}

/* -- floating point -- */

static inline void fpu_enable(int on)
{
    put_psr(on ? get_psr() | PSR_EF : get_psr() & ~PSR_EF);
}

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
