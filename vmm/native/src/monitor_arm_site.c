/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sensitive ARM instructions of virtual kernel mode, and stores that trap again and again,
 * replaced as they are translated.
 *
 * Where the translator meets one it is handed what the shadow page has there (code_pages.c):
 * an instruction that reaches the virtual CPU, or SETEND, which calls a helper and ends its block.
 * That call becomes a call of vmm_arm_site(), with the instruction's place, A32 form and kind
 * as constants; or, if there is a template, the translator is handed that (code_cache.c).
 * Memory is not changed, so the guest reads its own bytes; a translation dies when they are
 * stored to, as any other.
 */
#include "code_pages.h"
#include "monitor_arm.h"
#include "offsets.h"

#include <string.h>

/* The instruction that is being translated, if it is replaced. */
static __thread struct {
    struct arm_instruction instruction;
    uint32_t pc;
    bool thumb, big_endian, conditional;
    uint32_t it_until; /* instructions of an IT block may be before this address */
    const struct vmm_template *cached; /* NULL: the monitor is called */
    bool cold;                         /* ... until a template is worth its translation */
} replaced;

/* With what vmm_arm_site() is told: it has to go back to the instruction's start first, as where a
 * guard of its template does not hold; the site is cold. */
enum { ODD = 1u << 16, COLD = 1u << 17 };

typedef uint32_t (*code_fn)(void *, uint32_t);

static uint32_t load_word(void *env, uint32_t address)
{
    ORIGINAL(code_fn, original, "cpu_ldl_code_arm");
    return original(env, address);
}

static uint32_t load_half(void *env, uint32_t address)
{
    ORIGINAL(code_fn, original, "cpu_lduw_code_arm");
    return original(env, address);
}

/* The instruction at PC, which may be fetched; of T32 the first of two halfwords is high. */
static uint32_t code_at(struct vmm_cpu *v, uint32_t pc, bool thumb)
{
    uint32_t code = thumb ? load_half(v->env, pc) : load_word(v->env, pc);

    return thumb && code >> 11 >= 0x1d ? code << 16 | load_half(v->env, pc + 2) : code;
}

/* The sensitive instruction at PC. */
struct arm_instruction vmm_arm_instruction_at(struct vmm_cpu *v, uint32_t pc, bool thumb)
{
    return vmm_arm_decode(code_at(v, pc, thumb), thumb);
}

/* Whether a T32 instruction may be in an IT block (A8.8.54): the block of translated code
 * began inside one, or there was an IT instruction a little before. */
static bool in_it_block(struct vmm_cpu *v, uint32_t pc)
{
    enum { LONGEST = 2 + 4 * 4 };
    uint32_t code = load_half(v->env, pc);
    bool inside = FIELD(uint32_t, v->env, ARM_CONDEXEC) || replaced.it_until - pc <= LONGEST;

    if ((code & 0xff00) == 0xbf00 && code & 0xf)
        replaced.it_until = pc + LONGEST;
    return inside;
}

/* What the engine's translator reads in place of it: a SETEND that would change something. */
static uint32_t marker(void)
{
    if (replaced.thumb)
        return replaced.big_endian ? 0xb650 : 0xb658;
    return replaced.big_endian ? 0xf1010000 : 0xf1010200;
}

static bool is_store(uint32_t kind)
{
    return kind == ARM_STORE || kind == ARM_STORE_DOUBLE;
}

/* What the site is translated as; NULL: as a call of the monitor. */
static const struct vmm_template *template_of(struct vmm_cpu *v, const struct vmm_code_page *page,
                                              struct vmm_site *site)
{
    const struct vmm_template *found;

    if (!site || replaced.conditional) /* of A32 no condition fits a template */
        return NULL;
    found = vmm_site_template(v, page, site, replaced.pc);
    replaced.cold = site->cold;
    return found;
}

/* The instruction that is being translated gets its site, if it has none yet: what it is
 * translated as; NULL: as a call of the monitor. */
