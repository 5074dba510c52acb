/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often each instruction has begun, by its pc.
 *
 * While this is wanted, generated code counts at the start of every
 * instruction, so a block that is left in the middle counts what it began and
 * no more, and all counters together are the instruction count.  Counters lie
 * in pages of pcs, made when code there is first translated.
 */
#include "vmm.h"
#include "offsets.h"

#include <stdlib.h>

enum { PAGE_BITS = 12 };

/* Instructions begin at multiples of 1 << this. */
static const unsigned alignment[] = {[VMM_SPARC] = 2, [VMM_ARM] = 1, [VMM_X86] = 0};

/* The counter of the instruction at PC; NULL if nothing is counted (or memory is short). */
uint64_t *vmm_begun_counter(struct vmm_cpu *v, uint64_t pc)
{
    unsigned shift = alignment[v->arch];
    uint64_t **page;

    if (!v->begun)
        return NULL;
    page = &v->begun[pc >> PAGE_BITS & (VMM_PAGES - 1)];
    if (!*page)
        *page = calloc((1u << PAGE_BITS) >> shift, sizeof **page);
    return *page ? *page + ((pc & ((1u << PAGE_BITS) - 1)) >> shift) : NULL;
}

/* Begin to count, or stop and forget.  No translation that counts may be left.
 * Returns false if memory is short. */
bool vmm_set_coverage(struct vmm_cpu *v, int on)
{
    if (on && !v->begun) {
        v->begun = calloc(VMM_PAGES, sizeof *v->begun);
        return v->begun;
    }
    if (!on && v->begun) {
        for (uint32_t page = 0; page < VMM_PAGES; page++)
            free(v->begun[page]);
        free(v->begun);
        v->begun = NULL;
    }
    return true;
}

/* The counters of the first page of pcs from *PAGE on that has any, and its
 * number in *PAGE; NULL if there is none. */
const uint64_t *vmm_coverage_page(const struct vmm_cpu *v, uint32_t *page)
{
    for (; v->begun && *page < VMM_PAGES; ++*page)
        if (v->begun[*page])
            return v->begun[*page];
    return NULL;
}
