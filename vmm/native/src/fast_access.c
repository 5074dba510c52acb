/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores of generated code that hit the TLB, one operation shorter.
 *
 * The engine's code generator looks for an access's page and then does this, or jumps off the
 * fast path if the page is another:
 *         mov  rsi, address
 *         jne  slow
 *         add  rsi, [rdi + addend]
 *         mov  data, [rsi]
 * The address is in RSI for the slow path's sake.  Here it is put there by the slow path:
 *         jne  slow
 *         mov  rsi, [rdi + addend]
 *         mov  data, [rsi + address]
 * Nothing else moves: the slow path, whose first instructions have long forms, gets room by
 * short ones.  An access that does not look like this, or whose slow path lacks room, is left alone.
 *
 * A guest's address of 32 bits is then used with all 64 of its register, so its upper half must be
 * clear.  What this host does in 32 bits clears it; what does not is made to (vmm_clear_upper_halves).
 */
#include "tcg_operations.h"

#include <string.h>

enum { RSI = 6, REX = 0x40, REX_X = 2, SIB = 4, SEGMENT_DS = 0x3e };
enum { LONGEST = 6 }; /* bytes of an instruction that loads or stores at [rsi] */

/* TCGLabelQemuLdst: a load or store of the block that was generated last. */
struct access {
    uint8_t load, spare[3];
    uint32_t operation; /* and MMU index */
    uint32_t type, address_register, address_high, data_register, data_high;
    uint8_t *after;     /* the end of the fast path: the place that the slow path stands for */
    uint8_t *distance;  /* of its jump to the slow path */
    void *no_distance;  /* of the second jump that other hosts have */
    struct access *next;
};
_Static_assert(offsetof(struct access, next) == 56, "as this build has it");

struct code {
    uint8_t bytes[32];
    unsigned size;
};

static void put(struct code *code, const void *bytes, size_t size)
{
    memcpy(code->bytes + code->size, bytes, size);
    code->size += (unsigned)size;
}

static void put_byte(struct code *code, unsigned byte) { code->bytes[code->size++] = (uint8_t)byte; }

/* "mov rsi, address" at the end of what is before JUMP, into MOVE; false if it is not there. */
static bool find_move(const struct access *a, const uint8_t *jump, bool wide, struct code *move)
{
    unsigned rex = (wide ? 0x48u : REX) | a->address_register >> 3;

    if (rex != REX)
        put_byte(move, rex);
    put_byte(move, 0x8b);
    put_byte(move, 0xc0 | RSI << 3 | (a->address_register & 7));
    return memcmp(jump - move->size, move->bytes, move->size) == 0;
}

/* The slow path up to where the number of the operation is in its register, with MOVE before
 * and as long as now, into NEW; false if it is not as known or has no room. */
static bool make_slow_path(const struct access *a, const uint8_t *now, const struct code *move,
                           struct code *new)
{
    static const uint8_t rdi_is_rbp[] = {0x48, 0x8b, 0xfd};
    const uint8_t *at = now + sizeof rdi_is_rbp, *data = at;
    unsigned number = a->load ? 2 : 1; /* edx, ecx */

    if (memcmp(now, rdi_is_rbp, sizeof rdi_is_rbp) != 0)
        return false;
    if (!a->load) { /* mov edx, data, unless it is there */
        if ((*at & 0xf0) == REX)
            at++;
        if (*at == 0x8b && (at[1] & 0xf8) == 0xd0)
            at += 2;
    }
    if (*at != 0xb8 + number) /* mov number, imm32 */
        return false;
    put(new, move->bytes, move->size);
    put_byte(new, 0x55); /* push rbp */
    put_byte(new, 0x5f); /* pop rdi */
    put(new, data, (size_t)(at - data));
    at += 5;
    if (a->operation < 0x80) {
        put_byte(new, 0x6a); /* push imm8 */
        put_byte(new, a->operation);
        put_byte(new, 0x58 + number); /* pop number */
    } else if (a->operation < 0x100) {
        put_byte(new, 0x31); /* xor number, number */
        put_byte(new, 0xc0 | number << 3 | number);
        put_byte(new, 0xb0 + number); /* mov its low byte, imm8 */
        put_byte(new, a->operation);
    } else {
        return false;
    }
    if (new->size > (size_t)(at - now))
        return false;
    while (new->size < (size_t)(at - now))
        put_byte(new, 0x90);
    return true;
}

