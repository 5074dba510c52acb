/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensitive ARM instructions that load and store: blocks with the user bank or a
 * status register, RFE and SRS, and accesses with user mode's rights.
 *
 * Nothing is changed before the last access that may fault, so a fault leaves the
 * instruction as if it had not begun; but what a store has stored is stored.
 */
#include "monitor_arm.h"
#include "tlb.h"

/* ---- memory ------------------------------------------------------------------- */

enum { LOG_WORD = 2, SIGNED_ACCESS = 4, ALIGNED = 7 << 4, USER_INDEX = 0 };

static uint32_t load(struct vmm_cpu *v, uint32_t address, unsigned operation, uintptr_t retaddr)
{
    typedef uint64_t (*load_fn)(void *, uint32_t, uint32_t, uintptr_t);
    static const char *const names[2][3] = {
        {"helper_ret_ldub_mmu_arm", "helper_le_lduw_mmu_arm", "helper_le_ldul_mmu_arm"},
        {"helper_ret_ldub_mmu_arm", "helper_be_lduw_mmu_arm", "helper_be_ldul_mmu_arm"}};
    static load_fn functions[2][3];
    unsigned big = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E ? 1 : 0, size = operation & 3;
    load_fn *function = &functions[big][size];
    const uint32_t *plain
        = !big && size == LOG_WORD ? vmm_plain_word(v, address, USER_INDEX, VMM_TLB_LOAD) : NULL;
    uint32_t value;
    bool watched;

    if (plain)
        return *plain;

    if (!*function)
        *function = (load_fn)(uintptr_t)vmm_original(names[big][size]);
    if (v->check_alignment)
        operation |= ALIGNED;
    watched = v->watch_count
        && vmm_watch_begin(v, VMM_SPACE_MEMORY, address, 1u << size, VMM_WATCH_READ, retaddr);
    value = (uint32_t)(*function)(v->env, address,
                                  (operation & ~(unsigned)SIGNED_ACCESS) << 4 | USER_INDEX, retaddr);
    if (watched)
        vmm_watch_done(v, value);
    return value;
}

static void store(struct vmm_cpu *v, uint32_t address, uint32_t value, unsigned operation,
                  uintptr_t retaddr)
{
    typedef void (*store_fn)(void *, uint32_t, uint32_t, uint32_t, uintptr_t);
    static const char *const names[2][3] = {
        {"helper_ret_stb_mmu_arm", "helper_le_stw_mmu_arm", "helper_le_stl_mmu_arm"},
        {"helper_ret_stb_mmu_arm", "helper_be_stw_mmu_arm", "helper_be_stl_mmu_arm"}};
    static store_fn functions[2][3];
    unsigned big = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E ? 1 : 0, size = operation & 3;
    store_fn *function = &functions[big][size];
    uint32_t *plain
        = !big && size == LOG_WORD ? vmm_plain_word(v, address, USER_INDEX, VMM_TLB_STORE) : NULL;
    bool watched;

    if (plain) {
        *plain = value;
        return;
    }

    if (!*function)
        *function = (store_fn)(uintptr_t)vmm_original(names[big][size]);
    if (v->check_alignment)
        operation |= ALIGNED;
    watched = v->watch_count
        && vmm_watch_begin(v, VMM_SPACE_MEMORY, address, 1u << size, VMM_WATCH_WRITE, retaddr);
    (*function)(v->env, address, value, operation << 4 | USER_INDEX, retaddr);
    if (watched)
        vmm_watch_done(v, value);
}

/* A word that an instruction stores; ALIGNED: it has to be. */
void vmm_arm_store_word(struct vmm_cpu *v, uint32_t address, uint32_t value, bool aligned,
                        uintptr_t retaddr)
{
    store(v, address, value, aligned ? LOG_WORD | ALIGNED : LOG_WORD, retaddr);
}

/* ---- blocks of registers (A8.8.57, B9.3.5 and on) ------------------------------------ */

struct block {
    uint32_t list, start, after;
    unsigned base;
};

