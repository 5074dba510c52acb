/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: trap delivery, helpers that leave their block, and stores into code. */
#include "code_pages.h"
#include "monitor_x86.h"
#include "x86_access.h"
#include "x86_descriptors.h"
#include "x86_state.h"

#include <string.h>

#define S x86_64
#define ARCH VMM_X86
#define ADDRESS uint64_t
#define TB_CODE TB64_CODE
#define DB_PC_NEXT DB64_PC_NEXT
#define DB_IS_JMP DB64_IS_JMP
#define DB_NUM_INSNS DB64_NUM_INSNS
#define FILL x86_cpu_tlb_fill_x86_64
/* A PC's bus floats high: the hole page answers all ones. */
#define BUS_ERROR(v, address, access, mmu_index, retaddr) ((void)0)
#define SITE_CALL(function, place, what) ((void)(function), (void)(place), (void)(what), false)
#define SITE(v, place, what, retaddr) ((void)(what), vmm_x86_odd(v, place, retaddr))
#define END_SITE(db)                   \
    (vmm_x86_settled(vmm_current), FIELD(uint64_t, db, DB_PC_NEXT) \
         = vmm_x86_end_site(FIELD(uint64_t, db, DB_PC_NEXT)))
#define CALLED(context, function) vmm_x86_called(context, function)
#define MEMOP(operation) (operation)
#define CACHED() vmm_x86_cached()
#define BEGIN_AGAIN(db, start) ((void)(db), (void)(start))
#define ODD(place, what) vmm_x86_odd_site(place, what)
#define BEFORE_INSTRUCTION(v, pc) vmm_x86_before_instruction(v, pc, db, translating.last_op)
/* RF is cleared by the next instruction (Intel SDM volume 3B, 17.3.1.1); the
 * engine clears it at the end of a block. */
#define BLOCK_LIMIT(tb, limit) (FIELD(uint32_t, tb, TB64_FLAGS) & HF_RF ? 1 : (limit))
/* 64-bit code has no upper halves to spare (x86_width.c). */
#define OPTIMIZE(v, context, tb) \
    (FIELD(uint32_t, tb, TB64_FLAGS) & HF_CS64 ? (void)0 : vmm_x86_narrow(v, context))
/* An instruction that may go on in the next page begins a block: if it cannot be fetched, that
 * is its fault and not that of the first instruction of the block it would be in. */
#define ENDS_BLOCK()                                   \
    (vmm_x86_ends_block() || vmm_x86_copies_frames() \
     || at_page_end(FIELD(uint64_t, db, DB_PC_NEXT)))
#define GOES_ON(function, tb) pauses(function, tb)
#define PRECISE_STORES_INTO_CODE
#define NARROW_PC(cpu) narrow_pc(FIELD(void *, cpu, CPU_ENV_PTR))
static void narrow_pc(void *env);
static bool pauses(const void *function, const void *tb);
static inline bool at_page_end(uint64_t pc)
{
    enum { LONGEST = 15 };

    return (pc ^ (pc + LONGEST - 1)) >> 12;
}
#include "thunks.inc"
#define NEXT_PC(env) (FIELD(uint64_t, env, X86_EIP) + FIELD(uint64_t, env, X86_SEGS + 24 + 8))
#define KEEPS_NEXT(env) true
#define BLOCK_STATE(env, state)                                                               \
    ((state)[0] = FIELD(uint64_t, env, X86_EIP), (state)[1] = FIELD(uint64_t, env, X86_SEGS + 24 + 8), \
     (state)[2] = FIELD(uint32_t, env, X86_HFLAGS)                                            \
         | (FIELD(uint32_t, env, X86_EFLAGS) & X86_EFLAGS_OF_BLOCK))
#include "stay_thunks.inc"
#define PHYSICAL(v, mmu_index) ((void)(mmu_index), false)

/* EIP has 32 bits outside 64-bit code (Intel SDM volume 1, 3.3.1): where Jcc or LOOP has gone below
 * 0, or code has run past the last byte, the engine has more of them. */
static void narrow_pc(void *env)
{
    uint64_t *eip = &FIELD(uint64_t, env, X86_EIP);

    if (!vmm_current || vmm_current->env != env || !(*eip >> 32)
        || FIELD(uint32_t, env, X86_HFLAGS) & HF_CS64)
        return;
    *eip = (uint32_t)*eip;
    vmm_leave_block(vmm_current);
}
#define OWN_WATCHPOINTS /* x86_watch.c */

enum { TLB_ENTRY_LOADS = 0, TLB_ENTRY_STORES = 8 };

/* Where the engine keeps a translation of ADDRESS, if it has one. */
static inline const char *tlb_entry(void *env, uint64_t address, int mmu_index)
{
    const char *fast = (char *)env - X86_TLB_FAST + 16 * (size_t)mmu_index;

    return FIELD(char *, fast, 8) + (address >> (12 - TLB_ENTRY_BITS) & FIELD(uint64_t, fast, 0));
}