static const struct vmm_template *translate_site(struct vmm_cpu *v)
{
    typedef const uint8_t *(*host_fn)(void *, uint32_t, int, int);
    ORIGINAL(host_fn, host_address, "tlb_vaddr_to_host_arm");
    enum { FETCH = 2 };
    const struct arm_instruction *one = &replaced.instruction;
    uint32_t offset = replaced.pc & 0xfff;
    struct vmm_site new = {
        .argument = one->code, .operation = one->kind, .length = (uint8_t)one->length,
        .offset = (uint16_t)offset,
    };
    const uint8_t *host;
    struct vmm_code_page *page;
    struct vmm_site *known;

    if (!v->code_pages || is_store(one->kind) || offset + one->length > 0x1000)
        return NULL;
    host = host_address(v->env, replaced.pc, FETCH, (int)vmm_user_index(v));
    page = host ? vmm_code_page(v, host - offset, replaced.thumb) : NULL;
    if (!page)
        return NULL;
    vmm_code_refresh(v, page, offset);
    known = vmm_code_site(page, offset);
    if (!known) {
        if (one->kind == ARM_SYSTEM)
            new.word = (uintptr_t)vmm_arm_plain_word(v, one->code);
        known = vmm_add_site(v, page, &new, marker(), replaced.thumb ? 2 : 4);
    }
    return template_of(v, page, known);
}

/* The instruction at PC is about to be translated. */
void vmm_arm_begin_site(struct vmm_cpu *v, uint32_t pc)
{
    uint32_t code;

    replaced.instruction.kind = 0;
    replaced.cached = NULL;
    replaced.cold = false;
    if (!v->vcpu || v->vcpu->native || !v->vcpu->kernel || !v->vcpu->words[ARM_VCPU_TRANSLATE])
        return;
    replaced.pc = pc;
    replaced.thumb = FIELD(uint32_t, v->env, ARM_THUMB);
    replaced.big_endian = FIELD(uint32_t, v->env, ARM_UNCACHED_CPSR) & PSR_E;
    replaced.conditional = replaced.thumb && in_it_block(v, pc);
    code = code_at(v, pc, replaced.thumb);
    replaced.instruction = vmm_arm_decode(code, replaced.thumb);
    if (!replaced.instruction.kind && vmm_is_rewritten(v, pc))
        replaced.instruction = vmm_arm_decode_store(code, replaced.thumb);
    if (replaced.instruction.kind)
        replaced.cached = translate_site(v);
}

const struct vmm_template *vmm_arm_cached(void)
{
    return replaced.cached;
}

/* The bytes that the translator is handed at ADDRESS, SIZE of them; -1: the guest's. */
static int64_t site_code(uint32_t address, unsigned size)
{
    uint32_t at = address - replaced.pc, value = 0;

    if (vmm_from_cache && at + size <= vmm_from_cache->length) {
        memcpy(&value, vmm_from_cache->code + at, size);
        return value;
    }
    return replaced.instruction.kind && !vmm_from_cache && !at ? (int64_t)marker() : -1;
}

uint32_t cpu_ldl_code_arm(void *env, uint32_t address);
uint32_t cpu_ldl_code_arm(void *env, uint32_t address)
{
    int64_t code = replaced.thumb ? -1 : site_code(address, 4);

    return code >= 0 ? (uint32_t)code : load_word(env, address);
}

uint32_t cpu_lduw_code_arm(void *env, uint32_t address);
uint32_t cpu_lduw_code_arm(void *env, uint32_t address)
{
    int64_t code = replaced.thumb ? site_code(address, 2) : -1;

    return code >= 0 ? (uint32_t)code : load_half(env, address);
}

/* Whether an instruction writes a system register: of SCTLR.A that drops all translations, and with
 * them what is known of ITSTATE. */
static bool writes_system(struct arm_instruction instruction)
{
    return (instruction.kind == ARM_SYSTEM || instruction.kind == ARM_SYSTEM_WIDE)
        && !(instruction.code >> 20 & 1);
}

