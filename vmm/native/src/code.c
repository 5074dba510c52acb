/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which instruction of a translated block is running.
 *
 * Blocks are charged whole.  When one is left in the middle (a fault, a
 * device access) the instructions that have not begun are given back.  The
 * translator keeps, behind the generated code, one record per instruction:
 * the deltas of its start words and of its host address, as SLEB128.
 */
#include "vmm.h"
#include "offsets.h"

static int64_t sleb128(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= ~0ull << shift;
    return (int64_t)value;
}

static uint32_t block_length(const void *tb, int arch)
{
    return arch == VMM_X86 ? FIELD(uint16_t, tb, TB64_ICOUNT) : FIELD(uint16_t, tb, TB32_ICOUNT);
}

/* As vmm_instruction_index(), with the start words of the instruction in START. */
static int find_instruction(const void *tb, uintptr_t host_pc, const uint64_t *data, int arch,
                            uint64_t start[4])
{
    static const int start_words[] = {SPARC_START_WORDS, ARM_START_WORDS, X86_START_WORDS};
    int words = start_words[arch];
    const uint8_t *code = arch == VMM_X86 ? FIELD(uint8_t *, tb, TB64_CODE)
                                          : FIELD(uint8_t *, tb, TB32_CODE);
    size_t size = arch == VMM_X86 ? FIELD(size_t, tb, TB64_CODE_SIZE)
                                  : FIELD(size_t, tb, TB32_CODE_SIZE);
    const uint8_t *record = code + size;
    uintptr_t host = (uintptr_t)code;
    int length = (int)block_length(tb, arch);

    start[0] = arch == VMM_X86 ? FIELD(uint64_t, tb, TB_PC) : FIELD(uint32_t, tb, TB_PC);
    start[1] = start[2] = start[3] = 0;
    if (!host_pc && arch == VMM_SPARC) { /* instructions of a block follow each other */
        uint32_t index = ((uint32_t)data[0] - (uint32_t)start[0]) >> 2;
        return index < (uint32_t)length ? (int)index : -1;
    }
    for (int i = 0; i < length; i++) {
        for (int w = 0; w < words; w++)
            start[w] += (uint64_t)sleb128(&record);
        host += (uintptr_t)sleb128(&record);
        if (host_pc ? host > host_pc - 2 : (arch == VMM_X86 ? start[0] == data[0]
                                                            : (uint32_t)start[0] == (uint32_t)data[0]))
            return i;
    }
    return -1;
}

/* Index of the instruction at HOST_PC (a return address inside the block's
 * code) or, if HOST_PC is 0, of the one whose start words are DATA; -1 if none. */
int vmm_instruction_index(const void *tb, uintptr_t host_pc, const uint64_t *data, int arch)
{
    uint64_t start[4];

    return find_instruction(tb, host_pc, data, arch, start);
}

static void *block_of(struct vmm_cpu *v, uintptr_t host_pc)
{
    typedef void *(*lookup_fn)(void *, uintptr_t);
    static const char *const names[] = {
        "tcg_tb_lookup_sparc", "tcg_tb_lookup_arm", "tcg_tb_lookup_x86_64"};
    static lookup_fn lookup[3];

    if (!lookup[v->arch])
        lookup[v->arch] = (lookup_fn)(uintptr_t)vmm_original(names[v->arch]);
    return lookup[v->arch](FIELD(void *, v->uc, UC_TCG_CTX), host_pc);
}

/* The pc in the register file, linear on x86. */
static uint64_t current_pc(const struct vmm_cpu *v)
{
    switch (v->arch) {
    case VMM_SPARC: return FIELD(uint32_t, v->env, SPARC_PC);
    case VMM_ARM: return FIELD(uint32_t, v->env, ARM_CPSR_READ_PC);
    default: return FIELD(uint64_t, v->env, X86_EIP) + FIELD(uint64_t, v->env, X86_SEGS + 24 + 8);
    }
}

/* Whether HOST_PC lies in translated code. */
bool vmm_in_block(struct vmm_cpu *v, uintptr_t host_pc)
{
    return block_of(v, host_pc) != NULL;
}

/* The guest's pc (linear on x86) of the instruction at HOST_PC; where HOST_PC is in no
 * block, of the instruction that runs next. */
uint32_t vmm_pc_at(struct vmm_cpu *v, uintptr_t host_pc)
{
    void *tb = host_pc ? block_of(v, host_pc) : NULL;
    uint64_t start[4];

    if (tb && find_instruction(tb, host_pc, NULL, v->arch, start) >= 0)
        return (uint32_t)start[0];
    return (uint32_t)current_pc(v);
}

/* A loop's few accesses must not share a place for as long as it runs: all bits count. */
static uint32_t place_hash(uintptr_t host_pc)
{
    return (uint32_t)((uint64_t)host_pc * 0x9e3779b97f4a7c15u >> 32) & (VMM_PLACES - 1);
}

/* Instructions of the current block after the one at HOST_PC.  An address keeps
 * its meaning until the code buffer is used anew. */
