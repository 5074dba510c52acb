/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow code pages: what is executed in place of the pages of a guest's kernel.
 *
 * Basic blocks are scanned when they are first translated.  A sensitive instruction gets a
 * site: in the shadow page its first bytes become a call of the monitor or a jump into the
 * translation cache (code_cache.c), which the engine's translator follows, so that the block has
 * the emulation inline.  What the guest reads, as data or as the rest of an instruction that
 * begins elsewhere, is its own page.
 *
 * A store into code has the engine drop what it translated from there; when that is
 * translated again, sites whose bytes have changed go, and their places in the cache with them.
 */
#include "code_pages.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, HASHES = 256, PAGES_MOST = 2048 /* unless a test says less */ };
enum { LINE = 64, LONGEST = 15, OPINIONS = 128 };

/* One encoding, as the other decoder is to see it, and its sites that are not counted yet. */
struct opinion {
    uint64_t decoder, sites;
    uint32_t length; /* of the sites; behind that is what came behind the first of them */
    uint32_t size;
    uint8_t code[16];
};

struct vmm_code {
    struct vmm_code_page *pages[HASHES];
    struct vmm_code_counts counts;
    struct vmm_second_opinion opinion; /* without a function: there is none */
    uint32_t most; /* pages */
    struct opinion known[OPINIONS];
    uint8_t vcpu_page[PAGE];
};

/* From now on keep shadow pages.  The VCPU page of their templates; NULL: no memory. */
uint8_t *vmm_keep_code_pages(struct vmm_cpu *v)
{
    if (!v->code_pages) {
        if (!(v->code_pages = calloc(1, sizeof *v->code_pages)))
            return NULL;
        v->code_pages->most = PAGES_MOST;
    }
    if (v->arch == VMM_X86) /* the others' templates have it to themselves */
        vmm_set_vcpu_page(v, v->code_pages->vcpu_page, VMM_NO_ADDRESS);
    return v->code_pages->vcpu_page;
}

/* Keep fewer shadow pages, at least one. */
void vmm_limit_code_pages(struct vmm_cpu *v, uint32_t most);
void vmm_limit_code_pages(struct vmm_cpu *v, uint32_t most)
{
    v->code_pages->most = most;
}

void vmm_set_second_opinion(struct vmm_cpu *v, const struct vmm_second_opinion *opinion);
void vmm_set_second_opinion(struct vmm_cpu *v, const struct vmm_second_opinion *opinion)
{
    v->code_pages->opinion = *opinion;
}

static struct vmm_code_page **head_of(const struct vmm_cpu *v, const uint8_t *host, uint32_t form)
{
    return &v->code_pages->pages[((uintptr_t)host / PAGE ^ form * 61) % HASHES];
}

static void drop_site(struct vmm_cpu *v, struct vmm_code_page *page, uint32_t offset)
{
    uint32_t index = page->at[offset];
    struct vmm_site *site = &page->sites[index - 1];

    vmm_cache_free(v, site->slot);
    memcpy(page->code + offset, page->guest + offset, site->length);
    *site = (struct vmm_site){.slot = page->unused};
    page->unused = index;
    page->at[offset] = 0;
}

static void free_pages(struct vmm_cpu *v)
{
    for (unsigned hash = 0; hash < HASHES; hash++)
        while (v->code_pages->pages[hash]) {
            struct vmm_code_page *page = v->code_pages->pages[hash];

            v->code_pages->pages[hash] = page->next;
            for (uint32_t i = 0; i < page->count; i++)
                if (page->sites[i].length)
                    vmm_cache_free(v, page->sites[i].slot);
            free(page->sites);
            free(page);
        }
}

void vmm_free_code_pages(struct vmm_cpu *v)
{
    if (!v->code_pages)
        return;
    free_pages(v);
    free(v->code_pages);
    v->code_pages = NULL;
    v->vcpu_page = NULL;
}