/* The access at [rsi], at NOW, with [rsi + address], into NEW; false if it is not as known. */
static bool make_access(const struct access *a, const uint8_t *now, struct code *new)
{
    size_t size = (size_t)(a->after - now), opcode = 0;
    unsigned rex = 0, length = 1;

    if (size > LONGEST)
        return false;
    if (now[0] == 0x66)
        put_byte(new, now[opcode++]);
    if ((now[opcode] & 0xf0) == REX)
        rex = now[opcode++];
    if (now[opcode] == 0x0f)
        length = now[opcode + 1] == 0x38 ? 3 : 2;
    if (opcode + length + 1 != size || (now[size - 1] & 0xc7) != RSI)
        return false;
    if (a->address_register >= 8)
        rex |= REX | REX_X;
    if (rex)
        put_byte(new, rex);
    put(new, now + opcode, length);
    put_byte(new, (now[size - 1] & 0x38u) | SIB);
    put_byte(new, (a->address_register & 7) << 3 | RSI);
    return true;
}

static void shorten(const struct access *a, bool wide)
{
    static const uint8_t add[] = {0x48, 0x03, 0x77}; /* add rsi, [rdi + imm8] */
    static const uint8_t load[] = {0x48, 0x8b, 0x77};
    uint8_t *jump = a->distance - 2, *addition = a->distance + 4, *slow;
    struct code move = {.size = 0}, slow_path = {.size = 0}, access = {.size = 0}, fast = {.size = 0};
    int32_t distance;
    size_t room;

    memcpy(&distance, a->distance, sizeof distance);
    slow = addition + distance;
    if (a->address_register == RSI || jump[0] != 0x0f || jump[1] != 0x85
        || memcmp(addition, add, sizeof add) != 0 || !find_move(a, jump, wide, &move)
        || !make_access(a, addition + 4, &access) || !make_slow_path(a, slow, &move, &slow_path))
        return;
    room = (size_t)(a->after - jump) + move.size;
    if (room < 10 + access.size)
        return;
    jump -= move.size;
    distance = (int32_t)(slow - (jump + 6));
    put_byte(&fast, 0x0f); /* jne */
    put_byte(&fast, 0x85);
    put(&fast, &distance, sizeof distance);
    while (fast.size + 4 + access.size < room)
        put_byte(&fast, SEGMENT_DS); /* of no effect, and no operation */
    put(&fast, load, sizeof load);
    put_byte(&fast, addition[3]);
    put(&fast, access.bytes, access.size);
    memcpy(jump, fast.bytes, fast.size);
    memcpy(slow, slow_path.bytes, slow_path.size);
}

/* All accesses of the block that was generated last. */
void vmm_shorten_accesses(const struct vmm_cpu *v, void *context)
{
    for (const struct access *a = FIELD(const struct access *, context, TCG_ACCESSES); a; a = a->next)
        shorten(a, v->arch == VMM_X86);
}

/* Of what the translator keeps in 32 bits, two may have something above them in a register: the
 * lower half of a value of 64, and what a function returns.  Not on x86: it keeps addresses in 64. */
void vmm_clear_upper_halves(const struct vmm_cpu *v, void *context)
{
    typedef void *(*insert_fn)(void *, void *, int);
    ORIGINAL(insert_fn, insert_sparc, "tcg_op_insert_after_sparc");
    ORIGINAL(insert_fn, insert_arm, "tcg_op_insert_after_arm");
    struct operation *op = FIELD(struct operation *, context, TCG_OPERATIONS);

    for (; op; op = op->next) {
        if (op->code == MOV_I32) {
            if (type_of(op->arguments[1]) == TCG_TYPE_I64_)
                op->code = EXTU_I32_I64;
        } else if (op->code == CALL && op->call_outputs && type_of(op->arguments[0]) != TCG_TYPE_I64_) {
            uint64_t result = op->arguments[0];

            op = (v->arch == VMM_ARM ? insert_arm : insert_sparc)(context, op, EXTU_I32_I64);
            op->arguments[0] = op->arguments[1] = result;
        }
    }
}
