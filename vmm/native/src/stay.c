/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Staying in generated code.
 *
 * The engine's blocks return to its loop at each jump that it cannot chain, and each
 * trap goes there by a long jump; the loop looks for requests and then finds the next
 * block.  Where there is nothing but the next block to find, that is done from where
 * one is (stay_thunks.inc): v->frame is the stack pointer of generated code while it
 * runs, and 0 while none does, so a trap can be delivered on top of the block that
 * raised it, and that block's frame be used by the next.
 */
#include "stay.h"

/* The engine has raised what CPU_EXCEPTION_INDEX says: deliver it here.  False: the loop has
 * to, or has to look at something else. */
bool vmm_delivered(struct vmm_cpu *v)
{
    enum { FIRST_OF_THE_LOOP = 0x10000 }; /* EXCP_INTERRUPT */
    int number = FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX);
    uintptr_t frame = v->frame;

    if (!frame || number < 0 || number >= FIRST_OF_THE_LOOP)
        return false;
    v->frame = 0; /* what delivery itself raises is the loop's */
    vmm_gate(v->uc, number);
    v->frame = frame;
    /* ARM: the next block is not to be chained to this one, and will not be. */
    FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) &= ~CPU_INTERRUPT_EXITTB_;
    return FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) < 0 && v->reason == VMM_REASON_NONE
        && vmm_may_stay(v);
}

/* Go to the block that NEXT finds for ENV, in the frame of generated code. */
void vmm_enter_next(void *env, void *(*next)(void *), uintptr_t frame, const int64_t *left);
__asm__(".text\n"
        ".globl vmm_enter_next\n"
        ".hidden vmm_enter_next\n"
        ".type vmm_enter_next, @function\n"
        "vmm_enter_next:\n"
        "    movq %rdx, %rsp\n"
        "    movq %rdi, %rbp\n" /* where generated code keeps it */
        "    movq %rcx, %rbx\n"
        "    call *%rsi\n"
        "    movq (%rbx), %r15\n"
        "    jmp *%rax\n"
        ".size vmm_enter_next, . - vmm_enter_next\n");

void vmm_next_block(struct vmm_cpu *v, void *(*next)(void *))
{
#ifdef __SANITIZE_ADDRESS__
    extern void __asan_handle_no_return(void);
    __asan_handle_no_return();
#endif
    vmm_enter_next(v->env, next, v->frame, v->left);
    __builtin_unreachable();
}