/* The shadow page of the page at HOST, whose code reads in this FORM; NULL: no memory. */
struct vmm_code_page *vmm_code_page(struct vmm_cpu *v, const uint8_t *host, uint32_t form)
{
    struct vmm_code_page **head = head_of(v, host, form), *page;

    for (page = *head; page; page = page->next)
        if (page->host == host && page->form == form)
            return page;
    if (v->code_pages->counts.pages >= v->code_pages->most) {
        free_pages(v);
        v->code_pages->counts.pages = 0;
        v->code_pages->counts.emptied++;
    }
    page = malloc(sizeof *page);
    if (!page)
        return NULL;
    memset(page, 0, offsetof(struct vmm_code_page, guest));
    page->host = host;
    page->form = form;
    memcpy(page->guest, host, PAGE);
    memcpy(page->code, host, PAGE);
    page->next = *head;
    *head = page;
    v->code_pages->counts.pages++;
    return page;
}

/* A line of the guest's page is not what it was: sites that have a byte in it go. */
static void take_line(struct vmm_cpu *v, struct vmm_code_page *page, uint32_t line)
{
    uint32_t first = line < LONGEST ? 0 : line - LONGEST + 1;

    for (uint32_t offset = first; offset < line + LINE; offset++)
        if (page->at[offset] && offset + page->sites[page->at[offset] - 1].length > line) {
            drop_site(v, page, offset);
            v->code_pages->counts.invalidated++;
        }
    memcpy(page->guest + line, page->host + line, LINE);
    memcpy(page->code + line, page->host + line, LINE);
}

/* See that the page agrees with the guest's where the instruction at OFFSET is. */
void vmm_code_refresh(struct vmm_cpu *v, struct vmm_code_page *page, uint32_t offset)
{
    uint32_t end = offset + LONGEST < PAGE ? offset + LONGEST : PAGE;

    for (uint32_t line = offset & ~(LINE - 1u); line < end; line += LINE)
        if (memcmp(page->guest + line, page->host + line, LINE))
            take_line(v, page, line);
}

/* The site at OFFSET; NULL: there is none. */
struct vmm_site *vmm_code_site(struct vmm_code_page *page, uint32_t offset)
{
    return page->at[offset] ? &page->sites[page->at[offset] - 1] : NULL;
}

static struct vmm_site *room_for_site(struct vmm_code_page *page)
{
    uint32_t room = page->room ? 2 * page->room : 8;
    struct vmm_site *more;

    if (page->unused) {
        struct vmm_site *site = &page->sites[page->unused - 1];

        page->unused = site->slot;
        return site;
    }
    if (page->count == page->room) {
        more = realloc(page->sites, room * sizeof *more);
        if (!more)
            return NULL;
        page->sites = more;
        page->room = room;
    }
    return &page->sites[page->count++];
}

/* How long the instruction is that the other decoder finds; 0: it knows none. */
static uint32_t other_length(struct vmm_cpu *v, const struct opinion *asked)
{
    const struct vmm_second_opinion *opinion = &v->code_pages->opinion;
    const uint8_t *code = asked->code;
    size_t size = asked->size;
    uint64_t address = 0;

    if (!opinion->decode || !asked->decoder
        || !opinion->decode(asked->decoder, &code, &size, &address, opinion->found))
        return 0;
    return FIELD(uint16_t, opinion->found, opinion->size_offset);
}

/* Ask the other decoder what it makes of the sites that have this encoding. */
static void settle(struct vmm_cpu *v, struct opinion *asked)
{
    uint32_t other = asked->sites ? other_length(v, asked) : 0;

    if (other == asked->length)
        v->code_pages->counts.confirmed += asked->sites;
    else if (other)
        v->code_pages->counts.disputed += asked->sites;
    asked->sites = 0;
}

/* The other decoder is to be asked about a site: once for each encoding, and not while the guest
 * runs, if there is room to remember it until somebody wants to know. */
