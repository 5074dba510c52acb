/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic flags that do not depend on how code is cut into blocks.
 *
 * The engine's translator keeps in mind which operation has set the flags, and
 * works them out where they are looked at.  Three things come out differently in
 * a long block and in short ones:
 *   - The bit tests leave all flags but CF undefined (Intel SDM volume 2A, "BT").
 *     The engine leaves them alone where it does not know what has set them, and
 *     else makes new ones up.  Here, as in processors, they are left alone.
 *   - SETcc, RCL and RCR work the flags out before they reach memory.  If that
 *     access has to begin anew (a page fault, a device) the engine takes what
 *     it worked out for the operands of the older operation.
 *     RCL and RCR of memory also change CF and OF before they store, for good if
 *     the store begins anew.
 *   - Far transfers that change tasks and CMPXCHG8B look at the flags, or load
 *     them, without the translator's having said which operation has set them;
 *     LOOPE and LOOPNE do not say it where they end because CX is 0.
 * Before the first two the flags are worked out, as if by an instruction of its
 * own that nothing can interrupt, and those that RCL and RCR make are put off until
 * they have stored; before the third the operation is stored.
 */
#include "offsets.h"
#include "vmm.h"

enum { CC_DYNAMIC = 0, CC_EFLAGS = 1, CC_SUBB = 14, CC_SUBQ = 17 };

/* Whether the engine works all flags out to decide SETcc with this condition. */
static bool decides_by_all(uint32_t operation, uint32_t condition)
{
    switch (condition >> 1 & 7) {
    case 1: return false;                            /* below */
    case 2: case 4: return operation == CC_DYNAMIC; /* zero, sign */
    case 3: case 6: case 7:                          /* below or equal, less, less or equal */
        return operation < CC_SUBB || operation > CC_SUBQ;
    default: return true;                            /* overflow, parity */
    }
}

/* What has to be settled before an instruction. */
enum settle { NOTHING, OPERATION, FLAGS, ROTATE };

/* RCL or RCR of memory, while it is translated: where the flags before and after it are kept. */
static __thread uintptr_t flags_before, flags_after;

/* OPCODE is 0x0Fxx for two bytes; MODRM_AT is where a ModRM byte would be; OPERATION has set the flags. */
static enum settle wanted(struct vmm_cpu *v, uint32_t opcode, uint64_t modrm_at, uint32_t operation)
{
    typedef uint32_t (*code_fn)(void *, uint64_t);
    ORIGINAL(code_fn, byte, "cpu_ldub_code_x86_64");
    uint32_t modrm, reg;

    switch (opcode) {
    case 0x9a: case 0xea: case 0xcf: return OPERATION; /* CALL, JMP, IRET */
    case 0xe0: case 0xe1: return OPERATION; /* LOOPNE, LOOPE */
    case 0x0fa3: case 0x0fab: case 0x0fb3: case 0x0fbb: return FLAGS; /* BT, BTS, BTR, BTC */
    case 0x0fba: case 0x0fc7: case 0xff:
    case 0xc0: case 0xc1: case 0xd0: case 0xd1: case 0xd2: case 0xd3: break;
    default:
        if ((opcode & 0xfff0) != 0x0f90)
            return NOTHING;
    }
    modrm = byte(v->env, modrm_at);
    reg = modrm >> 3 & 7;
    switch (opcode) {
    case 0x0fba: return reg >= 4 ? FLAGS : NOTHING; /* BT and the others */
    case 0x0fc7: return reg == 1 ? OPERATION : NOTHING; /* CMPXCHG8B */
    case 0xff: return reg == 3 || reg == 5 ? OPERATION : NOTHING; /* CALL, JMP */
    default: break;
    }
    if (modrm >> 6 == 3)
        return NOTHING;
    if (opcode < 0x0f00)
        return reg == 2 || reg == 3 ? ROTATE : NOTHING; /* RCL, RCR */
    return decides_by_all(operation, opcode) ? FLAGS : NOTHING; /* SETcc */
}

/* The engine's variable at this place of its context, as an argument of an operation. */
#define VARIABLE(context, place) ((void *)((char *)(context) + (place)))

