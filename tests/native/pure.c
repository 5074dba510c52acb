/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exercises the parts of the native library that need no running engine, under
 * AddressSanitizer and UndefinedBehaviorSanitizer: the budget's arithmetic, the
 * records behind a translated block, page maps, the ledger, build ids.
 * Engine structures are stand-ins with fields at the offsets of offsets.h. */
#include "offsets.h"
#include "shadow_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

static _Alignas(16) char engine[0x1000], processor[0xc000], registers[0x2000];
static int traps_seen, ledgers_seen;

static int32_t on_trap(struct vmm_cpu *v, uint32_t kind)
{
    (void)v;
    traps_seen += kind == 5;
    return VMM_HANDLED;
}

static void on_ledger(struct vmm_cpu *v)
{
    (void)v;
    ledgers_seen++;
}

static struct vmm_cpu *stand_in(int arch)
{
    struct vmm_cpu *v = calloc(1, sizeof *v);

    CHECK(v);
    v->pages = calloc(1, VMM_PAGES);
    v->device_pcs = calloc(1, 8192);
    CHECK(v->pages && v->device_pcs);
    v->uc = engine;
    v->cpu = processor;
    v->env = registers;
    v->arch = arch;
    v->event_at = v->event_cycle = VMM_NEVER;
    v->left = &FIELD(int64_t, processor, CPU_RANDOM_SEED);
    *v->left = 0;
    v->on_trap = on_trap;
    v->on_ledger = on_ledger;
    return v;
}

static void budget(void)
{
    struct vmm_cpu *v = stand_in(VMM_ARM);
    uint32_t *request = &FIELD(uint32_t, processor, CPU_INTERRUPT_REQUEST);

    *request = 0;
    vmm_set_event(v, 100);
    CHECK(vmm_count(v) == 0 && *v->left == 100);
    *v->left -= 90; /* blocks of 90 ran */
    *v->left -= 30; /* one of 30 does not fit */
    vmm_budget_expired(v, 30);
    CHECK(vmm_count(v) == 90 && *v->left == 10);
    CHECK(FIELD(uint32_t, processor, CPU_CFLAGS_NEXT_TB) == 10 && *request == 0);
    *v->left -= 10;
    *v->left -= 1; /* the next block of one */
    vmm_budget_expired(v, 1);
    CHECK(vmm_count(v) == 100 && (*request & VMM_IRQ_EVENT));

    *request = 0;
    v->event_at = 200;
    vmm_kick(v);
    CHECK(vmm_count(v) == 100 && *v->left < 0);
    *v->left -= 7;
    vmm_budget_expired(v, 7);
    CHECK(vmm_count(v) == 100);

    vmm_set_event(v, 50); /* in the past: at once */
    CHECK(vmm_count(v) == 100 && *v->left < 0);
    vmm_set_interrupt(v, 2, 1);
    CHECK(*request & 2);
    vmm_set_interrupt(v, 2, 0);
    CHECK(!(*request & 2) && vmm_count(v) == 100);
    vmm_detach(v);
}

static void trap_ledger(void)
{
    struct vmm_cpu *v = stand_in(VMM_SPARC);
    struct vmm_trap_record *records = calloc(4, sizeof *records);

    v->ledger = records;
    v->ledger_size = 4;
    v->ledger_on = 1;
    v->intercept[0] = 1u << 5;
    for (uint32_t i = 0; i < 9; i++)
        CHECK(vmm_trap(v, i, i, i, i) == (i == 5 ? VMM_HANDLED : VMM_NATIVE));
    CHECK(vmm_trap(v, VMM_TRAP_KINDS - 1, 0, 0, 0) == VMM_NATIVE);
    CHECK(traps_seen == 1 && ledgers_seen == 2 && v->ledger_used == 2);
    CHECK(v->traps[VMM_TRAP_KINDS - 1] == 1);
    free(records);
    vmm_detach(v);
}

static void coverage_counters(void)
{
    struct vmm_cpu *v = stand_in(VMM_ARM);
    uint32_t page = 0;

    CHECK(vmm_begun_counter(v, 0x1000) == NULL && !vmm_coverage_page(v, &page));
    CHECK(vmm_set_coverage(v, 1) && vmm_set_coverage(v, 1));
    CHECK(!vmm_coverage_page(v, &page) && page == VMM_PAGES);
    ++*vmm_begun_counter(v, 0x8ffe); /* the last one of a page */
    ++*vmm_begun_counter(v, 0xfffff000);
    page = 0;
    CHECK(vmm_coverage_page(v, &page)[0xffe / 2] == 1 && page == 8);
    page++;
    CHECK(vmm_coverage_page(v, &page)[0] == 1 && page == 0xfffff);
    CHECK(vmm_set_coverage(v, 0) && !v->begun);
    vmm_set_coverage(v, 1);
    vmm_begun_counter(v, 0);
    vmm_detach(v); /* frees what is left */
}

