/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive x86 instructions are translated as calls of the monitor, or from the cache.
 *
 * The translator asks before each instruction.  If the first bytes may be those
 * of a sensitive one, it gets the number of an instruction in the table below, or 0; where
 * not every one is to be replaced, on_decode says which.  The translator then reads, in place
 * of the first byte, INTO, which is what the shadow page has there (code_pages.c): its helper's
 * argument is the number.  If there is a template it reads that instead (code_cache.c).
 * So a translated block carries what its instructions are, whatever is mapped at their address
 * later; it ends as every block does when the guest stores to its code; instructions that begin
 * in the middle of others are others; and what the guest reads as data is its own.
 */
#include "monitor_x86.h"
#include "code_pages.h"
#include "x86_state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INSTRUCTIONS_MOST = 1 << 20, NUMBER_SHIFT = 8, COLD = 1 << 28 /* of INTO's argument */ };
enum { INTO = 0xce, LONGEST = 15 };

/* The instruction that is being translated, if it is one. */
static __thread struct {
    uint64_t pc;
    uint32_t length, number;
    bool ends, called;                 /* INTO has been read, and its call is not translated yet */
    bool cold;                         /* it is called until a template is worth its translation */
    const struct vmm_template *cached; /* NULL: the monitor is called */
} site;

/* How code reads: bits of vmm_instruction.mode ... */
enum { WIDE = 1, FLAT = 2 };
/* ... and, besides, what a template is for (vmm/monitor/x86/inline.py). */
enum { KERNEL = 4, WIDE_STACK = 8 };

static uint32_t mode_of(const struct vmm_cpu *v)
{
    return (FIELD(uint32_t, v->env, X86_HFLAGS) & HF_CS32 ? WIDE : 0)
        | (FIELD(uint32_t, v->env, X86_EFLAGS) & FL_VM ? 0 : FLAT);
}

static uint32_t form_of(const struct vmm_cpu *v)
{
    return mode_of(v) | (v->vcpu->kernel ? KERNEL : 0)
        | (FIELD(uint32_t, v->env, X86_HFLAGS) & HF_SS32 ? WIDE_STACK : 0);
}

/* The instruction whose bytes were read last becomes known; its number, or 0: there
 * is no memory for it, or there are far too many. */
uint32_t vmm_x86_add_instruction(struct vmm_cpu *v, uint32_t operation, uint32_t length,
                                 uint64_t argument, uint32_t immediate, int ends)
{
    uint32_t number = v->instruction_count + 1;
    struct vmm_instruction *table = v->instructions;

    if (number >= INSTRUCTIONS_MOST || operation >= X86_OPERATIONS || length > LONGEST)
        return 0;
    if (!(number & (number - 1))) {
        table = realloc(table, 2 * number * sizeof *table);
        if (!table)
            return 0;
        v->instructions = table;
    }
    table[number] = (struct vmm_instruction){
        .argument = argument, .immediate = immediate, .operation = operation,
        .length = (uint8_t)length,
        .ends = ends != 0, .mode = (uint8_t)mode_of(v),
    };
    if (v->code_size >= length) { /* else it goes on in the next page */
        memcpy(table[number].code, v->code, length);
        table[number].next = v->instruction_heads[v->code[0]];
        v->instruction_heads[v->code[0]] = number;
    }
    v->instruction_count = number;
    return number;
}

/* The number of the instruction whose bytes were read last, if it was met before. */
static uint32_t known_instruction(const struct vmm_cpu *v)
{
    uint32_t mode = mode_of(v), number;

    if (!v->code_size || !v->decode_once)
        return 0;
    for (number = v->instruction_heads[v->code[0]]; number; number = v->instructions[number].next) {
        const struct vmm_instruction *one = &v->instructions[number];

        if (one->mode == mode && one->length <= v->code_size
            && !memcmp(one->code, v->code, one->length))
            return number;
    }
    return 0;
}

/* ---- which instructions are looked at ---------------------------------------------- */

typedef uint32_t (*code_fn)(void *, uint64_t);

