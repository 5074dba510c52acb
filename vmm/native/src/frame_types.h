/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of tables in use (frame_types.c), and the guard that keeps it (table_guard.c). */
#ifndef FRAME_TYPES_H
#define FRAME_TYPES_H

#include "page_formats.h"
#include "vmm.h"

/* Entries of one table that point to another. */
struct vmm_use {
    struct vmm_table *parent;
    uint32_t count;
    uint32_t offset; /* of the one that came last, bytes */
};

#define VMM_TABLE_FRAMES 4 /* that a table reaches into: 16 KiB at most */

/* A table in use. */
struct vmm_table {
    uint64_t base; /* physical */
    uint32_t level, size;
    uint32_t pins;     /* uses as a root */
    uint32_t current;  /* how often the present context has it as a root */
    uint32_t searched; /* the latest search that has been here: vmm_types.search */
    uint32_t looked;   /* the latest look at changes: vmm_guard.looks */
    uint32_t use_count, use_room;
    uint64_t begins; /* the virtual address of the first entry, of a root that is current */
    struct vmm_use *uses;
    struct vmm_table *next[VMM_TABLE_FRAMES]; /* in each frame that it is in, in order */
    uint8_t entries[];                        /* as they count, in the guest's byte order */
};

/* What the account asks of its owner (vmm/monitor/memory/native_guard.py). */
struct vmm_types_calls {
    /* Where main memory does not answer: SIZE bytes of other memory, which gives 1; 0 if there
     * is a device; -1 if nobody answers. */
    int32_t (*read)(uint64_t address, uint32_t size, uint8_t *to);
    int32_t (*write)(uint64_t address, uint32_t size, uint64_t value); /* 0: that is not RAM */
    /* Without an engine, in tests: a frame begins or ceases to hold a table, and what is cached
     * of a page, or of VMM_ALL_PAGES, is to be forgotten. */
    void (*on_table)(uint32_t frame, int32_t used);
    void (*on_flush)(uint64_t address);
};
#define VMM_ALL_PAGES ~0ull

struct vmm_types {
    struct vmm_cpu *cpu; /* NULL in tests */
    struct vmm_types_calls calls;
    struct vmm_format format;
    uint64_t ram_begin, ram_end;     /* the guest's main memory, */
    uint8_t *ram;                    /* and where it is */
    uint32_t floating, spare;        /* the byte that is read where nobody answers */
    uint64_t owned_begin, owned_end; /* the addresses that the guest may map */
    struct vmm_table **frames;       /* VMM_PAGES: the first table in each */
    uint32_t frames_begin, frames_end; /* all those are between these */
    uint32_t search;
    bool closed; /* nobody is told any more */
    bool stale;  /* the processor may remember what is not so any more */
    char refusal[512]; /* why the last operation was refused */
};

bool vmm_types_open(struct vmm_types *types);
void vmm_types_close(struct vmm_types *types);
void vmm_types_clear(struct vmm_types *types);
/* frame_tables.c */
const uint8_t *vmm_types_content(const struct vmm_types *types, uint64_t base, uint32_t size,
                                 uint8_t *buffer);
uint64_t vmm_types_get(const struct vmm_types *types, const uint8_t *bytes);
void vmm_types_put(const struct vmm_types *types, uint8_t *bytes, uint64_t value);
bool vmm_types_store(struct vmm_types *types, uint64_t address, uint64_t value);
void vmm_table_enters(struct vmm_types *types, struct vmm_table *table);
void vmm_table_leaves(struct vmm_types *types, struct vmm_table *table);
struct vmm_table *vmm_table_after(const struct vmm_types *types, const struct vmm_table *table,
                                  uint32_t frame);
struct vmm_table *vmm_table_at(const struct vmm_types *types, uint64_t base, uint32_t level,
                               uint32_t size);
/* frame_types.c */
struct vmm_table *vmm_types_pin(struct vmm_types *types, uint64_t base, uint32_t level,
                                uint32_t size);
void vmm_types_unpin(struct vmm_types *types, struct vmm_table *root);
int vmm_types_changed(struct vmm_types *types, struct vmm_table *table);
bool vmm_types_propose(struct vmm_types *types, struct vmm_table *table, uint32_t offset,
                       uint64_t value);
struct vmm_part vmm_types_part(const struct vmm_types *types, const struct vmm_table *table,
                               uint32_t offset);
bool vmm_types_map_writable(const struct vmm_types *types, const struct vmm_table *table,
                            uint64_t address);

#endif