static void told_ranges(void)
{
    struct vmm_cpu *v = stand_in(VMM_SPARC);
    struct vmm_range ranges[] = {{0x100, 0x1ff}, {0xfffffff0, 0xffffffff}};

    v->tell = VMM_TELL_BEGUN;
    CHECK(vmm_tells(v, VMM_TELL_BEGUN, 5) && !vmm_tells(v, VMM_TELL_TRANSLATED, 5));
    v->ranges = ranges;
    v->range_count = 2;
    CHECK(vmm_tells(v, VMM_TELL_BEGUN, 0x100) && vmm_tells(v, VMM_TELL_BEGUN, 0x1ff));
    CHECK(!vmm_tells(v, VMM_TELL_BEGUN, 0x200) && vmm_tells(v, VMM_TELL_BEGUN, 0xffffffff));
    vmm_detach(v);
}

static void page_map(void)
{
    struct vmm_cpu *v = stand_in(VMM_X86);

    vmm_map_pages(v, 0x40000000, 0x2000, VMM_PAGE_RAM);
    CHECK(v->pages[0x3ffff] == VMM_PAGE_NONE && v->pages[0x40000] == VMM_PAGE_RAM);
    CHECK(v->pages[0x40001] == VMM_PAGE_RAM && v->pages[0x40002] == VMM_PAGE_NONE);
    vmm_map_pages(v, 0xfffff000, 0x2000, VMM_PAGE_ROM); /* ends at 4 GiB and does not wrap */
    CHECK(v->pages[VMM_PAGES - 1] == VMM_PAGE_ROM && v->pages[0] == VMM_PAGE_NONE);
    vmm_map_pages(v, 0x1800, 1, VMM_PAGE_DEVICE);
    CHECK(v->pages[1] == VMM_PAGE_DEVICE && v->pages[2] == VMM_PAGE_NONE);
    vmm_detach(v);
}

/* A block of three instructions with its records behind 40 bytes of code. */
static void block_records(void)
{
    static const uint8_t records[] = {
        0, 4, 10,          /* pc +0, npc +4 (deltas), host +10 */
        4, 4, 0x0f,        /* pc +4, npc +4, host +15 */
        4, 0xfc, 0x00, 15, /* pc +4, npc +124 in two bytes, host +15 */
    };
    uint8_t *code = calloc(1, 40 + sizeof records);
    char block[64] = {0};
    uintptr_t host = (uintptr_t)code;
    uint64_t start[2] = {0x1004, 0};

    memcpy(code + 40, records, sizeof records);
    FIELD(uint32_t, block, 0) = 0x1000;
    FIELD(uint16_t, block, TB32_ICOUNT) = 3;
    FIELD(uint8_t *, block, TB32_CODE) = code;
    FIELD(size_t, block, TB32_CODE_SIZE) = 40;
    CHECK(vmm_instruction_index(block, host + 5, NULL, VMM_SPARC) == 0);
    CHECK(vmm_instruction_index(block, host + 20, NULL, VMM_SPARC) == 1);
    CHECK(vmm_instruction_index(block, host + 40, NULL, VMM_SPARC) == 2);
    CHECK(vmm_instruction_index(block, host + 400, NULL, VMM_SPARC) == -1);
    CHECK(vmm_instruction_index(block, 0, start, VMM_SPARC) == 1);
    start[0] = 0x2000;
    CHECK(vmm_instruction_index(block, 0, start, VMM_SPARC) == -1);
    free(code);
}

/* Entries of a space cost what is used, and clearing gives all back (leaks are counted). */
static void spaces(void)
{
    struct vmm_space *space = vmm_space_new();
    const uint64_t entry = 0x9000 | VMM_ENTRY_READ | VMM_ENTRY_WRITE << VMM_ENTRY_USER;

    CHECK(space && vmm_space_get(space, 0) == 0 && vmm_space_get(NULL, 0x1000) == 0);
    CHECK(vmm_space_set(space, 0x400000, 0) == 0 && !space->tables[1]);
    CHECK(vmm_space_set(space, 0xfffff123, entry) == 0);
    CHECK(vmm_space_set(space, 0, entry | VMM_ENTRY_SECURE) == 0);
    CHECK(vmm_space_get(space, 0xffffffff) == entry && vmm_space_get(space, 0xffffefff) == 0);
    CHECK(vmm_space_get(space, 0xfff) == (entry | VMM_ENTRY_SECURE));
    CHECK(vmm_space_set(space, 0xfffff000, 0) == 0 && vmm_space_get(space, 0xfffff000) == 0);
    vmm_space_clear(space);
    CHECK(vmm_space_get(space, 0) == 0 && !space->tables[0] && !space->tables[1023]);
    CHECK(vmm_space_set(space, 0x12345000, entry) == 0);
    vmm_space_free(space);
    vmm_space_free(NULL);
}

