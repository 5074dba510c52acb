/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 32-bit operations for 32-bit code.
 *
 * The engine's x86 translator is one for 64-bit guests: of `add eax, ebx` it makes an addition
 * of 64 bits and an operation that clears the upper half of the sum.  The host clears the upper
 * half with every operation of 32 bits.  So where nobody looks at the upper half of a result, the
 * operation becomes one of 32 bits, the clearing becomes a copy, and copies one value.
 *
 * Works on the translator's operations between its own optimization and its look at what is
 * alive, a basic block (to the next label or branch) at a time, in two passes:
 *   backward  whose upper half is looked at; what makes the others becomes 32 bits wide, and
 *             so do comparisons of what was just extended
 *   forward   whose upper half is clear; clearing it again becomes a copy
 * All 64 bits of the guest's registers, and of whatever else the translator keeps in memory, are
 * what they were without this, but for the upper half of CC_DST: 32-bit code looks at it by the
 * size of the operation that CC_OP names, which is 32 bits at most.
 */
#include "tcg_operations.h"

#include <stdlib.h>

/* What an operation is in 32 bits, if the lower half of its result depends on lower halves
 * alone. */
static const uint8_t narrowed[256] = {
    [ADD_I64] = ADD_I32, [SUB_I64] = SUB_I32, [MUL_I64] = MUL_I32, [AND_I64] = AND_I32,
    [OR_I64] = OR_I32, [XOR_I64] = XOR_I32, [SHL_I64] = SHL_I32, [NOT_I64] = NOT_I32,
    [NEG_I64] = NEG_I32,
};

/* What a pass knows of a temporary: nothing, unless BLOCK is the stretch it is in. */
struct fact {
    uint64_t block;
    bool seen;         /* backward: its upper half is looked at */
    bool clear;        /* forward: its upper half is zeroes */
    uint32_t writes;   /* how often it was written */
    uint64_t same;     /* 0, or the temporary that has the same value as long as these are its: */
    uint64_t same_block;
    uint32_t same_writes;
};

enum { MOST_OPERATIONS = 4096 }; /* the translator goes on for at most 4000 */
enum { CC_DST = (X86_TCG_CC_DST - TCG_ENV_TEMP) / TCG_TEMP_SIZE };
#define NONE (~0u)

struct vmm_narrowing {
    const struct temporary *temps;
    const struct definition *definitions;
    uint64_t block, globals_block; /* globals are left behind with each call, too */
    unsigned globals;              /* the first so many temporaries */
    unsigned unseen;               /* backward, CC_DST: the global that nobody outside looks at */
    unsigned count;
    struct operation *operations[MOST_OPERATIONS];
    struct fact facts[TCG_MAX_TEMPORARIES];
};

/* ---- temporaries ----------------------------------------------------------- */

static void new_globals(struct vmm_narrowing *w)
{
    w->globals_block = (w->block > w->globals_block ? w->block : w->globals_block) + 1;
}

static void new_block(struct vmm_narrowing *w)
{
    new_globals(w);
    w->block = w->globals_block;
}

static unsigned index_of(const struct vmm_narrowing *w, uint64_t temp)
{
    return (unsigned)((const struct temporary *)(uintptr_t)temp - w->temps);
}

static inline struct fact *fact(struct vmm_narrowing *w, uint64_t temp)
{
    unsigned index = index_of(w, temp);
    bool global = index < w->globals && index != w->unseen;
    uint64_t block = global ? w->globals_block : w->block;
    struct fact *f = &w->facts[index];

    if (f->block != block) {
        f->block = block;
        f->clear = false;
        f->same = 0;
        f->seen = global || (index >= w->globals && w->temps[index].flags & TEMP_LOCAL);
    }
    return f;
}

/* OLD has the value of NEW from now on. */
static void is_same(struct vmm_narrowing *w, uint64_t old, uint64_t new)
{
    const struct fact *of_new = fact(w, new);
    struct fact *f = fact(w, old);

    f->same = new;
    f->same_block = of_new->block;
    f->same_writes = of_new->writes;
}

static uint64_t known_as(struct vmm_narrowing *w, uint64_t temp)
{
    const struct fact *f = fact(w, temp), *of_same;

    if (!f->same)
        return temp;
    of_same = fact(w, f->same);
    return of_same->block == f->same_block && of_same->writes == f->same_writes ? f->same : temp;
}

/* ---- operations ------------------------------------------------------------ */