/* A first look at the OPCODE that is AT: cheap, and never wrong about one that is sensitive. */
static bool may_be_sensitive(struct vmm_cpu *v, uint64_t at, uint32_t opcode, bool flat)
{
    ORIGINAL(code_fn, byte, "cpu_ldub_code_x86_64");
    enum { FAR_CALL = 3, FAR_JUMP = 5 }; /* in ModRM's register field */

    switch (opcode) {
    case 0xfa: case 0xfb: case 0x9c: case 0x9d: case 0xcf: case 0xf4:
        return true;
    case 0xcd:
        return !flat;
    case 0x07: case 0x17: case 0x1f: case 0x8e: case 0x9a: case 0xc4: case 0xc5:
    case 0xca: case 0xcb: case 0xea:
        return flat;
    case 0xff:
        opcode = byte(v->env, at + 1) >> 3 & 7;
        return flat && (opcode == FAR_CALL || opcode == FAR_JUMP);
    case 0x0f:
        break;
    default:
        return false;
    }
    opcode = byte(v->env, at + 1);
    switch (opcode) {
    case 0x00: case 0x02: case 0x03: case 0xa1: case 0xa9: case 0xb2: case 0xb4: case 0xb5:
        return flat;
    default:
        return opcode == 0x01 || opcode == 0x06 || opcode == 0x07 || opcode == 0x08 || opcode == 0x09
            || (opcode >= 0x20 && opcode <= 0x23) || (opcode >= 0x30 && opcode <= 0x35);
    }
}

/* Where the code at PC is; NULL: it is not memory, or not mapped any more. */
static const uint8_t *host_of(const struct vmm_cpu *v, uint64_t pc)
{
    typedef const uint8_t *(*host_fn)(void *, uint64_t, int, int);
    ORIGINAL(host_fn, host_address, "tlb_vaddr_to_host_x86_64");
    enum { FETCH = 2, USER_INDEX = 1 };

    return host_address(v->env, pc, FETCH, USER_INDEX);
}

/* The bytes of the instruction at PC, as far as its page goes, for the monitor to decode. */
void vmm_x86_read_code(struct vmm_cpu *v, uint64_t pc)
{
    const uint8_t *host = host_of(v, pc);

    v->code_size = 0;
    if (!host)
        return;
    do
        v->code[v->code_size] = host[v->code_size];
    while (++v->code_size < LONGEST && (pc + v->code_size) & 0xfff);
}

