/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The budget in a register of the host.
 *
 * While generated code runs, r15 is the budget and the word that v->left points
 * to is out of date: a block's charge is one subtraction.  The word is true
 * whenever C runs.  Four kinds of places see to that:
 *   - the ways into generated code and out of it, which are made here;
 *   - calls of helpers, where the translator puts a store before the call and a
 *     load after it (emit_thunks.inc);
 *   - loads and stores off the fast path, which generated code calls by itself
 *     (watch_thunks.inc);
 *   - helpers that leave by a jump: they come in again by the way in.
 */
#include "vmm.h"
#include "offsets.h"

#include <stdio.h>
#include <string.h>

enum { R15 = 15, WAYS_SIZE = 192 }; /* bytes; 158 are used */

/* The engine's way in and out, as its code generator makes it for this host:
 * push what the caller wants kept, r15 last; registers into rbp; make room; jump
 * to the block.  A block that ends comes to EPILOGUE or RETURN of it. */
static const uint8_t known_prologue[] = {
    0x55, 0x53, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57, 0x48, 0x8b, 0xef,
    0x48, 0x81, 0xc4, 0x78, 0xfb, 0xff, 0xff, 0xff, 0xe6, 0x33, 0xc0, 0x48, 0x81, 0xc4,
};
enum { ENTRY = 20, EPILOGUE = 22, RETURN = 24 }; /* the jump, and what blocks come back to */

static const uint8_t load_r15[] = {0x4c, 0x8b, 0xbf};  /* mov r15, [rdi + ...] */
static const uint8_t reload_r15[] = {0x4c, 0x8b, 0xbd}; /* mov r15, [rbp + ...] */
static const uint8_t store_r15[] = {0x4c, 0x89, 0xbd}; /* mov [rbp + ...], r15 */
static const uint8_t load_rax[] = {0x48, 0xb8};        /* mov rax, imm64 */
static const uint8_t store_rsp[] = {0x48, 0x89, 0x20};  /* mov [rax], rsp */
static const uint8_t load_rcx[] = {0x48, 0xb9};        /* mov rcx, imm64 */
static const uint8_t clear[] = {0x48, 0xc7, 0x01, 0, 0, 0, 0}; /* mov qword [rcx], 0 */
static const uint8_t rdi_is_rbp[] = {0x48, 0x8b, 0xfd};
static const uint8_t call_rax[] = {0xff, 0xd0};
static const uint8_t jump_rax[] = {0xff, 0xe0};
static const uint8_t test_request[] = {0xa8, 0x02};    /* test al, 2 */
static const uint8_t keep_rax[] = {0x50, 0x50, 0x48, 0x8b, 0xf8}; /* push rax, twice; mov rdi, rax */
static const uint8_t kept_rax[] = {0x58, 0x58};        /* pop rax, twice */
enum { JUMP = 0xe9 };

struct code {
    uint8_t *at;
};

static void put(struct code *code, const void *bytes, size_t size)
{
    memcpy(code->at, bytes, size);
    code->at += size;
}

static void put_word(struct code *code, uint32_t word) { put(code, &word, sizeof word); }

static void put_jump(struct code *code, uint8_t opcode, uintptr_t target)
{
    put(code, &opcode, 1);
    put_word(code, (uint32_t)(target - ((uintptr_t)code->at + 4)));
}

static void put_jump_if_not(struct code *code, uintptr_t target)
{
    static const uint8_t escape = 0x0f;

    put(code, &escape, 1);
    put_jump(code, 0x84, target); /* jz */
}

static void put_word_of(struct code *code, const uint8_t opcode[3], uint32_t word)
{
    put(code, opcode, 3);
    put_word(code, word);
}

static void put_address(struct code *code, const uint8_t opcode[2], uintptr_t address)
{
    put(code, opcode, 2);
    put(code, &address, sizeof address);
}