static unsigned outputs_of(const struct vmm_narrowing *w, const struct operation *op)
{
    return op->code == CALL ? op->call_outputs : w->definitions[op->code].outputs;
}

static unsigned inputs_of(const struct vmm_narrowing *w, const struct operation *op)
{
    return op->code == CALL ? op->call_inputs : w->definitions[op->code].inputs;
}

/* The operation that makes TEMP for operation NUMBER, if it is one of the few before. */
static const struct operation *maker(const struct vmm_narrowing *w, unsigned number, uint64_t temp)
{
    enum { FEW = 8 };

    for (unsigned i = number; i > 0 && number - i < FEW; i--) {
        const struct operation *op = w->operations[i - 1];

        if (op->code == CALL || w->definitions[op->code].flags & BLOCK_END)
            break;
        for (unsigned o = 0; o < outputs_of(w, op); o++)
            if (op->arguments[o] == temp)
                return op;
    }
    return NULL;
}

/* The comparison NUMBER, with its inputs and condition from argument FIRST on, becomes CODE, one
 * of lower halves, if these decide it. */
static void narrow_comparison(struct vmm_narrowing *w, unsigned number, unsigned first, uint8_t code)
{
    struct operation *op = w->operations[number];
    uint64_t *a = op->arguments + first;
    bool clear = true, sign = true; /* the upper halves of both: zeroes; copies of bit 31 */

    for (unsigned i = 0; i < 2; i++) {
        const struct operation *from = maker(w, number, a[i]);
        uint64_t value = from ? from->arguments[1] : 0;
        bool constant = from && from->code == MOVI_I64;

        clear &= from && (from->code == EXT32U_I64 || (constant && value >> 32 == 0));
        sign &= from && (from->code == EXT32S_I64 || (constant && (int64_t)value == (int32_t)value));
    }
    /* Both clear, they are positive in 64 bits. */
    if (sign || (clear && !(a[2] & TCG_COND_SIGNED)))
        op->code = code;
}

static bool shifts_by_less_than_32(const struct vmm_narrowing *w, unsigned number)
{
    const struct operation *from = maker(w, number, w->operations[number]->arguments[2]);

    return from && from->code == MOVI_I64 && from->arguments[1] < 32;
}

/* Whether OP looks at the upper half of its input I, if somebody looks at that of its output. */
static bool looks(const struct vmm_narrowing *w, const struct operation *op, unsigned i, bool seen)
{
    const uint64_t *a = op->arguments;

    switch (op->code) {
    case MOV_I64:
        return seen;
    case EXT8S_I64: case EXT16S_I64: case EXT32S_I64:
    case EXT8U_I64: case EXT16U_I64: case EXT32U_I64:
    case EXT_I32_I64: case EXTU_I32_I64:
        return false;
    case ST8_I64: case ST16_I64: case ST32_I64:
        return i == 1; /* the address */
    case QEMU_ST_I64:
        return i == 1 || (a[2] >> MEMOP_SHIFT & MEMOP_SIZE) == MEMOP_SIZE;
    case EXTRACT_I64:
        return a[2] + a[3] > 32;
    case DEPOSIT_I64:
        return i == 0 ? seen : a[4] > 32;
    default:
        if (op->code >= LD8U_I32 && op->code <= ST_I32)
            return i == inputs_of(w, op) - 1; /* the address */
        return op->code > CTPOP_I32 || op->code == CALL;
    }
}

/* Whether the upper half of what OP makes is clear. */
static bool clears(struct vmm_narrowing *w, const struct operation *op)
{
    const uint64_t *a = op->arguments;

    switch (op->code) {
    case EXT32U_I64: case EXTU_I32_I64: case LD32U_I64:
    case ADD_I32: case SUB_I32: case MUL_I32: case AND_I32: case OR_I32: case XOR_I32:
    case SHL_I32: case NOT_I32: case NEG_I32:
    case EXT8U_I64: case EXT16U_I64: case LD8U_I64: case LD16U_I64:
    case SETCOND_I64: case SETCOND_I32:
        return true;
    case MOVI_I64:
        return a[1] >> 32 == 0;
    case MOV_I64: case SHR_I64:
        return fact(w, a[1])->clear;
    case EXTRACT_I64: /* position, length */
        return a[3] <= 32;
    case DEPOSIT_I64:
        return fact(w, a[1])->clear && a[3] + a[4] <= 32;
    case QEMU_LD_I64:
        return (a[2] >> MEMOP_SHIFT & (MEMOP_SIZE | MEMOP_SIGN)) < MEMOP_SIZE;
    case AND_I64:
        return fact(w, a[1])->clear || fact(w, a[2])->clear;
    case OR_I64: case XOR_I64:
        return fact(w, a[1])->clear && fact(w, a[2])->clear;
    default:
        return false;
    }
}