static void describe(uint64_t *place, uint32_t *what)
{
    *place = (uint64_t)replaced.pc << 32 | replaced.instruction.code;
    *what = VMM_AT_SITE | (replaced.cold ? COLD : 0) | replaced.instruction.length << 8
        | replaced.instruction.kind;
    if (replaced.conditional && writes_system(replaced.instruction))
        *what |= ODD;
}

/* What to call vmm_arm_site() with where a guard of the template does not hold. */
void vmm_arm_odd_site(uint64_t *place, uint32_t *what)
{
    describe(place, what);
    *what |= ODD;
}

/* Whether a call that is being translated is that of a replaced instruction; then what
 * to call vmm_arm_site() with. */
bool vmm_arm_site_call(const void *function, uint64_t *place, uint32_t *what)
{
    extern void helper_setend_arm(void *);
    ORIGINAL(void *, setend, "helper_setend_arm");

    if (!replaced.instruction.kind || function != setend)
        return false;
    describe(place, what);
    return true;
}

/* Whether an instruction changes nothing but registers and may be in the middle of a block.
 * An access to the performance monitors may not: they count. */
static bool only_reads(struct arm_instruction instruction)
{
    bool reads = instruction.code >> 20 & 1;

    switch (instruction.kind) {
    case ARM_MRS: return true;
    case ARM_SYSTEM: return reads && (instruction.code >> 16 & 15) != 9;
    case ARM_SYSTEM_WIDE: return reads;
    default: return false;
    }
}

/* The instruction has been translated, as one that ends at NEXT: where the next one is. */
uint32_t vmm_arm_end_site(int32_t *is_jump, uint32_t next)
{
    enum { ENDS_BLOCK = 4, GOES_ON = 0, TOO_MANY = 1, SMALLEST_PAGE = 0x400 };

    if (!replaced.instruction.kind)
        return next;
    next = replaced.pc + replaced.instruction.length;
    if (!replaced.cached && only_reads(replaced.instruction) && !replaced.conditional
        && *is_jump == ENDS_BLOCK)
        *is_jump = GOES_ON;
    if (*is_jump == GOES_ON && (next ^ replaced.pc) & -SMALLEST_PAGE)
        *is_jump = TOO_MANY; /* the next page may not be there */
    replaced.instruction.kind = 0;
    replaced.cached = NULL;
    return next;
}

/* Translated code has come to a replaced instruction. */
void vmm_arm_site(struct vmm_cpu *v, uint64_t place, uint32_t what, uintptr_t retaddr)
{
    typedef bool (*restore_fn)(void *, uintptr_t, bool);
    ORIGINAL(restore_fn, restore, "cpu_restore_state_arm");
    struct arm_instruction instruction = {what & 0xff, (uint32_t)place, what >> 8 & 0x7f};
    uint32_t target;
    int result;

    if (what & ODD) {
        restore(v->cpu, retaddr, true);
        retaddr = 0;
    }
    FIELD(uint32_t, v->env, ARM_CPSR_READ_PC) = (uint32_t)(place >> 32);
    if (what & COLD)
        vmm_cold_site_called(v, (uint32_t)(place >> 32), retaddr);
    result = vmm_arm_emulate(v, instruction.kind, instruction.code, retaddr);
    if (result == ARM_DONE && retaddr)
        return;
    if (!retaddr) {
        v->restored = 0;
        if (!vmm_arm_done(v, &instruction, result, VMM_KIND_SITE))
            vmm_tell_monitor(v, VMM_KIND_SITE);
    } else if (result == ARM_JUMPED) {
        vmm_charge_until(v, retaddr);
    } else {
        target = vmm_arm_registers(v)[15];
        restore(v->cpu, retaddr, true); /* ITSTATE; and what has not begun is given back */
        if (result == ARM_BRANCHED)
            vmm_arm_registers(v)[15] = target;
        v->restored = 0;
        if (!vmm_arm_done(v, &instruction, result, VMM_KIND_SITE))
            vmm_tell_monitor(v, VMM_KIND_SITE);
    }
    vmm_leave_block(v);
}