/* The way in: as the engine's, and the stack pointer is remembered. */
static void put_way_in(struct code *code, const struct vmm_cpu *v, uint32_t word)
{
    put(code, known_prologue, ENTRY);
    put_word_of(code, load_r15, word);
    put_address(code, load_rax, (uintptr_t)&v->frame);
    put(code, store_rsp, sizeof store_rsp);
    put(code, known_prologue + ENTRY, EPILOGUE - ENTRY);
}

/* From the end of a block that is not chained: to the next block. */
static void put_way_on(struct code *code, uint32_t word, uintptr_t find)
{
    put_word_of(code, store_r15, word);
    put(code, rdi_is_rbp, sizeof rdi_is_rbp);
    put_address(code, load_rax, find);
    put(code, call_rax, sizeof call_rax);
    put_word_of(code, reload_r15, word);
    put(code, jump_rax, sizeof jump_rax);
}

/* A way out, to where the engine's goes on. */
static void put_way_out(struct code *code, const struct vmm_cpu *v, uint32_t word, uintptr_t target)
{
    put_word_of(code, store_r15, word);
    put_address(code, load_rcx, (uintptr_t)&v->frame);
    put(code, clear, sizeof clear);
    if (target == v->jit_begin + RETURN) { /* a block whose budget ran out says so in its result */
        put(code, test_request, sizeof test_request);
        put_jump_if_not(code, target);
        put(code, keep_rax, sizeof keep_rax);
        put_address(code, load_rax, (uintptr_t)vmm_block_expired);
        put(code, call_rax, sizeof call_rax);
        put(code, kept_rax, sizeof kept_rax);
    }
    put_jump(code, JUMP, target);
}

/* Let the engine's translator keep the budget in r15.  Before anything was translated.
 * Returns 0, or -1 with one line in ERROR. */
int vmm_take_register(struct vmm_cpu *v, char *error, size_t size)
{
    typedef void *(*global_fn)(void *, int, void *, intptr_t, const char *);
    static const char *const names[] = {"tcg_global_mem_new_internal_sparc",
        "tcg_global_mem_new_internal_arm", "tcg_global_mem_new_internal_x86_64"};
    static const size_t returns[] = {SPARC_TCG_RETURN, ARM_TCG_RETURN, X86_TCG_RETURN};
    char *context = FIELD(char *, v->uc, UC_TCG_CTX);
    uintptr_t prologue = FIELD(uintptr_t, context, TCG_PROLOGUE);
    uint32_t word = (uint32_t)((char *)v->left - (char *)v->env);
    static void *(*const find[])(void *) = {helper_lookup_tb_ptr_sparc, helper_lookup_tb_ptr_arm,
                                            helper_lookup_tb_ptr_x86_64};
    struct code code;

    if (memcmp((const void *)prologue, known_prologue, sizeof known_prologue) != 0
        || FIELD(uintptr_t, context, TCG_EPILOGUE) != prologue + EPILOGUE
        || FIELD(uintptr_t, context, returns[v->arch]) != prologue + RETURN
        || FIELD(uintptr_t, context, TCG_BUFFER) != FIELD(uintptr_t, context, TCG_NEXT_CODE)
        || FIELD(uintptr_t, context, TCG_BUFFER) != FIELD(uintptr_t, context, TCG_CODE_BUFFER)
        || FIELD(uintptr_t, context, TCG_BUFFER)
            != FIELD(uintptr_t, context + returns[v->arch], TCG_FIRST_CODE)
        || FIELD(uint32_t, context, TCG_RESERVED_REGISTERS) >> R15 & 1) {
        snprintf(error, size, "the way into the engine's generated code is not the one of this build");
        return -1;
    }
    v->jit_begin = prologue;
    v->jit_size = FIELD(uint64_t, context, TCG_BUFFER_SIZE);

    /* Our own ways in and out come before the first block, as the engine's do. */
    code.at = FIELD(uint8_t *, context, TCG_BUFFER);
    FIELD(uintptr_t, context, TCG_BUFFER) += WAYS_SIZE;
    FIELD(uintptr_t, context, TCG_NEXT_CODE) += WAYS_SIZE;
    FIELD(uintptr_t, context, TCG_CODE_BUFFER) += WAYS_SIZE;
    FIELD(uintptr_t, context + returns[v->arch], TCG_FIRST_CODE) += WAYS_SIZE;
    FIELD(uint64_t, context, TCG_BUFFER_SIZE) -= WAYS_SIZE;
    FIELD(uintptr_t, context, TCG_PROLOGUE) = (uintptr_t)code.at;
    put_way_in(&code, v, word);
    FIELD(uintptr_t, context, TCG_EPILOGUE) = (uintptr_t)code.at;
    put_way_on(&code, word, (uintptr_t)find[v->arch]);
    v->way_out = code.at;
    put_way_out(&code, v, word, prologue + EPILOGUE);
    FIELD(uintptr_t, context, returns[v->arch]) = (uintptr_t)code.at;
    put_way_out(&code, v, word, prologue + RETURN);

    /* A global of the translator that is a register, as the register file's address is. */
    v->left_register = ((global_fn)(uintptr_t)vmm_original(names[v->arch]))(
        context, TCG_TYPE_I64_, (void *)(uintptr_t)TCG_ENV_TEMP, (int32_t)word, "left");
    memcpy(v->left_register, context + TCG_ENV_TEMP, TCG_TEMP_KIND_SIZE);
    FIELD(uint8_t, v->left_register, 0) = R15;
    FIELD(uint32_t, context, TCG_RESERVED_REGISTERS) |= 1u << R15;
    return 0;
}