static struct block block_of(struct vmm_cpu *v, uint32_t code)
{
    uint32_t list = code & 0xffff, size = 4 * (uint32_t)__builtin_popcount(list);
    bool up = code & 1u << 23, before = code & 1u << 24;
    unsigned base = vmm_arm_field(code, 16, 4);
    uint32_t from = vmm_arm_registers(v)[base], start = up ? from : from - size;

    return (struct block){list, before == up ? start + 4 : start, up ? from + size : from - size, base};
}

/* Registers are loaded one by one, as by the engine: those before a word that faults have theirs. */
int vmm_arm_load_block(struct vmm_cpu *v, uint32_t code, bool user, uintptr_t retaddr)
{
    struct block block = block_of(v, code);
    uint32_t value = 0, base = 0, at = block.start, *r = vmm_arm_registers(v);
    bool writes_back = code & 1u << 21;

    if (!v->vcpu->kernel || !block.list || block.base == 15 || (user && writes_back)
        || (writes_back && block.list >> block.base & 1)) /* UNPREDICTABLE: as the engine has it */
        return ARM_UNDEFINED;
    for (unsigned i = 0; i < 16; i++) {
        if (!(block.list >> i & 1))
            continue;
        value = load(v, at, LOG_WORD | ALIGNED, retaddr);
        at += 4;
        if (user)
            *vmm_arm_user_register(v, i) = value;
        else if (i == block.base)
            base = value;
        else if (i < 15)
            r[i] = value;
    }
    if (user)
        return ARM_DONE;
    if (writes_back)
        r[block.base] = block.after;
    else if (block.list >> block.base & 1)
        r[block.base] = base;
    return vmm_arm_return_to(v, value, *vmm_arm_saved_psr(v)); /* the pc is the last one */
}

int vmm_arm_store_block(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    struct block block = block_of(v, code);
    uint32_t at = block.start;

    if (!v->vcpu->kernel || !block.list || block.base == 15)
        return ARM_UNDEFINED;
    for (unsigned i = 0; i < 16; i++)
        if (block.list >> i & 1) {
            store(v, at, i == 15 ? vmm_arm_operand(v, 15) : *vmm_arm_user_register(v, i), LOG_WORD | ALIGNED, retaddr);
            at += 4;
        }
    if (code & 1u << 21)
        vmm_arm_registers(v)[block.base] = block.after;
    return ARM_DONE;
}

/* The lower address of a pair of words, and the base after it: DA, IA, DB, IB. */
static uint32_t pair_at(uint32_t base, uint32_t code, uint32_t *after)
{
    static const int32_t first[4] = {-4, 0, -8, 4};
    unsigned how = vmm_arm_field(code, 23, 2);

    *after = base + (how & 1 ? 8u : -8u);
    return base + (uint32_t)first[how];
}

int vmm_arm_rfe(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    unsigned base = vmm_arm_field(code, 16, 4);
    uint32_t after, at = pair_at(vmm_arm_registers(v)[base], code, &after), pc, psr;

    if (!v->vcpu->kernel || base == 15)
        return ARM_UNDEFINED;
    pc = load(v, at, LOG_WORD | ALIGNED, retaddr);
    psr = load(v, at + 4, LOG_WORD | ALIGNED, retaddr);
    if (code & 1u << 21)
        vmm_arm_registers(v)[base] = after;
    return vmm_arm_return_to(v, pc, psr);
}

int vmm_arm_srs(struct vmm_cpu *v, uint32_t code, uintptr_t retaddr)
{
    uint32_t mode = code & MODE_MASK, after, at, *stack;
    int bank = vmm_arm_bank(mode);

    if (!v->vcpu->kernel || bank < 0 || !vmm_arm_bank(vmm_arm_words(v)[ARM_VCPU_MODE]))
        return ARM_UNDEFINED;
    stack = bank == vmm_arm_bank(vmm_arm_words(v)[ARM_VCPU_MODE]) ? &vmm_arm_registers(v)[13]
                                                          : &vmm_arm_words(v)[ARM_VCPU_R13 + bank];
    at = pair_at(*stack, code, &after);
    store(v, at, vmm_arm_registers(v)[14], LOG_WORD | ALIGNED, retaddr);
    store(v, at + 4, *vmm_arm_saved_psr(v), LOG_WORD | ALIGNED, retaddr);
    if (code & 1u << 21)
        *stack = after;
    return ARM_DONE;
}

