/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditional branches straight to the block that follows.
 *
 * A block that ends in a conditional branch ends in two jumps, each of which the engine patches when
 * it knows the block that follows:
 *         jcc  second
 *         jmp  (a block)
 *         ...
 * second: jmp  (another)
 * Here the branch is patched together with the second jump, and goes where that goes.
 *
 * Where the branch is, is worked out from the translator's operations when the block is generated,
 * and kept in four bytes behind the block's code.
 */
#include "tcg_operations.h"

#include <string.h>

enum { BRANCH_SIZE = 6, ESCAPE = 0x0f, BRANCH = 0x80 };
enum { MOST_PADDING = 3 }; /* before a jump, so that its distance is aligned */

/* Whether a branch to a label is right before the first jump, and that label right before the second. */
static bool ends_in_branch(const void *context)
{
    const struct operation *op = FIELD(const struct operation *, context, TCG_OPERATIONS);
    const struct operation *before = NULL;
    uint64_t label = 0;

    for (; op; before = op, op = op->next) {
        if (op->code != GOTO_TB || !before)
            continue;
        if (op->arguments[0] == 0)
            label = before->code == BRCOND_I32 || before->code == BRCOND_I64 ? before->arguments[3] : 0;
        else
            return label && before->code == SET_LABEL && before->arguments[0] == label;
    }
    return false;
}

static uint8_t *target_of(const uint8_t *branch)
{
    int32_t distance;

    memcpy(&distance, branch + BRANCH_SIZE - sizeof distance, sizeof distance);
    return (uint8_t *)(uintptr_t)branch + BRANCH_SIZE + distance;
}

/* The branch of the block at CODE, whose jumps have their distances at these offsets; NULL: none. */
static uint8_t *find_branch(uint8_t *code, const uintptr_t distances[2])
{
    uint8_t *first = code + distances[0] - 1, *second = code + distances[1] - 1;

    for (int padding = 0; padding <= MOST_PADDING; padding++) {
        uint8_t *branch = first - padding - BRANCH_SIZE;

        if (branch >= code && branch[0] == ESCAPE && (branch[1] & 0xf0) == BRANCH
            && target_of(branch) <= second && target_of(branch) >= second - MOST_PADDING)
            return branch;
    }
    return NULL;
}

/* The block at CODE that was generated last and ends at END.  Returns its new end. */
uint8_t *vmm_note_branch(const void *context, uint8_t *code, uint8_t *end, const uintptr_t distances[2])
{
    uint8_t *branch = ends_in_branch(context) ? find_branch(code, distances) : NULL;
    uint32_t offset = branch ? (uint32_t)(branch - code) : 0; /* a block does not begin with it */

    memcpy(end, &offset, sizeof offset);
    return end + sizeof offset;
}

/* The second jump of the block at CODE, of SIZE bytes, goes to TARGET from now on. */
void vmm_set_branch(uint8_t *code, size_t size, uintptr_t target)
{
    uint32_t offset;
    int32_t distance;

    memcpy(&offset, code + size - sizeof offset, sizeof offset);
    if (!offset)
        return;
    distance = (int32_t)(target - (uintptr_t)(code + offset + BRANCH_SIZE));
    memcpy(code + offset + BRANCH_SIZE - sizeof distance, &distance, sizeof distance);
}
