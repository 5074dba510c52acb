/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is there before it is needed.
 *
 * A monitor's tables grow while its guest runs, and the host gives fresh memory by a page fault
 * for every 4 KiB.  In a guest that runs for some milliseconds these would be most of what
 * virtualizing it costs.
 */
#include "vmm.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* See that the next so many bytes of small allocations cause no page faults. */
void vmm_reserve(size_t size);
void vmm_reserve(size_t size)
{
    enum { PIECE = 32 << 10, PIECES = 64, KEPT = 16 << 20 };
    void *pieces[PIECES];
    unsigned count = 0;

    mallopt(M_TRIM_THRESHOLD, KEPT); /* what is given back stays with the process */
    while (count < PIECES && count * PIECE < size && (pieces[count] = malloc(PIECE)))
        memset(pieces[count++], 1, PIECE);
    while (count > 0)
        free(pieces[--count]);
}