/* Work the flags out, which OPERATION has set. */
static void emit_flags(void *context, uint32_t operation)
{
    typedef void (*call_fn)(void *, void *, void *, int, void **);
    typedef void *(*const32_fn)(void *, int32_t);
    typedef void (*free_fn)(void *, void *);
    ORIGINAL(call_fn, call, "tcg_gen_callN_x86_64");
    ORIGINAL(const32_fn, constant, "tcg_const_i32_x86_64");
    ORIGINAL(free_fn, free_temp, "tcg_temp_free_internal_x86_64");
    void *known = NULL;
    void *arguments[] = {
        VARIABLE(context, X86_TCG_CC_DST), VARIABLE(context, X86_TCG_CC_SRC),
        VARIABLE(context, X86_TCG_CC_SRC2), VARIABLE(context, X86_TCG_CC_OP),
    };

    if (operation != CC_DYNAMIC)
        known = arguments[3] = VARIABLE(context, (uintptr_t)constant(context, (int32_t)operation));
    call(context, vmm_original("helper_cc_compute_all_x86_64"), VARIABLE(context, X86_TCG_CC_SRC), 4,
         arguments);
    if (known)
        free_temp(context, known);
}

static uintptr_t emit_copy_of_flags(void *context)
{
    typedef void *(*temp_fn)(void *, int, bool);
    typedef void (*op2_fn)(void *, int, uintptr_t, uintptr_t);
    ORIGINAL(temp_fn, new_temp, "tcg_temp_new_internal_x86_64");
    ORIGINAL(op2_fn, op2, "tcg_gen_op2_x86_64");
    uintptr_t copy = (uintptr_t)new_temp(context, TCG_TYPE_I64_, false);

    op2(context, TCG_MOV_I64, copy, (uintptr_t)VARIABLE(context, X86_TCG_CC_SRC));
    return copy;
}

static void emit_flags_from(void *context, uintptr_t copy)
{
    typedef void (*op2_fn)(void *, int, uintptr_t, uintptr_t);
    typedef void (*free_fn)(void *, void *);
    ORIGINAL(op2_fn, op2, "tcg_gen_op2_x86_64");
    ORIGINAL(free_fn, free_temp, "tcg_temp_free_internal_x86_64");

    op2(context, TCG_MOV_I64, (uintptr_t)VARIABLE(context, X86_TCG_CC_SRC), copy);
    free_temp(context, (void *)copy);
}

/* The instruction with this opcode begins with the operation START of the translator DB. */
void vmm_x86_settle(struct vmm_cpu *v, void *db, uint64_t *start, uint32_t opcode, uint64_t modrm_at)
{
    typedef void (*op2_fn)(void *, int, uintptr_t, uintptr_t);
    ORIGINAL(op2_fn, op2, "tcg_gen_op2_x86_64");
    void *context = FIELD(void *, v->uc, UC_TCG_CTX);
    uint32_t operation = FIELD(uint32_t, db, X86_DC_CC_OP);
    enum settle settle = wanted(v, opcode, modrm_at, operation);

    flags_before = flags_after = 0;
    if (settle == NOTHING)
        return;
    if ((uint8_t)start[0] != TCG_INSN_START || start[TCGOP_ARG1] != operation)
        vmm_engine_abort("the start of an instruction is not where it should be");
    if (settle == OPERATION) {
        if (FIELD(uint8_t, db, X86_DC_CC_OP_DIRTY))
            op2(context, TCG_MOVI_I32, (uintptr_t)VARIABLE(context, X86_TCG_CC_OP), operation);
        start[TCGOP_ARG1] = CC_DYNAMIC; /* a fault leaves what is in the register file */
        FIELD(uint8_t, db, X86_DC_CC_OP_DIRTY) = 0;
        return;
    }
    if (operation != CC_EFLAGS) {
        emit_flags(context, operation);
        start[TCGOP_ARG1] = CC_EFLAGS; /* a fault puts this into the register file */
        FIELD(uint32_t, db, X86_DC_CC_OP) = CC_EFLAGS;
        FIELD(uint8_t, db, X86_DC_CC_OP_DIRTY) = 1;
    }
    if (settle == ROTATE)
        flags_before = emit_copy_of_flags(context);
}

/* The instruction calls FUNCTION. */
void vmm_x86_called(void *context, const void *function)
{
    static const char *const rotate[] = {
        "helper_rclb_x86_64", "helper_rclw_x86_64", "helper_rcll_x86_64",
        "helper_rcrb_x86_64", "helper_rcrw_x86_64", "helper_rcrl_x86_64",
    };
    bool rotates = false;

    if (!flags_before)
        return;
    for (int i = 0; i < 6; i++)
        rotates |= function == vmm_original(rotate[i]);
    if (!rotates)
        return;
    flags_after = emit_copy_of_flags(context);
    emit_flags_from(context, flags_before);
    flags_before = 0;
}

/* The instruction is translated. */
void vmm_x86_settled(struct vmm_cpu *v)
{
    if (flags_after)
        emit_flags_from(FIELD(void *, v->uc, UC_TCG_CTX), flags_after);
    flags_before = flags_after = 0;
}