/* Host address of SIZE bytes at ADDRESS, or NULL if the slow path must look. */
static inline void *plain(void *env, uint64_t address, int mmu_index, uint64_t size, bool store)
{
    const char *entry = tlb_entry(env, address, mmu_index);

    if (FIELD(uint64_t, entry, store ? TLB_ENTRY_STORES : TLB_ENTRY_LOADS) != (address & ~0xfffull)
        || (address & 0xfff) > 0x1000 - size)
        return NULL;
    return (void *)(uintptr_t)(address + FIELD(uint64_t, entry, X86_TLB_ENTRY_ADDEND));
}
/* Host address of SIZE bytes at ADDRESS that a trap's delivery can load, or NULL. */
const void *vmm_x86_plain(const void *env, uint32_t address, uint32_t size)
{
    enum { KERNEL_INDEX = 2 };

    return plain((void *)(uintptr_t)env, address, KERNEL_INDEX, size, false);
}

#define PLAIN(env, address, mmu_index, size, store) plain(env, address, mmu_index, size, store)
#define TELLS_ACCESS(address, size, retaddr) \
    (vmm_x86_access = (struct vmm_x86_access){(retaddr), (address), (size)})
#define TELLS_PART(env, address, index, retaddr) first_byte(env, address, index, retaddr)
static void first_byte(void *env, uint64_t address, uint32_t index, uintptr_t retaddr);
#define HELPER_LOADS(env, address, value, size, retaddr) \
    vmm_x86_helper_loads(env, address, value, size, retaddr)
#include "watch_thunks.inc"

static uint32_t eip_of(struct vmm_cpu *v) { return FIELD(uint32_t, v->env, X86_EIP); }

/* ---- delivery ------------------------------------------------------------ */

static int offer(struct vmm_cpu *v, uint32_t kind, uint32_t info)
{
    int action;

    v->refault = 0;
    vmm_x86_clear_long(v->env);
    action = vmm_trap(v, kind, eip_of(v), FIELD(uint32_t, v->env, X86_EFLAGS), info);
    if (action == VMM_STOP)
        vmm_stop(v, VMM_REASON_STOPPED);
    /* The engine's own raise keeps the account of double and triple faults,
     * and leaves for the gate as a fault in native delivery does. */
    else if (v->refault)
        vmm_x86_raise(v->env, v->refault_vector, v->refault_code, 0);
    return action;
}

void x86_cpu_do_interrupt_x86_64(void *cpu);
void x86_cpu_do_interrupt_x86_64(void *cpu)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "x86_cpu_do_interrupt_x86_64");
    struct vmm_cpu *v = vmm_current;
    uint32_t vector = FIELD(uint32_t, cpu, CPU_EXCEPTION_INDEX);

    if (!v || v->cpu != cpu || vector > 255) {
        original(cpu);
        return;
    }
    if (offer(v, vector + (FIELD(uint32_t, v->env, X86_IS_INT) ? VMM_KIND_SOFTWARE : 0),
                FIELD(uint32_t, v->env, X86_ERROR_CODE))
            == VMM_NATIVE
        && !vmm_para_x86_enter(v, vector, FIELD(uint32_t, v->env, X86_IS_INT)))
        original(cpu);
}

/* Hardware interrupts: the engine asks with vector 0 for INTR, because it has
 * no interrupt controller of its own; ours supplies the vector. */
void do_interrupt_x86_hardirq_x86_64(void *env, int vector, int is_hw);
void do_interrupt_x86_hardirq_x86_64(void *env, int vector, int is_hw)
{
    typedef void (*fn)(void *, int, int);
    ORIGINAL(fn, original, "do_interrupt_x86_hardirq_x86_64");
    struct vmm_cpu *v = vmm_current;

    if (!v || v->env != env) {
        original(env, vector, is_hw);
        return;
    }
    if (vector == 0) {
        vector = vmm_acknowledge(v, 0);
        if (vector < 0)
            return; /* withdrawn at the last moment, and no spurious vector */
    }
    if (offer(v, (uint32_t)vector + VMM_KIND_INTERRUPT, 0) == VMM_NATIVE
        && !vmm_para_x86_enter(v, (uint32_t)vector, false))
        original(env, vector, is_hw);
}

void vmm_deliver_x86(struct vmm_cpu *v, int number);
void vmm_deliver_x86(struct vmm_cpu *v, int number)
{
    (void)number;
    x86_cpu_do_interrupt_x86_64(v->cpu);
}

/* A fault while delivering a double fault. */
void qemu_system_reset_request(void *uc);
void qemu_system_reset_request(void *uc)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "qemu_system_reset_request");
    if (vmm_current && vmm_current->uc == uc)
        vmm_current->triple = 1;
    else
        original(uc);
}

/* ---- helpers that leave their block without saying where they were ------- */

