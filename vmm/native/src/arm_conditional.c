/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditional instructions of ARM code without a branch.
 *
 * The engine's translator jumps over an instruction whose condition does not hold:
 *         brcond  ZF, 0, ne, behind
 *         (some operations)
 *         mov     r2, value
 *     behind:
 * At such a place it writes all of the guest's registers back and forgets what it had in registers
 * of the host; and where the condition follows the data, the host guesses wrong.  If all that the
 * instruction does is one register's new value, worked out by a few operations that can do no
 * harm, that is done in any case, and then chosen:
 *         (the operations)
 *         movcond r2, ZF, 0, eq, value, r2
 * The label then has nobody left who jumps there, and the engine takes it out.
 *
 * Works on the translator's operations between its own optimization and its look at what is alive.
 * Temporaries that are not the guest's registers are dead at branches and labels, as everywhere in
 * the engine, so any of them can hold the zero.
 */
#include "tcg_operations.h"

enum { MOST = 6 }; /* operations that are done in any case; more may cost more than a branch */
enum { CONDITION_NEGATED = 1 };

/* Operations that neither trap nor touch memory, whatever their inputs. */
static const bool harmless[256] = {
    [MOV_I32] = true, [MOVI_I32] = true, [ADD_I32] = true, [SUB_I32] = true, [MUL_I32] = true,
    [AND_I32] = true, [OR_I32] = true, [XOR_I32] = true, [SHL_I32] = true, [SHR_I32] = true,
    [SAR_I32] = true, [ROTL_I32] = true, [ROTR_I32] = true, [NOT_I32] = true, [NEG_I32] = true,
    [ANDC_I32] = true, [EXT8S_I32] = true, [EXT16S_I32] = true, [EXT8U_I32] = true,
    [EXT16U_I32] = true, [DEPOSIT_I32] = true, [EXTRACT_I32] = true, [SEXTRACT_I32] = true,
};

struct selection {
    const struct temporary *temps;
    unsigned globals, count; /* of the temporaries; the first so many are the guest's registers */
};

static bool outlives(const struct selection *s, uint64_t temp)
{
    const struct temporary *t = (const struct temporary *)(uintptr_t)temp;

    return t < s->temps + s->globals || t->flags & TEMP_LOCAL;
}

/* A temporary of 32 bits that is dead at branches, other than these two, or 0. */
static uint64_t any_but(const struct selection *s, uint64_t one, uint64_t other)
{
    for (const struct temporary *t = s->temps + s->globals; t < s->temps + s->count; t++) {
        uint64_t temp = (uint64_t)(uintptr_t)t;

        if (t->base_type == TCG_TYPE_I32_ && !(t->flags & TEMP_LOCAL) && temp != one && temp != other)
            return temp;
    }
    return 0;
}

/* The last operation before the label that BRANCH jumps to, if it gives a register its value and
 * those before it can be done in any case; otherwise NULL. */
static struct operation *find_last(const struct selection *s, const struct operation *branch)
{
    uint64_t compared = branch->arguments[0];
    unsigned count = 0;

    for (struct operation *op = branch->next; op; op = op->next) {
        const struct operation *next = op->next;
        bool last = next && next->code == SET_LABEL && next->arguments[0] == branch->arguments[3];

        if (!harmless[op->code] || outlives(s, op->arguments[0]) != last)
            return NULL;
        if (last)
            return op->code == MOVI_I32
                       || (op->code == MOV_I32 && type_of(op->arguments[1]) == TCG_TYPE_I32_)
                ? op : NULL;
        if (op->arguments[0] == compared)
            return NULL;
        if (op->code != MOV_I32 && op->code != MOVI_I32 && ++count > MOST)
            return NULL;
    }
    return NULL;
}

static void select_value(const struct selection *s, void *context, struct operation *branch,
                         struct operation *last)
{
    typedef struct operation *(*insert_fn)(void *, void *, int);
    typedef void (*remove_fn)(void *, void *);
    ORIGINAL(insert_fn, insert_before, "tcg_op_insert_before_arm");
    ORIGINAL(remove_fn, remove, "tcg_op_remove_arm");
    uint64_t compared = branch->arguments[0], target = last->arguments[0];
    uint64_t value = last->code == MOV_I32 ? last->arguments[1] : any_but(s, compared, 0);
    uint64_t zero = any_but(s, compared, value);
    struct operation *op;

    if (!value || !zero)
        return;
    if (last->code == MOVI_I32) {
        op = insert_before(context, last, MOVI_I32);
        op->arguments[0] = value;
        op->arguments[1] = last->arguments[1];
    }
    op = insert_before(context, last, MOVI_I32);
    op->arguments[0] = zero;
    op->arguments[1] = 0;
    last->code = MOVCOND_I32;
    last->arguments[1] = compared;
    last->arguments[2] = zero;
    last->arguments[3] = value;
    last->arguments[4] = target;
    last->arguments[5] = branch->arguments[2] ^ CONDITION_NEGATED;
    remove(context, branch);
}

void vmm_arm_select_values(void *context)
{
    struct selection s = {
        .temps = (const struct temporary *)((char *)context + TCG_ENV_TEMP),
        .globals = FIELD(uint32_t, context, TCG_GLOBALS),
        .count = FIELD(uint32_t, context, TCG_TEMPORARIES),
    };
    struct operation *op = FIELD(struct operation *, context, TCG_OPERATIONS), *next;
    const struct operation *before = NULL;

    for (; op; before = op, op = next) {
        next = op->next;
        if (op->code == BRCOND_I32 && before && before->code == MOVI_I32
            && before->arguments[0] == op->arguments[1] && (uint32_t)before->arguments[1] == 0) {
            struct operation *last = find_last(&s, op);

            if (last)
                select_value(&s, context, op, last);
        }
    }
}