/* ---- accesses with user mode's rights (A8.8.92 and its like) --------------------------- */

struct transfer {
    unsigned to, base, operation;
    bool is_load;
    uint32_t address, after;
};

static struct transfer post_indexed(struct vmm_cpu *v, uint32_t code)
{
    struct transfer t = {vmm_arm_field(code, 12, 4), vmm_arm_field(code, 16, 4), LOG_WORD, code >> 20 & 1, 0, 0};
    uint32_t offset;

    if (code & 1u << 26) { /* words and bytes */
        t.operation = code & 1u << 22 ? 0 : LOG_WORD;
        offset = code & 1u << 25 ? vmm_arm_shifted(v, code) : code & 0xfff;
    } else {
        t.operation = (code & 1u << 5 ? 1u : 0u) | (code & 1u << 6 ? SIGNED_ACCESS : 0u);
        offset = code & 1u << 22 ? (code >> 4 & 0xf0) | (code & 15) : vmm_arm_registers(v)[code & 15];
    }
    t.address = vmm_arm_operand(v, t.base);
    t.after = t.address + (code & 1u << 23 ? offset : 0 - offset);
    return t;
}

static struct transfer offset_form(struct vmm_cpu *v, uint32_t code)
{
    struct transfer t = {vmm_arm_field(code, 12, 4), vmm_arm_field(code, 16, 4), vmm_arm_field(code, 21, 2),
                         code >> 20 & 1, 0, 0};

    if (code & 1u << 24)
        t.operation |= SIGNED_ACCESS;
    t.after = vmm_arm_registers(v)[t.base];
    t.address = t.after + (code & 0xff);
    return t;
}

static void as_user(struct vmm_cpu *v, bool on)
{
    if (!on && !vmm_arm_words(v)[ARM_VCPU_UNPRIVILEGED])
        return;
    vmm_arm_words(v)[ARM_VCPU_UNPRIVILEGED] = on;
    v->vcpu->kernel = !on;
    vmm_set_view(v, on ? VMM_VIEW_USER : VMM_VIEW_KERNEL);
}

/* LDRT or one of its like; OFFSET: CODE is its T32 form. */
int vmm_arm_unprivileged(struct vmm_cpu *v, uint32_t code, bool offset, uintptr_t retaddr)
{
    struct transfer t = offset ? offset_form(v, code) : post_indexed(v, code);
    uint32_t value;

    if (v->vcpu->kernel)
        as_user(v, true);
    if (t.is_load)
        value = load(v, t.address, t.operation, retaddr);
    else
        store(v, t.address, vmm_arm_operand(v, t.to), t.operation, retaddr);
    as_user(v, false);
    vmm_arm_registers(v)[t.base] = t.after;
    if (t.base == 15) /* UNPREDICTABLE: the engine goes there */
        vmm_arm_registers(v)[15] &= ~3u;
    if (!t.is_load)
        return t.base == 15 ? ARM_JUMPED : ARM_DONE;
    if (t.operation == SIGNED_ACCESS)
        value = (uint32_t)(int32_t)(int8_t)value;
    else if (t.operation == (SIGNED_ACCESS | 1))
        value = (uint32_t)(int32_t)(int16_t)value;
    if (t.to == 15) { /* as well: it branches as BX does */
        FIELD(uint32_t, v->env, ARM_THUMB) = value & 1;
        value &= ~1u;
    }
    vmm_arm_registers(v)[t.to] = value;
    if (t.to == 15 && offset)
        return ARM_BRANCHED;
    return t.base == 15 || t.to == 15 ? ARM_JUMPED : ARM_DONE;
}
