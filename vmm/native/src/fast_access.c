/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores of generated code that hit the TLB, two operations shorter.
 *
 * The engine's code generator looks for an access's page and then does this, or jumps off the
 * fast path if the page is another:
 *         cmp  esi, [rdi + page]
 *         mov  rsi, address
 *         jne  slow
 *         add  rsi, [rdi + addend]
 *         mov  data, [rsi]
 * The address is in RSI for the slow path's sake.  Here it is put there on the way to the slow
 * path, behind the block, and the comparison and its branch become one operation of the host:
 *         cmp  esi, [rdi + page]
 *         jne  way
 *         mov  rsi, [rdi + addend]
 *         mov  data, [rsi + address]
 *         ...
 *   way:  mov  rsi, address
 *         jmp  slow
 * Nothing else moves.  An access that does not look like this is left alone.
 *
 * A guest's address of 32 bits is then used with all 64 of its register, so its upper half must be
 * clear.  What this host does in 32 bits clears it; what does not is made to (vmm_clear_upper_halves).
 */
#include "tcg_operations.h"

#include <string.h>

enum { RSI = 6, REX = 0x40, REX_X = 2, SIB = 4, SEGMENT_DS = 0x3e };
enum { LONGEST = 6 }; /* bytes of an instruction that loads or stores at [rsi] */
enum { WAY = 8 }; /* bytes of a way to a slow path, at most */
/* A block that does not fit its buffer is noticed by the engine 1024 bytes before the end. */
enum { WAYS_MOST = 512 };

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

/* mov rsi, address */
static void put_move(struct code *code, const struct access *a, bool wide)
{
    unsigned rex = (wide ? 0x48u : REX) | a->address_register >> 3;

    if (rex != REX)
        put_byte(code, rex);
    put_byte(code, 0x8b);
    put_byte(code, 0xc0 | RSI << 3 | (a->address_register & 7));
}

static void put_jump(struct code *code, const uint8_t *at, const uint8_t *target)
{
    int32_t distance = (int32_t)(target - (at + code->size + sizeof distance));

    put(code, &distance, sizeof distance);
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

/* One access.  The way to its slow path is put at WAY; returns the end of that, or WAY. */
static uint8_t *shorten(const struct access *a, bool wide, uint8_t *way)
{
    static const uint8_t add[] = {0x48, 0x03, 0x77}; /* add rsi, [rdi + imm8] */
    static const uint8_t load[] = {0x48, 0x8b, 0x77};
    uint8_t *jump = a->distance - 2, *addition = a->distance + 4, *begin;
    struct code to_slow = {.size = 0}, access = {.size = 0}, fast = {.size = 0};
    int32_t distance;
    size_t room;

    put_move(&to_slow, a, wide);
    begin = jump - to_slow.size;
    if (a->address_register == RSI || jump[0] != 0x0f || jump[1] != 0x85
        || memcmp(addition, add, sizeof add) != 0
        || memcmp(begin, to_slow.bytes, to_slow.size) != 0
        || !make_access(a, addition + 4, &access))
        return way;
    room = (size_t)(a->after - begin);
    if (room < 10 + access.size)
        return way;
    memcpy(&distance, a->distance, sizeof distance);
    put_byte(&to_slow, 0xe9); /* jmp */
    put_jump(&to_slow, way, addition + distance);

    put_byte(&fast, 0x0f); /* jne */
    put_byte(&fast, 0x85);
    put_jump(&fast, begin, way);
    while (fast.size + 4 + access.size < room)
        put_byte(&fast, SEGMENT_DS); /* of no effect, and no operation */
    put(&fast, load, sizeof load);
    put_byte(&fast, addition[3]);
    put(&fast, access.bytes, access.size);
    memcpy(begin, fast.bytes, fast.size);
    memcpy(way, to_slow.bytes, to_slow.size);
    return way + to_slow.size;
}

/* All accesses of the block that was generated last, which ends at END.  Returns its new end. */
uint8_t *vmm_shorten_accesses(const struct vmm_cpu *v, void *context, uint8_t *end)
{
    const uint8_t *last = end + WAYS_MOST - WAY;

    for (const struct access *a = FIELD(const struct access *, context, TCG_ACCESSES);
         a && end <= last; a = a->next)
        end = shorten(a, v->arch == VMM_X86, end);
    return end;
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
