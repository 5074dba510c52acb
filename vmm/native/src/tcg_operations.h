/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations that the engine's translator makes of guest code, as this build has them
 * (tcg/tcg-opc.h and tcg/tcg.h of the engine's source; vmm_knows_operations() compares names). */
#ifndef VMM_TCG_OPERATIONS_H
#define VMM_TCG_OPERATIONS_H

#include "vmm.h"
#include "offsets.h"

enum {
    SET_LABEL = 1, CALL = 2, MOV_I32 = 5, MOVI_I32 = 6, SETCOND_I32 = 7, MOVCOND_I32 = 8,
    LD8U_I32 = 9, ST_I32 = 16, ADD_I32 = 17, SUB_I32 = 18, MUL_I32 = 19, AND_I32 = 26, OR_I32 = 27, XOR_I32 = 28, SHL_I32 = 29, SHR_I32 = 30,
    SAR_I32 = 31, ROTL_I32 = 32, ROTR_I32 = 33, DEPOSIT_I32 = 34, EXTRACT_I32 = 35,
    SEXTRACT_I32 = 36, BRCOND_I32 = 38, EXT8S_I32 = 47, EXT16S_I32 = 48, EXT8U_I32 = 49,
    EXT16U_I32 = 50, NOT_I32 = 53, NEG_I32 = 54, ANDC_I32 = 55, CTPOP_I32 = 62, MOV_I64 = 63, MOVI_I64 = 64, SETCOND_I64 = 65,
    LD8U_I64 = 67, LD16U_I64 = 69, LD32U_I64 = 71, ST8_I64 = 74, ST16_I64 = 75, ST32_I64 = 76, ADD_I64 = 78,
    SUB_I64 = 79, MUL_I64 = 80, AND_I64 = 87, OR_I64 = 88, XOR_I64 = 89, SHL_I64 = 90,
    SHR_I64 = 91, DEPOSIT_I64 = 95, EXTRACT_I64 = 96, EXT_I32_I64 = 99, EXTU_I32_I64 = 100,
    BRCOND_I64 = 103, EXT8S_I64 = 104, EXT16S_I64 = 105, EXT32S_I64 = 106, EXT8U_I64 = 107,
    EXT16U_I64 = 108, EXT32U_I64 = 109, NOT_I64 = 113, NEG_I64 = 114, EXIT_TB = 130,
    GOTO_TB = 131, QEMU_LD_I64 = 135, QEMU_ST_I64 = 136
};

/* TCGOpDef: what an operation is called, and how many arguments of each kind it has. */
struct definition {
    const char *name;
    uint8_t outputs, inputs, constants, arguments, flags, rest[19];
};
_Static_assert(sizeof(struct definition) == 32, "as this build has it");
enum { BLOCK_END = 0x02, SIDE_EFFECTS = 0x08 }; /* of its flags */

/* TCGOp */
struct operation {
    uint8_t code;
    uint8_t call_inputs : 4, call_outputs : 4;
    uint16_t life;
    struct operation *next;
    void *previous;
    uint64_t arguments[10];
};
_Static_assert(offsetof(struct operation, arguments) == 8 * TCGOP_ARG0, "as this build has it");

/* TCGTemp */
struct temporary {
    uint8_t host_register, place, base_type, type, flags, spare[19];
    int64_t offset; /* of a global register in the register file */
    const char *name;
    uint64_t pass[2];
};
_Static_assert(sizeof(struct temporary) == TCG_TEMP_SIZE
                   && offsetof(struct temporary, name) == TCG_TEMP_NAME, "as this build has it");
enum { TEMP_LOCAL = 0x40 }; /* of its flags: it outlives its basic block */

/* Of the temporary that an argument is. */
static inline uint8_t type_of(uint64_t argument)
{
    return ((const struct temporary *)(uintptr_t)argument)->base_type;
}

#endif
