/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shadow tables consist of, for the files that keep them (shadow.h has what others call).
 *
 * A *translation* is what a space says of one page.  It holds as long as each *entry* of the
 * guest's tables that its walk read has the value that was read.  Entries lie in *blocks*
 * of 1 KiB, the smallest tables there are (ARM's), so that finding what changed costs one
 * comparison a block where nothing did.  An *account* is the blocks that a set of spaces
 * stands on: each space has its own with policy lazy, all share one with strict.
 */
#ifndef SHADOW_STATE_H
#define SHADOW_STATE_H

#include "shadow.h"

#define SHADOW_SPACES 64           /* kept at most */
#define SHADOW_REGIONS 4096u       /* of 4 MiB, of all spaces: each takes 8 KiB */
#define SHADOW_TRANSLATIONS 65536u /* of all spaces */
#define SHADOW_DEPTH 4             /* entries that a walk reads at most */
#define SHADOW_BLOCK 10            /* a block has 1 << 10 bytes */
#define SHADOW_WINDOWS 8
#define SHADOW_FLOOD 3 /* stores without a walk in between: a table no more */
#define SHADOW_MADE_UP 64
#define SHADOW_NO_FRAME UINT64_MAX

/* ---- tables by number (shadow_table.c) ----------------------------------------------- */

struct shadow_node {
    struct shadow_node *next;
    uint64_t key;
};

struct shadow_table {
    struct shadow_node **heads;
    uint32_t size, count; /* size is a power of two */
};

struct shadow_node *vmm_shadow_find(const struct shadow_table *table, uint64_t key);
void vmm_shadow_add(struct shadow_table *table, struct shadow_node *node, uint64_t key);
void vmm_shadow_take(struct shadow_table *table, struct shadow_node *node);
void *vmm_shadow_need(size_t size); /* zeroed; stops the machine without memory */

/* ---- what there is ------------------------------------------------------------------------ */

/* That a translation was made from an entry. */
struct shadow_use {
    struct shadow_use *next, **link; /* the entry's others */
    struct shadow_entry *entry;
    struct shadow_translation *translation;
};

struct shadow_translation {
    struct shadow_node node; /* by number: the page's and, above it, the space's */
    struct shadow_space *space;
    struct shadow_translation *next, **link; /* the space's others */
    struct shadow_use uses[SHADOW_DEPTH];    /* in the order of the walk */
    uint32_t used;
    /* strict: it may store to this frame, which has others that may; NULL: it may not store */
    struct shadow_frame *frame;
    struct shadow_translation *store_next, **store_link;
    uint64_t withheld; /* strict: only protection keeps the kernel from storing to this frame */
};

struct shadow_entry {
    uint64_t address, value;
    uint32_t size;
    struct shadow_use *uses;
    struct shadow_block *block;
};

struct shadow_block {
    struct shadow_node node; /* by number, and above it the account's */
    struct shadow_account *account;
    struct shadow_block *next, **link; /* the account's others, in the order they came */
    const uint8_t *host;               /* NULL: not in RAM that is known here */
    uint32_t used;                     /* entries */
    struct shadow_entry *entries[(1 << SHADOW_BLOCK) / 4];
    uint8_t seen[1 << SHADOW_BLOCK]; /* as last compared; of each entry its value */
};

struct shadow_account {
    struct shadow_block *blocks, *last;
    uint32_t number;
};

/* A frame of the guest's that holds entries in use, or that translations may store to. */
struct shadow_frame {
    struct shadow_node node;
    uint32_t blocks; /* that hold entries in use */
    uint32_t floods; /* stores since it was last walked through */
    struct shadow_translation *stores;
};

/* What a context translates by: equal for equal contexts. */
struct shadow_key {
    uint32_t translates;
    uint32_t wide; /* entries have 8 bytes */
    uint32_t words[10];
};

struct shadow_space {
    struct shadow_key key;
    struct shadow_space *next, *previous; /* those used later first */
    uint64_t number;
    struct vmm_space *space;
    struct shadow_account own; /* lazy */
    struct shadow_translation *translations;
    uint32_t regions[32]; /* a bit for each 4 MiB that have been translated */
    uint32_t large[32];   /* of which a part was in a page of more than 4 KiB */
};

/* RAM of the guest's where tables are walked here. */
struct shadow_window {
    uint64_t base, end;
    uint8_t *host;
    uint32_t writable;
};

/* What a walk found. */
struct shadow_walk {
    uint64_t entry;  /* of a space: frame and rights */
    uint32_t status; /* of a fault, as the architecture's status word has it */
    uint32_t span;   /* bytes that the last entry stands for */
    uint32_t count;
    struct vmm_source sources[SHADOW_DEPTH];
};

enum shadow_result {
    SHADOW_FOUND,
    SHADOW_FAULT,
    SHADOW_UNUSUAL /* to be walked in Python; nothing was done */
};

struct vmm_shadow {
    const struct shadow_format *format;
    uint32_t features;
    uint32_t *registers[8]; /* the format's own */
    struct vmm_memory_counters *counters;
    bool strict;
    uint32_t windows;
    struct shadow_window window[SHADOW_WINDOWS];
    struct shadow_table translations, blocks, frames;
    struct shadow_account shared; /* strict */
    struct shadow_space *first, *last, *current;
    struct shadow_space *used; /* that the engine translates by; NULL: by none */
    uint32_t spaces, regions, translation_count;
    uint64_t next_number;
    uint64_t storing[VMM_THROUGH]; /* frames that the current instruction stores to */
    uint32_t storing_used;
    uint32_t made_up[SHADOW_MADE_UP], made_up_used; /* pages of the current space: in no table */
};

/* ---- where tables are ---------------------------------------------------------------------- */

/* SIZE bytes of guest memory, or NULL if they are not in RAM that is known here. */
static inline uint8_t *shadow_host(const struct vmm_shadow *s, uint64_t address, uint32_t size,
                                   bool writes)
{
    for (uint32_t i = 0; i < s->windows; i++) {
        const struct shadow_window *window = &s->window[i];

        if (window->base <= address && address + size <= window->end)
            return writes && !window->writable ? NULL : window->host + (address - window->base);
    }
    return NULL;
}

/* An entry in the guest's byte order. */
static inline uint64_t shadow_value(const struct vmm_cpu *v, const uint8_t *host, uint32_t size)
{
    uint64_t wide;
    uint32_t word;

    if (size == 8) {
        __builtin_memcpy(&wide, host, sizeof wide);
        return v->arch == VMM_SPARC ? __builtin_bswap64(wide) : wide;
    }
    __builtin_memcpy(&word, host, sizeof word);
    return v->arch == VMM_SPARC ? __builtin_bswap32(word) : word;
}

/* Store a word for the guest, as a walk does. */
static inline void shadow_put(struct vmm_cpu *v, uint64_t address, uint8_t *host, uint32_t value)
{
    if (v->arch == VMM_SPARC)
        value = __builtin_bswap32(value);
    __builtin_memcpy(host, &value, sizeof value);
    if (v->tracking)
        vmm_mark_dirty(v, address, sizeof value);
}

/* ---- shadow_walk_x86.c and its like: an architecture's tables -------------------------------- */

struct shadow_format {
    void (*begin)(struct vmm_cpu *v); /* or NULL */
    /* What the registers that govern translation say. */
    void (*key)(struct vmm_cpu *v, struct shadow_key *key);
    /* Translate for an access of this kind; with MARKS set the flags that it sets. */
    enum shadow_result (*walk)(struct vmm_cpu *v, uint32_t address, unsigned access, bool user,
                               bool marks, struct shadow_walk *w);
    /* Keep a fault for the virtual trap; the engine's exception to raise. */
    int (*refuse)(struct vmm_cpu *v, uint32_t address, unsigned access, uint32_t status);
};
extern const struct shadow_format vmm_shadow_sparc, vmm_shadow_arm, vmm_shadow_x86;

/* shadow_walk_pae.c, shadow_walk_long.c: a format's other tables. */
struct vmm_arm_regime;
enum shadow_result vmm_shadow_walk_pae(struct vmm_cpu *v, uint32_t address, unsigned access,
                                       bool user, bool marks, struct shadow_walk *found);
enum shadow_result vmm_shadow_walk_long(struct vmm_cpu *v, uint32_t address, unsigned access,
                                        bool user, const struct vmm_arm_regime *regime,
                                        uint32_t sctlr, struct shadow_walk *found);

enum { SHADOW_LOAD, SHADOW_STORE, SHADOW_FETCH }; /* kinds of access */
enum {
    SHADOW_WRITES = VMM_ENTRY_WRITE | VMM_ENTRY_WRITE << VMM_ENTRY_USER,
    SHADOW_ALL = VMM_ENTRY_READ | VMM_ENTRY_WRITE | VMM_ENTRY_EXECUTE
};

/* ---- shadow_account.c ---------------------------------------------------------------------- */

void vmm_shadow_record(struct vmm_cpu *v, struct shadow_translation *t,
                       const struct vmm_source *sources, uint32_t count);
void vmm_shadow_unrecord(struct vmm_cpu *v, struct shadow_translation *t);
uint32_t vmm_shadow_check(struct vmm_cpu *v, const struct shadow_account *account);
void vmm_shadow_check_frame(struct vmm_cpu *v, uint64_t frame);
void vmm_shadow_drop_frame(struct vmm_cpu *v, uint64_t frame);
bool vmm_shadow_stands_on(const struct vmm_shadow *s, const struct shadow_space *space,
                          uint64_t frame);

/* ---- shadow_space.c ------------------------------------------------------------------------ */

void vmm_shadow_switch(struct vmm_cpu *v, const struct shadow_key *key);
void vmm_shadow_use(struct vmm_cpu *v);
void vmm_shadow_use_none(struct vmm_cpu *v);
void vmm_shadow_empty_all(struct vmm_cpu *v);
void vmm_shadow_delete_all(struct vmm_cpu *v);
struct shadow_translation *vmm_shadow_translation(const struct vmm_shadow *s, uint32_t address);
struct shadow_translation *vmm_shadow_account(struct vmm_cpu *v, uint32_t address,
                                              const struct vmm_source *sources, uint32_t count);
void vmm_shadow_space_put(struct vmm_cpu *v, uint32_t address, uint64_t entry);
void vmm_shadow_remove(struct vmm_cpu *v, struct shadow_translation *t);
void vmm_shadow_drop_page(struct vmm_cpu *v, uint32_t address);
void vmm_shadow_note_large(struct vmm_shadow *s, uint32_t address, uint32_t span);
bool vmm_shadow_was_large(const struct vmm_shadow *s, uint32_t address);

/* ---- shadow_protect.c ---------------------------------------------------------------------- */

struct shadow_frame *vmm_shadow_frame(struct vmm_shadow *s, uint64_t number, bool make);
void vmm_shadow_frame_done(struct vmm_shadow *s, struct shadow_frame *frame);
bool vmm_shadow_holds(const struct vmm_shadow *s, uint64_t number);
void vmm_shadow_table_begins(struct vmm_cpu *v, struct shadow_frame *frame);
void vmm_shadow_removed(struct vmm_shadow *s, struct shadow_translation *t);
void vmm_shadow_may_store(struct vmm_shadow *s, struct shadow_translation *t, uint64_t number);
void vmm_shadow_walked(struct vmm_shadow *s, const struct vmm_source *sources, uint32_t count);
void vmm_shadow_storing(struct vmm_shadow *s, uint64_t number);
void vmm_shadow_stored_to(struct vmm_cpu *v, uint64_t number);

#endif
