/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translator is shown in place of instructions that a LEON3 treats otherwise than the
 * engine: alternate spaces that it does not have (GRLIB IP manual, LEON3, "ASI"), and
 * accesses that its user mode may not make.
 *
 * Some are the engine's, which it has for other processors: physical addresses
 * beyond 4 GiB, SuperSPARC's breakpoint registers.  Others it takes for granted
 * that its helpers never see, and asserts so, but some forms do reach them: a load
 * from the block copy and fill spaces 0x17 and 0x1F, a double store to 0x17, any
 * access to 0x80.  The translator is shown one that has no meaning to the engine:
 * the access is answered as that of any space which is not there.
 *
 * And where the translator would forget something between two instructions of a block: what
 * has set the condition codes, and where a branch leads.
 */
#include "monitor_sparc.h"
#include "offsets.h"

enum { NOT_THERE = 0xff };

#define WRPSR 0x81880000u /* wr %g0, %psr */

static __thread uint64_t fetched_at = ~0ull;
static __thread uint32_t fetched;
static __thread void *translation; /* DisasContext */

void vmm_sparc_before_instruction(uint32_t pc, void *context)
{
    fetched_at = pc;
    translation = context;
}

/* ADDXCC and SUBXCC.  Behind an instruction of the same block that leaves no carry, the engine
 * makes plain additions of them and forgets to say that the condition codes are now those
 * of an addition; what set them before then decides what V and C are. */
static bool takes_carry(uint32_t code)
{
    enum { ADDXCC = 0x18, SUBXCC = 0x1c };
    uint32_t op3 = code >> 19 & 0x3f;

    return code >> 30 == 2 && (op3 == ADDXCC || op3 == SUBXCC);
}

static uint32_t code_at(void *env, uint32_t address)
{
    typedef uint32_t (*load_fn)(void *, uint32_t);
    ORIGINAL(load_fn, original, "cpu_ldl_code_sparc");

    return original(env, address);
}

/* A branch in the delay slot of a conditional branch or a jump.  Where the first leads is not
 * known when the block is translated, and then npc is a marker, which the engine forgets here.
 * At the end of a page the block ends anyway, and the next may not be there. */
static bool couples(void)
{
    enum { MARKER = 3, BICC = 2, FBFCC = 6, PAGE_OFFSET = 0xfff };
    uint32_t pc = FIELD(uint32_t, translation, SPARC_DC_PC), next, op2;

    if (!(FIELD(uint32_t, translation, SPARC_DC_NPC) & MARKER) || !(pc & PAGE_OFFSET))
        return false;
    next = code_at(vmm_current->env, pc);
    op2 = next >> 22 & 7;
    return next >> 30 == 0 && (op2 == BICC || op2 == FBFCC);
}

/* Whether the block has to end behind the instruction just translated.  RETT may go to user
 * mode; what follows it in the block would still be translated as supervisor's if it is
 * not in the delay slot of a jump. */
bool vmm_sparc_ends_block(void)
{
    const uint32_t op_and_op3 = 3u << 30 | 0x3fu << 19;

    return (fetched & op_and_op3) == (2u << 30 | 0x39u << 19) || couples();
}

/* Whether this is an access to such a space, of format 3 with an ASI field. */
bool vmm_sparc_nowhere(uint32_t code)
{
    uint32_t op3 = code >> 19 & 0x3f, asi = code >> 5 & 0xff;

    if (code >> 30 != 3 || !(op3 & 0x10) || code >> 13 & 1)
        return false;
    return asi == 0x17 || asi == 0x1f || asi == 0x80 || (asi >= 0x21 && asi <= 0x2f)
        || asi == 0x38 || (asi >= 0x49 && asi <= 0x4c) || asi == VMM_SPARC_TABLE;
}

/* What a LEON3 does not let user mode do and the engine does: all alternate loads and
 * stores but CASA of user data (SPARC V8 manual, B.1 and B.4; GRLIB IP manual, LEON3,
 * "ASI"), and writes of ancillary state registers, power-down among them (V8, B.29). */
bool vmm_sparc_privileged(uint32_t code)
{
    enum { USER_DATA = 0x0a, ALTERNATE = 0x10, WRITE_ANCILLARY = 0x30, FIRST_OWN = 16, BREAKPOINT = 18 };
    uint32_t op3 = code >> 19 & 0x3f, rd = code >> 25 & 0x1f;

    if (code >> 30 == 3) /* coprocessors have 0x30 to 0x37 */
        return (op3 & 0x30) == ALTERNATE && !(code >> 13 & 1) && (code >> 5 & 0xff) == USER_DATA;
    return code >> 30 == 2 && op3 == WRITE_ANCILLARY && rd >= FIRST_OWN && rd != BREAKPOINT;
}

uint32_t cpu_ldl_code_sparc(void *env, uint32_t address);
uint32_t cpu_ldl_code_sparc(void *env, uint32_t address)
{
    uint32_t code = code_at(env, address), shown;

    if (fetched_at != address)
        return code; /* data from a code space */
    fetched_at = ~0ull;
    fetched = code;
    if (!vmm_current)
        return code;
    if (takes_carry(code)) /* as if another block had set the condition codes */
        FIELD(uint32_t, translation, SPARC_DC_CC_OP) = SPARC_CC_OP_DYNAMIC;
    shown = code;
    if (vmm_current->vcpu && vmm_current->vcpu->view == VMM_VIEW_KERNEL)
        shown = vmm_sparc_site(vmm_current, address, code, vmm_sparc_shown(vmm_current, address, code));
    else if (!FIELD(uint32_t, env, SPARC_PSRS) && vmm_sparc_privileged(code))
        return WRPSR; /* which traps */
    return shown == code && vmm_sparc_nowhere(code) ? code | NOT_THERE << 5 : shown;
}

/* A load from an instruction space is a fetch to the engine's memory system, which
 * then does not ask where in its block the instruction is that faults.  The other
 * spaces are left to the original alone: it looks at its own return address. */
uint64_t helper_ld_asi_sparc(void *env, uint32_t address, int asi, uint32_t operation);
uint64_t helper_ld_asi_sparc(void *env, uint32_t address, int asi, uint32_t operation)
{
    typedef uint64_t (*load_fn)(void *, uint32_t, int, uint32_t);
    enum { USER_INSTRUCTION = 8, SUPERVISOR_INSTRUCTION };
    ORIGINAL(load_fn, original, "helper_ld_asi_sparc");
    uint64_t value;

    if (vmm_current && vmm_sparc_translates(vmm_current)
        && !vmm_sparc_engine_accesses(vmm_current, address, asi, false))
        vmm_sparc_emulated(vmm_current, GUEST_RETURN);
    if (!vmm_current || (asi != USER_INSTRUCTION && asi != SUPERVISOR_INSTRUCTION))
        return original(env, address, asi, operation);
    vmm_current->helper_pc = GUEST_RETURN;
    value = original(env, address, asi, operation);
    vmm_current->helper_pc = 0;
    return value;
}

/* LDDF and STDF are of doublewords, aligned to eight bytes (SPARC V8, B.2 and B.5).  The engine asks
 * for four where the page is entered in its TLB for fast stores and for eight elsewhere, so
 * whether such an access trapped depended on what the page had been used for. */
uint32_t vmm_sparc_memop(uint32_t memop)
{
    enum { MO_ALIGN_MASK = 7 << 4, MO_ALIGN_4 = 2 << 4 };

    return (memop & MO_ALIGN_MASK) == MO_ALIGN_4 ? memop & ~(uint32_t)MO_ALIGN_MASK : memop;
}
