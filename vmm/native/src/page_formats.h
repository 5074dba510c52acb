/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of guests' page tables, whatever the architecture. */
#ifndef PAGE_FORMATS_H
#define PAGE_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

/* Mirrored in vmm/monitor/memory/native_guard.py. */
enum vmm_format_kind { VMM_TABLES_X86, VMM_TABLES_PAE, VMM_TABLES_ARM, VMM_TABLES_LPAE, VMM_TABLES_SPARC };

enum vmm_format_flag {
    VMM_FORMAT_PSE = 1, /* x86: CR4.PSE */
    VMM_FORMAT_NXE = 2, /* x86: EFER.NXE */
    VMM_FORMAT_PXN = 4  /* ARM: sections may have it, as ARMv7's with the Virtualization Extensions */
};

struct vmm_format {
    uint32_t kind, flags;
    uint32_t entry_size; /* bytes: 4 or 8 */
    uint32_t big_endian;
    uint64_t mask;       /* of physical addresses: the A20 gate's, elsewhere all ones */
};

/* What one entry stands for.  All 0: a walk ends there. */
struct vmm_part {
    uint64_t address; /* physical: of the next table, or of memory */
    uint64_t span;    /* bytes of memory; 0: no memory */
    uint32_t level;   /* of the next table; 0: no table */
    uint32_t size;    /* bytes of that table */
    bool writable;    /* somebody may store to the memory */
};

struct vmm_part vmm_part_of(const struct vmm_format *format, uint32_t level, uint64_t entry);

/* Whether entries of tables of a level may name other tables. */
bool vmm_level_has_tables(const struct vmm_format *format, uint32_t level);

/* A table's entry stands for 1 << vmm_level_shift() bytes of virtual addresses. */
unsigned vmm_level_shift(const struct vmm_format *format, uint32_t level);

#endif
