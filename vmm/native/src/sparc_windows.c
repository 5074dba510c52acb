/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The address of the register window, which most of a SPARC's registers are reached through.
 *
 * The engine has an order of the host's registers for such addresses.  It was meant to begin with
 * those that calls and accesses of memory leave alone; in this build all of it is the wrong way
 * round, so the address was loaded again behind each access, and in between.
 */
#include "vmm.h"
#include "offsets.h"

#include <string.h>

enum { KEPT = 6, REGISTERS = 31 };

/* What calls leave alone comes first.  False if the order is not as this build has it. */
bool vmm_sparc_keep_window(void *context)
{
    static const int32_t known[REGISTERS] = {
        31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, /* of vectors */
        0, 7, 6, 2, 1, 8, 9, 11, 10, 15, 14, 13, 12, 3, 5,
    };
    int32_t *order = FIELD(int32_t *, context, SPARC_TCG_INDIRECT_ORDER);

    if (memcmp(order, known, sizeof known) != 0)
        return false;
    memmove(order + KEPT, order, sizeof known - KEPT * sizeof *order);
    memcpy(order, known + REGISTERS - KEPT, KEPT * sizeof *order);
    return true;
}