#define RAISES(name, parameters, arguments)                    \
    void name parameters;                                      \
    void name parameters                                       \
    {                                                          \
        typedef void(*fn) parameters;                          \
        ORIGINAL(fn, original, #name);                         \
        if (vmm_current)                                       \
            vmm_charge_until(vmm_current, GUEST_RETURN);       \
        original arguments;                                    \
    }
RAISES(helper_raise_exception_x86_64, (void *env, int vector), (env, vector))

/* INTO raises only if OF is set, which only the original can tell. */
void helper_into_x86_64(void *env, int length);
void helper_into_x86_64(void *env, int length)
{
    typedef void (*fn)(void *, int);
    ORIGINAL(fn, original, "helper_into_x86_64");
    struct vmm_cpu *v = vmm_current;
    int64_t left = 0;

    if (v && v->vcpu && vmm_x86_reached(v, (uint32_t)length, GUEST_RETURN))
        return;
    if (v) {
        left = *v->left;
        vmm_charge_until(v, GUEST_RETURN);
    }
    original(env, length);
    if (v)
        *v->left = left;
}

/* PAUSE.  The engine leaves its loop there, so that other processors of a machine that takes
 * turns get theirs; a guest's delay loops do it millions of times.  The block of the next
 * instruction asks for everything that there is to ask.  Under TF the engine's way is kept. */
void helper_pause_x86_64(void *env, int length);

static bool pauses(const void *function, const void *tb)
{
    return function == (const void *)(uintptr_t)helper_pause_x86_64
        && !(FIELD(uint32_t, tb, TB64_FLAGS) & HF_TF);
}

void helper_pause_x86_64(void *env, int length)
{
    typedef void (*fn)(void *, int);
    ORIGINAL(fn, original, "helper_pause_x86_64");
    if (!vmm_current || vmm_current->env != env || FIELD(uint32_t, env, X86_HFLAGS) & HF_TF)
        original(env, length);
    else
        FIELD(uint64_t, env, X86_EIP) += (uint64_t)length;
}

/* RDPMC without CR4.PCE is for privilege level 0 (Intel SDM volume 2B).  The
 * engine has no performance counters, so what is allowed is #UD. */
void helper_rdpmc_x86_64(void *env);
void helper_rdpmc_x86_64(void *env)
{
    typedef void (*fn)(void *);
    ORIGINAL(fn, original, "helper_rdpmc_x86_64");
    struct vmm_cpu *v = vmm_current;
    bool user, allowed;

    if (!v || v->env != env) {
        original(env);
        return;
    }
    user = (FIELD(uint32_t, env, X86_HFLAGS) & HF_CPL) != 0;
    allowed = !user || FIELD(uint32_t, env, X86_CR + 8 * 4) & CR4_PCE;
    vmm_x86_raise(env, allowed ? UD : GP, 0, GUEST_RETURN);
}

/* ---- stores into code ------------------------------------------------------ */

/* The engine makes an unaligned store to a page with code by the byte, and looks by the byte
 * whether it hits the running block, which it then leaves to have the instruction start over.
 * What it stored by then would be loaded by an instruction that adds to memory, or copies it:
 * so the first byte is looked at with all the others of the page. */
void tb_invalidate_phys_page_fast_x86_64(void *uc, void *pages, uint64_t start, int length,
                                         uintptr_t retaddr);
void tb_invalidate_phys_page_fast_x86_64(void *uc, void *pages, uint64_t start, int length,
                                         uintptr_t retaddr)
{
    typedef void (*invalidate_fn)(void *, void *, uint64_t, int, uintptr_t);
    ORIGINAL(invalidate_fn, original, "tb_invalidate_phys_page_fast_x86_64");
    enum { PAGE = 0x1000 };
    const struct vmm_x86_access *store = &vmm_x86_access;
    uint32_t offset = start & (PAGE - 1);

    if (retaddr && retaddr == store->from && offset == (store->at & (PAGE - 1)))
        length = (int)(offset + store->bytes > PAGE ? PAGE - offset : store->bytes);
    original(uc, pages, start, length, retaddr);
}

/* A store is made by the byte, this is one, and its translations are at hand.  Before the first byte
 * of one that goes on in a page with code, that page is looked at as well: its own byte is stored there
 * once more. */
static void first_byte(void *env, uint64_t address, uint32_t index, uintptr_t retaddr)
{
    typedef void (*store_fn)(void *, uint64_t, uint64_t, uint32_t, uintptr_t);
    ORIGINAL(store_fn, store_byte, "helper_ret_stb_mmu_x86_64");
    enum { PAGE = 0x1000, NOT_DIRTY = 0x400 /* RAM with code, in the TLB */ };
    struct vmm_x86_access store = vmm_x86_access;
    uint64_t second = (address | (PAGE - 1)) + 1, end = store.at + store.bytes;
    const char *entry;

    if (!retaddr || store.from != retaddr || store.at != address || second >= end)
        return;
    entry = tlb_entry(env, second, (int)(index & MMU_INDEX));
    if (FIELD(uint64_t, entry, TLB_ENTRY_STORES) != (second | NOT_DIRTY))
        return;
    vmm_x86_access.at = second;
    vmm_x86_access.bytes = (uint32_t)(end - second);
    store_byte(env, second, *(uint8_t *)(uintptr_t)(second + FIELD(uint64_t, entry, X86_TLB_ENTRY_ADDEND)),
               index, retaddr);
    vmm_x86_access = store;
}
