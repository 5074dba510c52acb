/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditional branches of SPARC code that compare once.
 *
 * The engine's translator makes of a branch on the integer conditions a truth value, kept in a
 * word of the processor for the delay slot's sake, and behind the delay slot a branch on that:
 *         setcond cond, cc_src, cc_src2, ne
 *         (delay slot)
 *         brcond  cond, 0, eq, not_taken
 * Here the branch compares by itself, if what it compares is still there:
 *         brcond  cc_src, cc_src2, eq, not_taken
 * The word is looked at by who leaves the block at the delay slot, to know where the guest goes
 * on, and by nobody behind the block.  Where the delay slot cannot be left, it need not be
 * written; where it can, the difference that the condition codes are worked out from is as good a
 * truth value of "not equal" and there already.
 *
 * Works on the translator's operations between its own optimization and its look at what is alive.
 */
#include "tcg_operations.h"

enum { CONDITION_EQ = 8, CONDITION_NE = 9, CONDITION_NEGATED = 1 };

/* What is known of the truth value, from where it is made on. */
struct truth {
    struct operation *made; /* by this operation; NULL: not by a comparison of this basic block */
    bool with_zero;         /* the comparison is with a zero */
    uint64_t difference;    /* a temporary that has the difference of what is compared, or 0 */
    bool seen;              /* somebody may have looked at the word */
};

static bool reads(const struct definition *d, const struct operation *op, uint64_t temp)
{
    unsigned outputs = op->code == CALL ? op->call_outputs : d->outputs;
    unsigned inputs = op->code == CALL ? op->call_inputs : d->inputs;

    for (unsigned i = outputs; i < outputs + inputs; i++)
        if (op->arguments[i] == temp)
            return true;
    return false;
}

static bool writes(const struct definition *d, const struct operation *op, uint64_t temp)
{
    unsigned outputs = op->code == CALL ? op->call_outputs : d->outputs;

    for (unsigned i = 0; i < outputs; i++)
        if (op->arguments[i] == temp)
            return true;
    return false;
}

/* Whether OP makes TEMP a zero. */
static bool zeroes(const struct operation *op, uint64_t temp)
{
    return op && op->code == MOVI_I32 && op->arguments[0] == temp && (uint32_t)op->arguments[1] == 0;
}

/* Whether from OP on the block only leaves. */
static bool only_leaves(const struct operation *op, uint64_t cond)
{
    for (; op; op = op->next)
        if (op->code != GOTO_TB && op->code != EXIT_TB && op->code != SET_LABEL
            && (op->code != MOVI_I32 || op->arguments[0] == cond))
            return false;
    return true;
}

/* BRANCH, on whether the truth value is zero, compares what made it. */
static void join(void *context, const struct truth *truth, struct operation *branch)
{
    typedef void (*remove_fn)(void *, void *);
    ORIGINAL(remove_fn, remove, "tcg_op_remove_sparc");
    struct operation *made = truth->made;
    uint64_t condition = made->arguments[3];

    branch->arguments[0] = made->arguments[1];
    if (!truth->with_zero) /* the branch has one of its own */
        branch->arguments[1] = made->arguments[2];
    branch->arguments[2] = condition ^ CONDITION_NEGATED;
    if (!truth->seen && only_leaves(branch->next, made->arguments[0])) {
        remove(context, made);
    } else if (condition == CONDITION_NE && truth->difference) {
        made->code = MOV_I32;
        made->arguments[1] = truth->difference;
    }
}

void vmm_sparc_join_branches(void *context)
{
    const struct definition *definitions
        = FIELD(const struct definition *, context, SPARC_TCG_DEFINITIONS);
    uint64_t cond = (uint64_t)(uintptr_t)context + SPARC_TCG_COND;
    const struct operation *before = NULL, *difference = NULL; /* a subtraction that still holds */
    struct truth truth = {.made = NULL};
    struct operation *op = FIELD(struct operation *, context, TCG_OPERATIONS), *next;

    for (; op; before = op, op = next) {
        const struct definition *d = &definitions[op->code];

        next = op->next;
        if (truth.made && op->code == BRCOND_I32 && op->arguments[0] == cond
            && op->arguments[2] == CONDITION_EQ && zeroes(before, op->arguments[1]))
            join(context, &truth, op);
        if (op->code == CALL || d->flags & BLOCK_END) { /* what is called may write all of these */
            truth.made = NULL;
            difference = NULL;
            continue;
        }
        if (truth.made) {
            truth.seen |= d->flags & SIDE_EFFECTS || reads(d, op, cond);
            if (writes(d, op, cond) || writes(d, op, truth.made->arguments[1])
                || (!truth.with_zero && writes(d, op, truth.made->arguments[2])))
                truth.made = NULL;
        }
        if (op->code == SETCOND_I32 && op->arguments[0] == cond) {
            truth.made = op;
            truth.seen = false;
            truth.with_zero = zeroes(before, op->arguments[2]);
            truth.difference = truth.with_zero ? op->arguments[1] : 0;
            if (difference && difference->arguments[1] == op->arguments[1]
                && difference->arguments[2] == op->arguments[2])
                truth.difference = difference->arguments[0];
        }
        if (difference && (writes(d, op, difference->arguments[0])
                           || writes(d, op, difference->arguments[1])
                           || writes(d, op, difference->arguments[2])))
            difference = NULL;
        if (op->code == SUB_I32 && op->arguments[0] != op->arguments[1]
            && op->arguments[0] != op->arguments[2])
            difference = op;
    }
}
