/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow code pages and the translation cache: a guest's kernel as the monitor has it executed.
 * Mirrored in vmm/native/code_pages.py. */
#ifndef CODE_PAGES_H
#define CODE_PAGES_H

#include "vmm.h"

enum { VMM_CODE_FORMS = 16 };
enum { VMM_TEMPLATE_MOST = 24 /* instructions */, VMM_TEMPLATE_GUARDS = 3 };

/* A word that must have a value where execution has come, or the instruction is odd. */
struct vmm_word_guard {
    uint64_t word; /* its address in this process */
    uint32_t mask, value;
    uint32_t before; /* an instruction of the template */
    uint32_t spare;
};

/* One instruction of a template, as the translator is to read it. */
struct vmm_template_code {
    uint8_t code[11], length;
    uint8_t shift[2]; /* where the operand's register number goes, in bits; VMM_NO_OPERAND: nowhere */
    uint8_t spare[2];
    uint64_t load, store; /* the words that its accesses reach; 0: the guest's memory */
};
#define VMM_SITE_WORD 1 /* as such a word: the site's own */
#define VMM_NO_OPERAND 0xff

/* What takes the place of the instructions of one OPERATION whose argument, as far as MASK
 * goes, is VALUE; the number of a register is at OPERAND_SHIFT of the argument. */
struct vmm_template {
    uint64_t mask, value;
    uint32_t operation, form; /* as a site has them */
    uint8_t operand_shift, operand_bits, guards, count;
    uint8_t ends;   /* its block ends behind it */
    uint8_t length; /* of the site; 0: any */
    uint16_t excluded; /* a bit per register number that it is not for */
    struct vmm_word_guard guard[VMM_TEMPLATE_GUARDS];
    struct vmm_template_code code[VMM_TEMPLATE_MOST];
};

/* A sensitive instruction in a shadow code page. */
struct vmm_site {
    uint64_t argument;  /* its operands: x86 as vmm_instruction has them, ARM the A32 form */
    uint64_t word;      /* ARM: where the system register is that it names; 0: not known */
    uint32_t operation; /* which it is */
    uint32_t number;    /* x86: of the instruction in v->instructions */
    uint16_t offset;
    uint8_t length;
    bool cold;     /* there is a template for it, once it has been called often enough */
    uint32_t slot; /* in the cache, from 1; 0: the monitor is called */
};

/* A page of the guest's as it is executed in one FORM: its bytes, but for the first ones of its
 * sensitive instructions.  Kept beside are the bytes they were made from. */
struct vmm_code_page {
    const uint8_t *host;
    struct vmm_code_page *next; /* with the same hash */
    uint32_t form, count, room;
    uint32_t unused; /* a site that is none any more, from 1; its slot says the next */
    struct vmm_site *sites;
    uint16_t at[4096]; /* index of the site there, from 1 */
    uint8_t guest[4096], code[4096];
};

/* Another decoder (Capstone's cs_disasm_iter), which is asked about each new site. */
struct vmm_second_opinion {
    bool (*decode)(uintptr_t decoder, const uint8_t **code, size_t *size, uint64_t *address, void *found);
    void *found;
    uint64_t size_offset; /* in FOUND: of the instruction's length, 16 bits */
    uint64_t decoders[VMM_CODE_FORMS]; /* by form; 0: none */
};

/* What Python is shown of a site. */
struct vmm_site_report {
    uint64_t host; /* where its page is in this process */
    uint64_t argument;
    uint32_t form, offset, length, operation;
    uint8_t guest[16], shadow[16];
    struct vmm_template cached; /* its place in the cache; without instructions: there is none */
};

/* Counters: CodeCounts of vmm/monitor/code.py. */
struct vmm_code_counts {
    uint64_t pages, sites, in_place, cached, invalidated, emptied, confirmed, disputed;
};

/* code_pages.c */
uint8_t *vmm_keep_code_pages(struct vmm_cpu *v);
const struct vmm_code_counts *vmm_code_counted(struct vmm_cpu *v);
struct vmm_code_page *vmm_code_page(struct vmm_cpu *v, const uint8_t *host, uint32_t form);
void vmm_code_refresh(struct vmm_cpu *v, struct vmm_code_page *page, uint32_t offset);
struct vmm_site *vmm_code_site(struct vmm_code_page *page, uint32_t offset);
struct vmm_site *vmm_add_site(struct vmm_cpu *v, struct vmm_code_page *page,
                              const struct vmm_site *site, uint32_t marker, uint32_t size);
const struct vmm_template *vmm_site_template(struct vmm_cpu *v, const struct vmm_code_page *page,
                                             struct vmm_site *site, uint32_t pc);

/* code_cache.c */
const struct vmm_template *vmm_cache_find(const struct vmm_cpu *v, const struct vmm_site *site,
                                          uint32_t form);
uint32_t vmm_cache_put(struct vmm_cpu *v, const struct vmm_site *site,
                       const struct vmm_template *from);
void vmm_cache_free(struct vmm_cpu *v, uint32_t slot);
const struct vmm_template *vmm_cache_get(const struct vmm_cpu *v, uint32_t slot);
bool vmm_is_warm(const struct vmm_cpu *v, uint32_t pc);
void vmm_cold_site_called(struct vmm_cpu *v, uint32_t pc, uintptr_t retaddr);

/* Of the template's instruction that is being translated; NULL: none is. */
extern __thread const struct vmm_template_code *vmm_from_cache;

#endif
