/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translation cache: the emulation of sensitive instructions, inline.
 *
 * Templates are a few unprivileged instructions each, assembled once (vmm/monitor/inline.py).
 * Some of their accesses are not to the guest's memory but to words of the virtual CPU: those have
 * addresses of their own, which nothing the guest executes can name.  A site that a template
 * fits gets a copy of it here, made for its operand.
 *
 * The engine's translator follows the jump from the site: the copy is translated into the
 * site's block, as one instruction that begins where the site is.  So the block is chained as any
 * other, a fault in the copy is one at the site, and nothing of it can be jumped into.
 * A template reaches the guest's memory once at most, and has changed nothing of the
 * guest's before; where one of its guards does not hold the monitor does the whole
 * instruction instead.
 *
 * To translate a long template takes as long as some hundred calls of the monitor, and most sites
 * of a kernel are executed a few times: they are cold, and called, until they have been so often.
 * Then the block goes, and the one that is translated from there has the template.
 */
#include "code_pages.h"

#include <stdlib.h>
#include <string.h>

enum { COUNTERS = 4096, ENOUGH = 256 /* calls, unless a test says other */ };

struct vmm_cache {
    struct vmm_template *templates, *slots; /* of both, from 1 */
    uint32_t template_count, slot_count, room, unused;
    uint32_t enough;          /* calls of a cold site */
    uint16_t calls[COUNTERS]; /* so far, by hashed pc: one that shares a counter is warm early */
};

__thread const struct vmm_template_code *vmm_from_cache;

/* One more template, which is copied; -1: no memory. */
int vmm_add_template(struct vmm_cpu *v, const struct vmm_template *new);
int vmm_add_template(struct vmm_cpu *v, const struct vmm_template *new)
{
    struct vmm_template *templates;

    if (!v->code_cache) {
        if (!(v->code_cache = calloc(1, sizeof *v->code_cache)))
            return -1;
        v->code_cache->enough = ENOUGH;
    }
    templates = realloc(v->code_cache->templates,
                        (v->code_cache->template_count + 1) * sizeof *templates);
    if (!templates)
        return -1;
    templates[v->code_cache->template_count++] = *new;
    v->code_cache->templates = templates;
    return 0;
}

/* Translate a site's template when it has been called so often, at most 65535 times. */
void vmm_set_cold_calls(struct vmm_cpu *v, uint32_t calls);
void vmm_set_cold_calls(struct vmm_cpu *v, uint32_t calls)
{
    if (v->code_cache)
        v->code_cache->enough = calls;
}

void vmm_free_code_cache(struct vmm_cpu *v)
{
    if (!v->code_cache)
        return;
    free(v->code_cache->templates);
    free(v->code_cache->slots);
    free(v->code_cache);
    v->code_cache = NULL;
}

static uint32_t operand(const struct vmm_template *of, const struct vmm_site *site)
{
    return (uint32_t)(site->argument >> of->operand_shift) & ((1u << of->operand_bits) - 1);
}

static bool fits(const struct vmm_template *one, const struct vmm_site *site, uint32_t form)
{
    const struct vmm_template_code *code = &one->code[0];

    return one->operation == site->operation && one->form == form
        && (site->argument & one->mask) == one->value
        && (!one->length || one->length == site->length)
        && !(one->operand_bits && one->excluded >> operand(one, site) & 1)
        && (site->word || (code->load != VMM_SITE_WORD && code->store != VMM_SITE_WORD));
}

/* The template for SITE; NULL: there is none. */
const struct vmm_template *vmm_cache_find(const struct vmm_cpu *v, const struct vmm_site *site,
                                          uint32_t form)
{
    for (uint32_t i = 0; v->code_cache && i < v->code_cache->template_count; i++)
        if (fits(&v->code_cache->templates[i], site, form))
            return &v->code_cache->templates[i];
    return NULL;
}

/* The register that the site names, in the instructions that have it as operand, and the word. */
static void put_operands(struct vmm_template *slot, const struct vmm_site *site)
{
    uint32_t number = operand(slot, site);

    for (unsigned i = 0; i < 2u * slot->count; i++) {
        struct vmm_template_code *code = &slot->code[i / 2];
        uint8_t shift = code->shift[i % 2];

        if (shift != VMM_NO_OPERAND)
            code->code[shift / 8] |= (uint8_t)(number << shift % 8);
        if (code->load == VMM_SITE_WORD)
            code->load = site->word;
        if (code->store == VMM_SITE_WORD)
            code->store = site->word;
    }
}

/* The number of a new copy, for SITE, of the template FROM; 0: no memory. */
uint32_t vmm_cache_put(struct vmm_cpu *v, const struct vmm_site *site,
                       const struct vmm_template *from)
{
    struct vmm_cache *cache = v->code_cache;
    struct vmm_template *slot;
    uint32_t number;

    if (cache->unused) {
        number = cache->unused;
        cache->unused = cache->slots[number - 1].form;
    } else {
        if (cache->slot_count == cache->room) {
            uint32_t room = cache->room ? 2 * cache->room : 16;
            struct vmm_template *more = realloc(cache->slots, room * sizeof *more);

            if (!more)
                return 0;
            cache->slots = more;
            cache->room = room;
        }
        number = ++cache->slot_count;
    }
    slot = &cache->slots[number - 1];
    *slot = *from;
    put_operands(slot, site);
    return number;
}

void vmm_cache_free(struct vmm_cpu *v, uint32_t slot)
{
    if (!slot)
        return;
    v->code_cache->slots[slot - 1].form = v->code_cache->unused;
    v->code_cache->unused = slot;
}

const struct vmm_template *vmm_cache_get(const struct vmm_cpu *v, uint32_t slot)
{
    return slot ? &v->code_cache->slots[slot - 1] : NULL;
}

/* ---- cold sites ------------------------------------------------------------------ */

static uint32_t hash(uint32_t pc) { return (pc ^ pc >> 12) % COUNTERS; }

/* Whether a site at PC has been called often enough for its template. */
bool vmm_is_warm(const struct vmm_cpu *v, uint32_t pc)
{
    return v->code_cache->calls[hash(pc)] >= v->code_cache->enough;
}

/* The block at RETADDR calls the monitor for a cold site at PC, of which nothing has happened yet.
 * Where it has been often enough the site begins anew, as its template. */
void vmm_cold_site_called(struct vmm_cpu *v, uint32_t pc, uintptr_t retaddr)
{
    uint16_t *calls = &v->code_cache->calls[hash(pc)];

    if (*calls >= v->code_cache->enough)
        vmm_translate_anew(v, retaddr);
    ++*calls;
}