static void confirm(struct vmm_cpu *v, const struct vmm_code_page *page, const struct vmm_site *site)
{
    uint64_t decoder = v->code_pages->opinion.decoders[page->form % VMM_CODE_FORMS];
    const uint8_t *code = page->guest + site->offset;
    struct opinion *known
        = &v->code_pages->known[(code[0] ^ code[site->length - 1] * 7u ^ code[site->length / 2] * 31u)
                                % OPINIONS];

    if (known->decoder != decoder || known->length != site->length
        || memcmp(known->code, code, site->length)) {
        settle(v, known);
        *known = (struct opinion){
            .decoder = decoder, .length = site->length,
            .size = site->offset + LONGEST < PAGE ? LONGEST : PAGE - site->offset,
        };
        memcpy(known->code, code, known->size);
    }
    known->sites++;
}

const struct vmm_code_counts *vmm_code_counted(struct vmm_cpu *v)
{
    for (unsigned i = 0; i < OPINIONS; i++)
        settle(v, &v->code_pages->known[i]);
    return &v->code_pages->counts;
}

/* A site that ends in its page: it gets a place in the cache if there is a template of one
 * instruction for it, and in the shadow page what comes instead of it: that instruction if it is
 * as long as the site's, else the MARKER, whose SIZE in bytes is not more than the site's.
 * NULL: no memory. */
struct vmm_site *vmm_add_site(struct vmm_cpu *v, struct vmm_code_page *page,
                              const struct vmm_site *new, uint32_t marker, uint32_t size)
{
    struct vmm_code_counts *counts = &v->code_pages->counts;
    struct vmm_site *site = room_for_site(page);
    const struct vmm_template *from = site ? vmm_cache_find(v, new, page->form) : NULL;

    if (!site)
        return NULL;
    *site = *new;
    memcpy(page->code + new->offset, &marker, size);
    page->at[new->offset] = (uint16_t)(site - page->sites + 1);
    confirm(v, page, site);
    counts->sites++;
    if (from && from->count > 1) {
        site->cold = true;
    } else if (from && (site->slot = vmm_cache_put(v, new, from))) {
        from = vmm_cache_get(v, site->slot);
        if (from->code[0].length == new->length) {
            memcpy(page->code + new->offset, from->code[0].code, new->length);
            counts->in_place++;
        } else {
            counts->cached++;
        }
    }
    return site;
}

/* What SITE at PC of a page is translated as; NULL: as a call of the monitor. */
const struct vmm_template *vmm_site_template(struct vmm_cpu *v, const struct vmm_code_page *page,
                                             struct vmm_site *site, uint32_t pc)
{
    if (site->cold && vmm_is_warm(v, pc)) {
        site->cold = false;
        site->slot = vmm_cache_put(v, site, vmm_cache_find(v, site, page->form));
        v->code_pages->counts.cached += site->slot != 0;
    }
    return vmm_cache_get(v, site->slot);
}

/* The site INDEX of the page that comes NTH; 1: there is one, 0: none any more of this page,
 * -1: no such page. */
int vmm_report_site(const struct vmm_cpu *v, uint32_t nth, uint32_t index,
                    struct vmm_site_report *report);
int vmm_report_site(const struct vmm_cpu *v, uint32_t nth, uint32_t index,
                    struct vmm_site_report *report)
{
    const struct vmm_code_page *page = NULL;
    const struct vmm_template *from;
    const struct vmm_site *site;

    for (unsigned hash = 0; hash < HASHES && !page; hash++)
        for (page = v->code_pages->pages[hash]; page && nth; page = page->next)
            nth--;
    if (!page)
        return -1;
    while (index < page->count && !page->sites[index].length)
        index++;
    if (index >= page->count)
        return 0;
    site = &page->sites[index];
    *report = (struct vmm_site_report){
        .host = (uint64_t)(uintptr_t)page->host, .argument = site->argument, .form = page->form,
        .offset = site->offset, .length = site->length, .operation = site->operation,
    };
    memcpy(report->guest, page->guest + site->offset, site->length);
    memcpy(report->shadow, page->code + site->offset, site->length);
    from = vmm_cache_get(v, site->slot);
    if (from)
        report->cached = *from;
    return (int)index + 1;
}