/* ---- the passes ------------------------------------------------------------ */

static void narrow(struct vmm_narrowing *w)
{
    new_block(w);
    for (unsigned i = w->count; i-- > 0;) {
        struct operation *op = w->operations[i];
        uint8_t flags = w->definitions[op->code].flags;
        unsigned outputs = outputs_of(w, op), inputs = inputs_of(w, op);
        bool seen = false;

        if (flags & BLOCK_END)
            new_block(w);
        for (unsigned o = 0; o < outputs; o++) {
            struct fact *f = fact(w, op->arguments[o]);

            seen |= f->seen;
            f->seen = false;
        }
        if (flags & SIDE_EFFECTS || op->code == CALL)
            new_globals(w);
        if (op->code == BRCOND_I64)
            narrow_comparison(w, i, 0, BRCOND_I32);
        else if (op->code == SETCOND_I64)
            narrow_comparison(w, i, 1, SETCOND_I32);
        else if (!seen && (op->code == EXT32U_I64 || op->code == EXT32S_I64))
            op->code = MOV_I64;
        else if (!seen && narrowed[op->code]
                 && (op->code != SHL_I64 || shifts_by_less_than_32(w, i)))
            op->code = narrowed[op->code];
        for (unsigned k = 0; k < inputs; k++)
            if (looks(w, op, k, seen))
                fact(w, op->arguments[outputs + k])->seen = true;
    }
}

static void join_copies(struct vmm_narrowing *w, void *context)
{
    typedef void (*remove_fn)(void *, void *);
    ORIGINAL(remove_fn, remove, "tcg_op_remove_x86_64");

    new_block(w);
    for (unsigned i = 0; i < w->count; i++) {
        struct operation *op = w->operations[i];
        uint64_t *a = op->arguments;
        unsigned outputs = outputs_of(w, op), inputs = inputs_of(w, op);
        bool from_narrow = op->code == EXTU_I32_I64; /* its input has no room for an upper half */
        bool clear;

        for (unsigned k = outputs; k < outputs + inputs; k++)
            a[k] = known_as(w, a[k]);
        if ((op->code == EXT32U_I64 || from_narrow) && fact(w, a[1])->clear)
            op->code = MOV_I64;
        if (op->code == MOV_I64 && a[0] == a[1]) {
            remove(context, op);
            continue;
        }
        if (op->code == CALL)
            new_globals(w);
        clear = clears(w, op);
        for (unsigned o = 0; o < outputs; o++) {
            struct fact *f = fact(w, a[o]);

            f->clear = clear;
            f->same = 0;
            f->writes++;
        }
        if (op->code == MOV_I64 && !from_narrow) {
            /* What a register of the guest holds need not be held besides. */
            if (index_of(w, a[0]) < w->globals && index_of(w, a[1]) >= w->globals)
                is_same(w, a[1], a[0]);
            else
                is_same(w, a[0], a[1]);
        }
        if (w->definitions[op->code].flags & BLOCK_END)
            new_block(w);
    }
}

/* List the operations; false if there is nothing to gain, or they are too many. */
static bool collect(struct vmm_narrowing *w, void *context)
{
    bool extends = false;

    w->temps = (const struct temporary *)((char *)context + TCG_ENV_TEMP);
    w->definitions = FIELD(const struct definition *, context, X86_TCG_DEFINITIONS);
    w->globals = FIELD(uint32_t, context, TCG_GLOBALS);
    w->count = 0;
    for (struct operation *op = FIELD(struct operation *, context, TCG_OPERATIONS); op;
         op = op->next) {
        if (w->count == MOST_OPERATIONS)
            return false;
        extends |= op->code == EXT32U_I64;
        w->operations[w->count++] = op;
    }
    return extends;
}

void vmm_x86_narrow(struct vmm_cpu *v, void *context)
{
    struct vmm_narrowing *w = v->narrowing;

    if (!w)
        w = v->narrowing = calloc(1, sizeof *w);
    if (!w || !collect(w, context))
        return;
    w->unseen = CC_DST;
    narrow(w);
    w->unseen = NONE;
    join_copies(w, context);
}