/* Frames get and lose roles; pages that an instruction may store to are so many. */
static void roles_and_stores(void)
{
    struct vmm_cpu *v = stand_in(VMM_ARM);

    CHECK(vmm_exposed_rights(v, 0x5000, 7) == 7);
    CHECK(vmm_set_role(v, 5, 1) && !vmm_set_role(v, VMM_PAGES, 1));
    v->fill_access = 0;
    CHECK(vmm_exposed_rights(v, 0x5fff, 7) == 5 && vmm_exposed_rights(v, 0x6000, 7) == 7);
    CHECK(vmm_exposed_rights(v, 1ull << 40, 7) == 7);
    CHECK(vmm_set_role(v, 5, 0) && vmm_exposed_rights(v, 0x5000, 7) == 7);
    for (uint32_t page = 0; page < VMM_THROUGH; page++)
        CHECK(vmm_store_through(v, page << 12 | 0x123));
    CHECK(!vmm_store_through(v, 0) && v->through[1] == 0x1000);
    CHECK(!vmm_stores_through(v, VMM_THROUGH << 12, 0));
    vmm_detach(v);
}

/* Shadow tables give back all that they took, and know what has changed.  The space that is
 * looked at is not the current one, so no engine is asked to flush anything. */
static void shadows(void)
{
    static uint8_t ram[0x4000];
    static struct vmm_vcpu vcpu;
    struct vmm_memory_counters counters = {0};
    struct vmm_cpu *v = stand_in(VMM_X86);
    struct shadow_key here = {.translates = 1}, there = {.translates = 1, .words = {7}};
    struct vmm_source path[] = {{0x1000, 0, 4, 0}, {0x2004, 0, 4, 0}};
    struct shadow_space *space;

    v->vcpu = &vcpu;
    CHECK(vmm_shadow_new(v, VMM_SHADOW_STRICT, &counters) == 0);
    CHECK(vmm_shadow_window(v, 0, sizeof ram, ram, 1) == 0);
    vmm_shadow_switch(v, &here);
    space = v->shadow->current;
    vmm_shadow_account(v, 0x5000, path, 2);
    path[1].address = 0x2008;
    vmm_shadow_account(v, 0x6000, path, 2);
    vmm_shadow_account(v, 0x6fff, path, 2); /* the same page once more */
    vmm_shadow_space_put(v, 0x5000, 0x9003);
    vmm_shadow_switch(v, &there);
    CHECK(v->shadow->current != space && v->shadow->spaces == 2);
    CHECK(v->shadow->translation_count == 2);
    CHECK(vmm_shadow_protects(v, 1) && vmm_shadow_protects(v, 2) && !vmm_shadow_protects(v, 3));
    vmm_shadow_check_frame(v, 2);
    CHECK(v->shadow->translation_count == 2);
    ram[0x2004] = 1;
    vmm_shadow_check_frame(v, 2);
    CHECK(v->shadow->translation_count == 1 && vmm_space_get(space->space, 0x5000) == 0);
    CHECK(vmm_shadow_stands_on(v->shadow, space, 2) && !vmm_shadow_stands_on(v->shadow, space, 3));
    for (uint32_t i = 0; i < 2 * SHADOW_SPACES; i++) {
        there.words[0] = 100 + i; /* those used least lately go */
        vmm_shadow_switch(v, &there);
    }
    CHECK(v->shadow->spaces == SHADOW_SPACES && v->shadow->translation_count == 0);
    CHECK(!vmm_shadow_protects(v, 2) && !v->shadow->frames.count && !v->shadow->blocks.count);
    vmm_shadow_account(v, 0x7000, path, 2);
    v->vcpu = NULL;
    vmm_detach(v);
}

int main(void)
{
    budget();
    trap_ledger();
    coverage_counters();
    told_ranges();
    page_map();
    block_records();
    spaces();
    roles_and_stores();
    shadows();
    puts("ok");
    return 0;
}