static int64_t not_begun(struct vmm_cpu *v, uintptr_t host_pc)
{
    struct vmm_place *place = &v->known[place_hash(host_pc)];
    void *tb;
    int index;

    if (!host_pc)
        return 0;
    if (place->host_pc == host_pc)
        return place->rest;
    tb = block_of(v, host_pc);
    if (!tb)
        return 0;
    index = vmm_instruction_index(tb, host_pc, NULL, v->arch);
    place->host_pc = host_pc;
    place->rest = index < 0 ? 0 : (int64_t)block_length(tb, v->arch) - index - 1;
    return place->rest;
}

/* The block is left at HOST_PC for good: give the rest back. */
void vmm_charge_until(struct vmm_cpu *v, uintptr_t host_pc)
{
    *v->left += not_begun(v, host_pc);
}

/* Instructions begun, as seen by the instruction at HOST_PC. */
int64_t vmm_count_at(struct vmm_cpu *v, uintptr_t host_pc)
{
    return vmm_count(v) - not_begun(v, host_pc);
}

static uint32_t device_hash(uint64_t pc)
{
    return (uint32_t)((pc >> 1) ^ (pc >> 17)) & 0xffff;
}

bool vmm_device_pc(const struct vmm_cpu *v, uint64_t pc)
{
    uint32_t hash = device_hash(pc);
    return v->device_pcs[hash >> 3] >> (hash & 7) & 1;
}

/* The instruction that the engine has just gone back to will begin once more: this
 * beginning does not count. */
void vmm_starts_over(struct vmm_cpu *v)
{
    uint64_t *counter = vmm_begun_counter(v, current_pc(v));

    *v->left += 1;
    if (counter)
        --*counter;
}

__thread int vmm_short_blocks;

/* Where instructions reach devices one after the other, each would be found in a
 * long block that is then thrown away (a guest that slides through an empty bus
 * would stand still): after some such blocks the next ones are short. */
static void note_split(struct vmm_cpu *v)
{
    enum { NEAR = 4, SOME = 4, SHORT = 16 };
    static __thread int last, streak;

    streak = v->blocks_translated - last <= NEAR ? streak + 1 : 0;
    last = v->blocks_translated;
    if (streak >= SOME)
        vmm_short_blocks = SHORT;
}

/* Go back to the start of the instruction at HOST_PC, as if it had not begun. */
static void go_back(struct vmm_cpu *v, uintptr_t host_pc)
{
    static const char *const names[] = {
        "cpu_restore_state_sparc", "cpu_restore_state_arm", "cpu_restore_state_x86_64"};
    bool (*restore)(void *, uintptr_t, bool)
        = (bool (*)(void *, uintptr_t, bool))(uintptr_t)vmm_original(names[v->arch]);

    restore(v->cpu, host_pc, true); /* also gives back what has not begun */
    vmm_starts_over(v);
}

static void drop_block(const struct vmm_cpu *v, void *tb)
{
    static const char *const names[] = {
        "tb_phys_invalidate_sparc", "tb_phys_invalidate_arm", "tb_phys_invalidate_x86_64"};
    typedef void (*drop_fn)(void *, void *, uint64_t);

    ((drop_fn)(uintptr_t)vmm_original(names[v->arch]))(FIELD(void *, v->uc, UC_TCG_CTX), tb, ~0ull);
}

/* Leave the running block; the instruction at the register file's pc is next. */
void vmm_leave_block(struct vmm_cpu *v)
{
    static const char *const names[] = {
        "cpu_loop_exit_noexc_sparc", "cpu_loop_exit_noexc_arm", "cpu_loop_exit_noexc_x86_64"};
    static void (*leave[3])(void *);

    if (!leave[v->arch])
        leave[v->arch] = (void (*)(void *))(uintptr_t)vmm_original(names[v->arch]);
    leave[v->arch](v->cpu);
    __builtin_unreachable();
}

/* Leave the block with the instruction at HOST_PC not begun; nothing of it has happened yet. */
void vmm_leave_before(struct vmm_cpu *v, uintptr_t host_pc)
{
    go_back(v, host_pc);
    vmm_leave_block(v);
}

/* The same, and the block is never run again.  It must not run on once it has been dropped: a store
 * of it into its own instructions would find no block there. */
void vmm_translate_anew(struct vmm_cpu *v, uintptr_t host_pc)
{
    void *tb = block_of(v, host_pc);

    go_back(v, host_pc);
    drop_block(v, tb);
    vmm_leave_block(v);
}

/* An instruction that reaches a device must be the last of its block, so that
 * time is exact in the device and an interrupt it raises is taken at once.
 * If it is not, remember its pc (the translator then ends blocks there), drop
 * the block, and start the instruction over; nothing of it has happened yet. */
void vmm_device_access_is_last(struct vmm_cpu *v, uintptr_t host_pc)
{
    uint32_t hash;
    void *tb;

    if (not_begun(v, host_pc) == 0)
        return;
    tb = block_of(v, host_pc);
    go_back(v, host_pc);
    hash = device_hash(current_pc(v));
    v->device_pcs[hash >> 3] |= (uint8_t)(1u << (hash & 7));
    v->device_splits++;
    note_split(v);
    drop_block(v, tb);
    vmm_leave_block(v);
}