/* Helpers that may raise a trap but never look at devices, lines or time: generated code
 * calls these often. */
bool vmm_keeps_budget(int arch, const void *helper)
{
    enum { MOST = 6 };
    static const char *const names[][MOST] = {
        {"helper_check_align_sparc", "helper_save_sparc", "helper_restore_sparc",
         "helper_compute_psr_sparc", "helper_compute_C_icc_sparc", "helper_rdpsr_sparc"},
        {"helper_rebuild_hflags_a32_arm", "helper_cpsr_read_arm", "helper_cpsr_write_arm"},
        {"helper_read_crN_x86_64", "helper_write_eflags_x86_64"},
    };
    static const void *known[3][MOST];
    extern uint64_t helper_read_eflags_x86_64(void *); /* x86_pushf.c */

    if (helper == (const void *)(uintptr_t)helper_read_eflags_x86_64)
        return true;
    for (int i = 0; i < MOST && names[arch][i]; i++) {
        if (!known[arch][i])
            known[arch][i] = vmm_original(names[arch][i]);
        if (known[arch][i] == helper)
            return true;
    }
    return false;
}

/* At the head of a block's code, put "sub r15, n; jl" for "sub r15, n; test r15, r15; jl". */
void vmm_join_charge(uint8_t *code)
{
    static const uint8_t subtract[] = {0x49, 0x83, 0xef};  /* sub r15, imm8 */
    static const uint8_t decrement[] = {0x49, 0xff, 0xcf}; /* dec r15 */
    static const uint8_t look[] = {0x4d, 0x85, 0xff, 0x0f, 0x8c}; /* test r15, r15; jl */
    static const uint8_t subtract_wide[] = {0x49, 0x81, 0xef}; /* sub r15, imm32 */
    static const uint8_t subtract_one[] = {0x66, 0x90, 0x49, 0x83, 0xef, 1}; /* behind a nop */
    uint32_t length = code[3];

    if (memcmp(code, subtract, sizeof subtract) == 0 && length < 0x80
        && memcmp(code + 4, look, sizeof look) == 0) {
        memcpy(code, subtract_wide, sizeof subtract_wide);
        memcpy(code + sizeof subtract_wide, &length, sizeof length);
    } else if (memcmp(code, decrement, sizeof decrement) == 0
               && memcmp(code + 3, look, sizeof look) == 0) {
        memcpy(code, subtract_one, sizeof subtract_one);
    }
}
