/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving the guest before instructions of chosen kinds, also those that do not trap.
 *
 * The execution controls of a hardware-assisted monitor, as patterns that the
 * translator compares each instruction with.  One that fits is the head of a
 * block, as if it had a breakpoint (breakpoint.c), so the exit comes with the
 * guest's state exact and the instruction not begun.  Nothing is written to the
 * guest's memory, and code that is stored to is compared anew.
 */
#include "vmm.h"
#include "offsets.h"

#include <stdlib.h>

enum { SLOTS = 1 << 16, SLOT_EMPTY = 0 };

/* Where an instruction was met that a pattern fits, by a hash of its pc. */
struct vmm_intercepted {
    uint32_t pc, pattern; /* pattern: its index plus one, or SLOT_EMPTY */
};

static bool is_prefix(uint32_t byte)
{
    switch (byte) {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
    case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3: return true;
    default: return false;
    }
}

/* A pattern that fits the first LENGTH bytes of CODE: its index; -1 if none can; -2 if
 * it takes more bytes to know.  Patterns ask for a byte only where the bytes before it
 * say that the instruction has it. */
static int find(const struct vmm_cpu *v, uint32_t code, unsigned length, uint32_t thumb)
{
    uint32_t known = length == 4 ? ~0u : (1u << 8 * length) - 1;
    int found = -1;

    for (uint32_t i = 0; i < v->pattern_count; i++) {
        const struct vmm_pattern *pattern = &v->patterns[i];

        if (pattern->thumb != thumb || ((code ^ pattern->value) & pattern->mask & known))
            continue;
        if (!(pattern->mask & ~known))
            return (int)i;
        found = -2;
    }
    return found;
}

static int find_x86(struct vmm_cpu *v, uint64_t pc)
{
    typedef uint32_t (*code_fn)(void *, uint64_t);
    ORIGINAL(code_fn, byte, "cpu_ldub_code_x86_64");
    enum { LONGEST = 15 };
    uint64_t at = pc;
    uint32_t code = byte(v->env, at);
    int found;

    while (is_prefix(code)) {
        if (++at - pc >= LONGEST)
            return -1; /* too long: #GP, as the engine knows */
        code = byte(v->env, at);
    }
    for (unsigned length = 1; (found = find(v, code, length, 0)) == -2; length++)
        code |= byte(v->env, at + length) << 8 * length;
    return found;
}

static int find_arm(struct vmm_cpu *v, uint32_t pc)
{
    typedef uint32_t (*code_fn)(void *, uint32_t);
    ORIGINAL(code_fn, word, "cpu_ldl_code_arm");
    ORIGINAL(code_fn, half, "cpu_lduw_code_arm");
    uint32_t code;
    int found;

    if (!FIELD(uint32_t, v->env, ARM_THUMB))
        return find(v, word(v->env, pc), 4, 0);
    code = half(v->env, pc);
    found = find(v, code, 2, 1);
    return found == -2 ? find(v, code | half(v->env, pc + 2) << 16, 4, 1) : found;
}

static int find_sparc(struct vmm_cpu *v, uint32_t pc)
{
    typedef uint32_t (*code_fn)(void *, uint32_t);
    ORIGINAL(code_fn, word, "cpu_ldl_code_sparc");

    return find(v, word(v->env, pc), 4, 0);
}

/* The slot of the instruction at PC if a pattern fits, or -1. */
int vmm_intercept_at(struct vmm_cpu *v, uint32_t pc)
{
    uint32_t slot = (pc * 0x9e3779b1u) >> 16, probes = 0;
    int found;

    if (!v->pattern_count)
        return -1;
    switch (v->arch) {
    case VMM_SPARC: found = find_sparc(v, pc); break;
    case VMM_ARM: found = find_arm(v, pc); break;
    default: found = find_x86(v, pc); break;
    }
    if (found < 0)
        return -1;
    while (v->met[slot].pattern != SLOT_EMPTY && v->met[slot].pc != pc) {
        slot = (slot + 1) % SLOTS;
        if (++probes == SLOTS)
            vmm_engine_abort("too many instructions are intercepted");
    }
    v->met[slot].pc = pc;
    v->met[slot].pattern = (uint32_t)found + 1;
    return (int)slot;
}

/* The instruction of this slot is about to begin.  True if the exit must come first. */
bool vmm_intercept_met(struct vmm_cpu *v, uint32_t slot)
{
    uint32_t pc = v->met[slot].pc;
    int64_t count = vmm_count(v);

    if (v->resumed_pc == pc && v->resumed_count == count) {
        FIELD(uint32_t, v->cpu, CPU_CFLAGS_NEXT_TB) = 1;
        return false;
    }
    v->resumed_pc = pc;
    v->resumed_count = count;
    v->instruction = v->met[slot].pattern;
    return true;
}

/* At the boundary before an intercepted instruction. */
void vmm_intercept_exit(struct vmm_cpu *v)
{
    uint32_t pattern = v->instruction - 1;
    int action;

    v->instruction = 0;
    action = v->on_instruction(v, pattern);
    if (action == VMM_HANDLED)
        --*v->left; /* it has begun, and is done */
    else if (action == VMM_STOP)
        vmm_stop(v, VMM_REASON_STOPPED);
}

/* Compare with these from now on; the caller drops all translations.  False: no memory. */
bool vmm_set_patterns(struct vmm_cpu *v, const struct vmm_pattern *patterns, uint32_t count)
{
    free(v->met);
    v->met = count ? calloc(SLOTS, sizeof *v->met) : NULL;
    v->patterns = patterns;
    v->pattern_count = v->met ? count : 0;
    v->instruction = 0;
    v->resumed_count = -1;
    return v->pattern_count == count;
}
