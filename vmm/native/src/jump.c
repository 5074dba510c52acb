/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's non-local jumps.
 *
 * Every trap leaves its block by siglongjmp, and glibc's walks the list of
 * cleanup handlers and unmasks pointers each time.  The engine's imports of the
 * pair lead here: the callee-saved registers and nothing else (x86-64 psABI,
 * 3.2.1), which is all that its own frames need.  Signal masks are not saved; it
 * never asks for that. */
#include "vmm.h"

struct jump {
    uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

int vmm_setjmp(struct jump *jump, int mask);
__asm__(".text\n"
        ".globl vmm_setjmp\n"
        ".hidden vmm_setjmp\n"
        ".type vmm_setjmp, @function\n"
        "vmm_setjmp:\n"
        "    movq %rbx, (%rdi)\n"
        "    movq %rbp, 8(%rdi)\n"
        "    movq %r12, 16(%rdi)\n"
        "    movq %r13, 24(%rdi)\n"
        "    movq %r14, 32(%rdi)\n"
        "    movq %r15, 40(%rdi)\n"
        "    leaq 8(%rsp), %rdx\n" /* rsp after the return */
        "    movq %rdx, 48(%rdi)\n"
        "    movq (%rsp), %rdx\n"
        "    movq %rdx, 56(%rdi)\n"
        "    xorl %eax, %eax\n"
        "    ret\n"
        ".size vmm_setjmp, . - vmm_setjmp\n");

static void vmm_longjmp(const struct jump *jump, int value) __attribute__((noreturn));
static void vmm_longjmp(const struct jump *jump, int value)
{
#ifdef __SANITIZE_ADDRESS__
    extern void __asan_handle_no_return(void);
    __asan_handle_no_return();
#endif
    if (vmm_current)
        vmm_current->frame = 0; /* generated code is left, if any ran */
    vmm_fetching = VMM_FETCHES_NOT; /* and so is the translator */
    __asm__ volatile("movq (%0), %%rbx\n\t"
                     "movq 8(%0), %%rbp\n\t"
                     "movq 16(%0), %%r12\n\t"
                     "movq 24(%0), %%r13\n\t"
                     "movq 32(%0), %%r14\n\t"
                     "movq 40(%0), %%r15\n\t"
                     "movq 48(%0), %%rsp\n\t"
                     "jmpq *56(%0)"
                     :
                     : "d"(jump), "a"(value ? value : 1)
                     : "memory");
    __builtin_unreachable();
}

/* Take the engine's jumps.  Returns 0, or -1 if its imports are not as known. */
int vmm_take_jumps(const void *map)
{
    if (vmm_redirect_import(map, "__sigsetjmp", (void *)(uintptr_t)vmm_setjmp) != 0)
        return -1;
    return vmm_redirect_import(map, "siglongjmp", (void *)(uintptr_t)vmm_longjmp);
}