/* The number of the instruction whose bytes were read last; 0: it is not sensitive. */
static uint32_t decoded(struct vmm_cpu *v, uint32_t pc)
{
    uint32_t mode = mode_of(v);
    struct x86_decoded found;
    struct timespec begun, ended;

    if (!v->decode_once || !v->scan || vmm_is_rewritten(v, pc))
        return (uint32_t)v->on_decode(v, pc);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    if (!vmm_x86_decode(v->code, v->code_size, mode & WIDE, mode & FLAT, &found))
        return (uint32_t)v->on_decode(v, pc); /* it may go on in the next page */
    v->scan->looked_at++;
    if (found.operation) {
        v->scan->replaced++;
        found.operation = vmm_x86_add_instruction(
            v, found.operation, found.length, found.argument, 0,
            vmm_x86_operation_ends(found.operation));
        if (!found.operation)
            vmm_engine_abort("no memory for another sensitive instruction");
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    v->scan->nanoseconds += (uint64_t)((ended.tv_sec - begun.tv_sec) * 1000000000
                                       + ended.tv_nsec - begun.tv_nsec);
    return found.operation;
}

/* The shadow page of the code at PC, if there is one, as the guest's bytes are now. */
static struct vmm_code_page *shadow_page(struct vmm_cpu *v, uint64_t pc)
{
    const uint8_t *host = v->code_pages ? host_of(v, pc & ~0xfffull) : NULL;
    struct vmm_code_page *page = host ? vmm_code_page(v, host, form_of(v)) : NULL;

    if (page)
        vmm_code_refresh(v, page, pc & 0xfff);
    return page;
}

static bool is_store(const struct vmm_cpu *v, uint32_t number)
{
    uint32_t operation = v->instructions[number].operation;

    return operation == X86_STORE_REGISTER || operation == X86_STORE_IMMEDIATE;
}

/* The sensitive instruction NUMBER is at PC: a new site, unless it goes on in the next page or
 * is a store that may be one no longer some day. */
static struct vmm_site *new_site(struct vmm_cpu *v, struct vmm_code_page *page, uint32_t pc,
                                       uint32_t number)
{
    const struct vmm_instruction *one = &v->instructions[number];
    struct vmm_site new = {
        .argument = one->argument, .operation = one->operation, .number = number,
        .offset = pc & 0xfff, .length = one->length,
    };

    if (new.offset + new.length > 0x1000 || is_store(v, number))
        return NULL;
    return vmm_add_site(v, page, &new, INTO, 1);
}

/* The instruction at PC, with its OPCODE at OPCODE_AT, is about to be translated. */
void vmm_x86_scan(struct vmm_cpu *v, uint64_t pc, uint64_t opcode_at, uint32_t opcode)
{
    struct vmm_code_page *page;
    struct vmm_site *here;

    if (!v->on_decode)
        return;
    if (!may_be_sensitive(v, opcode_at, opcode, mode_of(v) & FLAT) && !vmm_is_rewritten(v, (uint32_t)pc))
        return;
    page = shadow_page(v, pc);
    here = page ? vmm_code_site(page, pc & 0xfff) : NULL;
    if (here) {
        site.number = here->number;
    } else {
        vmm_x86_read_code(v, pc);
        site.number = known_instruction(v);
        if (!site.number)
            site.number = decoded(v, (uint32_t)pc);
        if (!site.number)
            return;
        here = page ? new_site(v, page, (uint32_t)pc, site.number) : NULL;
    }
    site.cached = here ? vmm_site_template(v, page, here, (uint32_t)pc) : NULL;
    site.cold = here && here->cold;
    if (site.cached && site.cached->ends && FIELD(uint32_t, v->env, X86_HFLAGS) & HF_INHIBIT_IRQ)
        site.cached = NULL; /* STI behind STI lets interrupts in */
    site.pc = pc;
    site.length = v->instructions[site.number].length;
    site.ends = site.cached ? site.cached->ends : v->instructions[site.number].ends;
}

void vmm_x86_scanned(void)
{
    site.number = 0;
    site.called = false;
    site.cached = NULL;
}

/* Whether the block has to end behind the instruction just translated. */
bool vmm_x86_ends_block(void)
{
    return site.number && site.ends;
}

/* ---- what the translator reads and says -------------------------------------------- */

const struct vmm_template *vmm_x86_cached(void)
{
    return site.cached;
}

/* Where the next instruction is, the one just translated being at PC and shown as one that
 * ends at NEXT. */
uint64_t vmm_x86_end_site(uint64_t next)
{
    return site.number ? site.pc + site.length : next;
}

/* The SIZE bytes at ADDRESS as the translator is to read them, or -1: as they are. */
int64_t vmm_x86_site_code(uint64_t address, unsigned size)
{
    uint64_t at = address - site.pc;
    uint32_t value = 0;

    if (vmm_from_cache && at + size <= vmm_from_cache->length) {
        memcpy(&value, vmm_from_cache->code + at, size);
        return value;
    }
    if (!site.number || at || vmm_from_cache)
        return -1;
    site.called = true;
    return INTO;
}

void *tcg_const_i32_x86_64(void *context, int32_t value);
void *tcg_const_i32_x86_64(void *context, int32_t value)
{
    typedef void *(*const_fn)(void *, int32_t);
    ORIGINAL(const_fn, original, "tcg_const_i32_x86_64");

    if (site.called && vmm_current) { /* the first one is the call's argument */
        site.called = false;
        value |= (int32_t)(site.number << NUMBER_SHIFT) | (site.cold ? COLD : 0);
    }
    return original(context, value);
}

/* What vmm_x86_odd() is called with where a guard of the template does not hold. */
void vmm_x86_odd_site(uint64_t *place, uint32_t *what)
{
    *place = site.number;
    *what = VMM_AT_SITE;
}

/* INTO was reached with this argument.  False: it is the guest's own. */
bool vmm_x86_reached(struct vmm_cpu *v, uint32_t argument, uintptr_t retaddr)
{
    enum { CS_BASE = X86_SEGS + 24 + 8 };
    uint32_t number = (argument & (COLD - 1)) >> NUMBER_SHIFT;

    if (!number)
        return false;
    if (argument & COLD)
        vmm_cold_site_called(v, FIELD(uint32_t, v->env, X86_EIP) + FIELD(uint32_t, v->env, CS_BASE),
                             retaddr);
    vmm_x86_callout(v, &v->instructions[number], retaddr);
    return true;
}
