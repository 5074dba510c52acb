/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two checks of the x86 architecture that the engine leaves out, and without
 * which a guest can bring it down: LOCK where it is not allowed, and LTR of the
 * null selector (Intel SDM volume 2A, "LOCK" and "LTR").  The VEX prefix, which no
 * model has: the engine takes what follows for an instruction without it.  And ENTER,
 * which is the last of its block.
 */
#include "monitor_x86.h"
#include "x86_state.h"

/* ---- LOCK ------------------------------------------------------------------- */

/* Whether LOCK is allowed.  OPCODE is 0x0Fxx for two bytes; MODRM may be anything
 * if the opcode alone decides. */
bool vmm_x86_lockable(uint32_t opcode, uint32_t modrm)
{
    uint32_t reg = modrm >> 3 & 7;

    if (modrm >> 6 == 3)
        return false; /* the destination must be memory */
    if (opcode < 0x38) /* ADD, OR, ADC, SBB, AND, SUB, XOR with a memory destination */
        return (opcode & 7) < 2;
    switch (opcode) {
    case 0x80: case 0x81: case 0x82: case 0x83: return reg != 7;
    case 0x86: case 0x87: return true; /* XCHG */
    case 0xf6: case 0xf7: return reg == 2 || reg == 3; /* NOT, NEG */
    case 0xfe: case 0xff: return reg < 2; /* INC, DEC */
    case 0x0fab: case 0x0fb3: case 0x0fbb: return true; /* BTS, BTR, BTC */
    case 0x0fba: return reg >= 5;
    case 0x0fb0: case 0x0fb1: case 0x0fc0: case 0x0fc1: return true; /* CMPXCHG, XADD */
    case 0x0fc7: return reg == 1; /* CMPXCHG8B */
    default: return false;
    }
}

static bool is_prefix(uint32_t byte)
{
    switch (byte) {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
    case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3: return true;
    default: return false;
    }
}

enum { LONGEST = 15 };

#define NOT_REFUSED (~0ull - LONGEST) /* nor near address 0, which comes after the last */
static __thread uint64_t refused = NOT_REFUSED; /* address of an instruction that is #UD */

typedef uint32_t (*code_fn)(void *, uint64_t);

/* LES and LDS with a register are the VEX prefix (Intel SDM volume 2A, 2.3.5). */
static bool is_vex(struct vmm_cpu *v, uint32_t opcode, uint64_t modrm_at)
{
    ORIGINAL(code_fn, byte, "cpu_ldub_code_x86_64");
    enum { LES = 0xc4, LDS = 0xc5 };

    return (opcode == LES || opcode == LDS) && byte(v->env, modrm_at) >> 6 == 3;
}

static __thread bool copies; /* the instruction is an ENTER that copies frame pointers */

/* ENTER loads what it may have pushed itself, so it cannot start over when it finds that it
 * reaches a device in the middle of its block (code.c). */
static bool copies_frames(struct vmm_cpu *v, uint32_t opcode, uint64_t operands)
{
    ORIGINAL(code_fn, byte, "cpu_ldub_code_x86_64");
    enum { ENTER = 0xc8, LEVELS = 31 };

    return opcode == ENTER && (byte(v->env, operands + 2) & LEVELS) > 1;
}

bool vmm_x86_copies_frames(void) { return copies; }

static bool may_be_locked(uint32_t opcode)
{
    return vmm_x86_lockable(opcode, 0) || vmm_x86_lockable(opcode, 5 << 3)
        || vmm_x86_lockable(opcode, 2 << 3) || vmm_x86_lockable(opcode, 1 << 3);
}

/* Before an instruction is translated, which begins with the operation START of the translator
 * DB: refuse it if its LOCK is not allowed. */
void vmm_x86_before_instruction(struct vmm_cpu *v, uint64_t pc, void *db, uint64_t *start)
{
    ORIGINAL(code_fn, byte, "cpu_ldub_code_x86_64");
    bool lock = false;
    uint32_t opcode, modrm = 0;
    uint64_t at = pc;

    refused = NOT_REFUSED;
    copies = false;
    vmm_x86_scanned();
    for (opcode = byte(v->env, at); is_prefix(opcode); opcode = byte(v->env, at)) {
        lock |= opcode == 0xf0;
        if (++at - pc >= LONGEST)
            return; /* too long: #GP, as the engine knows */
    }
    if (vmm_x86_virtual(v))
        vmm_x86_scan(v, pc, at, opcode);
    if (opcode == 0x0f)
        opcode = 0x0f00 | byte(v->env, ++at);
    if (lock) {
        if (may_be_locked(opcode))
            modrm = byte(v->env, at + 1); /* only these have one for sure */
        if (!vmm_x86_lockable(opcode, modrm)) {
            refused = pc;
            return;
        }
    }
    if (is_vex(v, opcode, at + 1)) {
        refused = pc;
        return;
    }
    copies = copies_frames(v, opcode, at + 1);
    vmm_x86_settle(v, db, start, opcode, at + 1);
}

/* The translator reads an instruction that is refused as UD2, a sensitive one as INTO or as what
 * the translation cache has for it. */
uint32_t cpu_ldub_code_x86_64(void *env, uint64_t address);
uint32_t cpu_ldub_code_x86_64(void *env, uint64_t address)
{
    ORIGINAL(code_fn, original, "cpu_ldub_code_x86_64");

    if (vmm_current && vmm_current->env == env) {
        int64_t replaced = vmm_x86_site_code(address, 1);

        if (address - refused < 2)
            return address == refused ? 0x0f : 0x0b;
        if (replaced >= 0)
            return (uint32_t)replaced;
    }
    return original(env, address);
}

uint32_t cpu_ldl_code_x86_64(void *env, uint64_t address);
uint32_t cpu_ldl_code_x86_64(void *env, uint64_t address)
{
    ORIGINAL(code_fn, original, "cpu_ldl_code_x86_64");
    int64_t replaced = vmm_current ? vmm_x86_site_code(address, 4) : -1;

    return replaced >= 0 ? (uint32_t)replaced : original(env, address);
}

/* ---- LTR -------------------------------------------------------------------- */

/* A task register without a segment would end the engine at the next interrupt
 * that changes stacks. */
void helper_ltr_x86_64(void *env, int selector);
void helper_ltr_x86_64(void *env, int selector)
{
    typedef void (*fn)(void *, int);
    ORIGINAL(fn, original, "helper_ltr_x86_64");
    struct vmm_cpu *v = vmm_current;

    if (!v || v->env != env) {
        original(env, selector);
        return;
    }
    if (!(selector & 0xfffc))
        vmm_x86_raise(env, GP, 0, GUEST_RETURN);
    v->helper_pc = GUEST_RETURN;
    original(env, selector);
    v->helper_pc = 0;
}
