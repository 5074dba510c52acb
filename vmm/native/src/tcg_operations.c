/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check that the engine's operations are those of tcg_operations.h. */
#include "tcg_operations.h"

#include <string.h>

/* Whether the engine's operations are those that are known here. */
bool vmm_knows_operations(int arch, const void *context)
{
    static const size_t places[] = {SPARC_TCG_DEFINITIONS, ARM_TCG_DEFINITIONS, X86_TCG_DEFINITIONS};
    static const struct { int code; const char *name; } known[] = {
        {SET_LABEL, "set_label"}, {CALL, "call"}, {MOV_I32, "mov_i32"}, {MOVI_I32, "movi_i32"}, {SETCOND_I32, "setcond_i32"}, {LD8U_I32, "ld8u_i32"}, {ST_I32, "st_i32"},
        {ADD_I32, "add_i32"}, {SUB_I32, "sub_i32"}, {MUL_I32, "mul_i32"}, {AND_I32, "and_i32"},
        {OR_I32, "or_i32"}, {XOR_I32, "xor_i32"}, {SHL_I32, "shl_i32"},
        {MOVCOND_I32, "movcond_i32"}, {SHR_I32, "shr_i32"}, {SAR_I32, "sar_i32"},
        {ROTL_I32, "rotl_i32"}, {ROTR_I32, "rotr_i32"}, {DEPOSIT_I32, "deposit_i32"},
        {EXTRACT_I32, "extract_i32"}, {SEXTRACT_I32, "sextract_i32"},
        {EXT8S_I32, "ext8s_i32"}, {EXT16S_I32, "ext16s_i32"}, {EXT8U_I32, "ext8u_i32"},
        {EXT16U_I32, "ext16u_i32"}, {ANDC_I32, "andc_i32"},
        {BRCOND_I32, "brcond_i32"}, {NOT_I32, "not_i32"}, {NEG_I32, "neg_i32"},
        {CTPOP_I32, "ctpop_i32"}, {MOV_I64, "mov_i64"}, {MOVI_I64, "movi_i64"},
        {SETCOND_I64, "setcond_i64"}, {LD8U_I64, "ld8u_i64"}, {LD16U_I64, "ld16u_i64"},
        {LD32U_I64, "ld32u_i64"}, {ST8_I64, "st8_i64"}, {ST32_I64, "st32_i64"},
        {ADD_I64, "add_i64"}, {SUB_I64, "sub_i64"}, {MUL_I64, "mul_i64"}, {AND_I64, "and_i64"},
        {OR_I64, "or_i64"}, {XOR_I64, "xor_i64"}, {SHL_I64, "shl_i64"}, {SHR_I64, "shr_i64"},
        {DEPOSIT_I64, "deposit_i64"}, {EXTRACT_I64, "extract_i64"},
        {EXT_I32_I64, "ext_i32_i64"}, {EXTU_I32_I64, "extu_i32_i64"},
        {BRCOND_I64, "brcond_i64"}, {EXT8S_I64, "ext8s_i64"}, {EXT16S_I64, "ext16s_i64"},
        {EXT32S_I64, "ext32s_i64"}, {EXT8U_I64, "ext8u_i64"}, {EXT16U_I64, "ext16u_i64"},
        {EXT32U_I64, "ext32u_i64"}, {NOT_I64, "not_i64"}, {NEG_I64, "neg_i64"},
        {EXIT_TB, "exit_tb"}, {GOTO_TB, "goto_tb"}, {QEMU_LD_I64, "qemu_ld_i64"}, {QEMU_ST_I64, "qemu_st_i64"},
    };
    const struct definition *definitions
        = FIELD(const struct definition *, context, places[arch]);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(definitions[known[i].code].name, known[i].name) != 0)
            return false;
    return true;
}
