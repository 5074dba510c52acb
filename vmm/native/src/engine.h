/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine: attaching to it, running it, its peers, and what it does besides running guests.
 * Mirrored in vmm/native/engine.py. */
#ifndef VMM_ENGINE_H
#define VMM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmm_arch { VMM_SPARC, VMM_ARM, VMM_X86 };

/* Why vmm_run() came back. */
enum vmm_reason {
    VMM_REASON_NONE,
    VMM_REASON_STOPPED,     /* a callback asked for it */
    VMM_REASON_HALTED,      /* asleep and nothing can wake it */
    VMM_REASON_ERROR_MODE,  /* SPARC: trap with traps disabled */
    VMM_REASON_SHUTDOWN,    /* x86: triple fault */
    VMM_REASON_ABORT,       /* the engine gave up: text in message */
    VMM_REASON_ENGINE_ERROR, /* uc_emu_start failed: code in engine_error */
    VMM_REASON_UNHANDLED    /* ARM: a trap taken by vectors that the guest did not set */
};

#define VMM_IRQ_EVENT (1u << 30)  /* our bits in CPUState.interrupt_request */
#define VMM_IRQ_STORED (1u << 29) /* through.c: an instruction has stored where it may not */

#define VMM_TURN 20000 /* instructions that a processor runs while another one could */
#define VMM_STALE 256  /* pages that peers have stored to during one turn */

struct vmm_cpu;

/* attach.c */
extern void *vmm_engine_handle;
void *vmm_original(const char *name);
/* The processor with this register file: the running one, or any attached. */
struct vmm_cpu *vmm_of_env(void *env);
struct vmm_cpu *vmm_of_code(const void *code);
int vmm_init(void *handle, char *error, size_t size);
struct vmm_cpu *vmm_attach(void *uc, int arch, char *error, size_t size);
void vmm_detach(struct vmm_cpu *v);

/* run.c */
extern __thread struct vmm_cpu *vmm_current; /* the one that runs */

int vmm_run(struct vmm_cpu *v, uint64_t pc, uint32_t npc);
void vmm_kick(struct vmm_cpu *v);
void vmm_set_event(struct vmm_cpu *v, int64_t count);
void vmm_ask_look(struct vmm_cpu *v);
void vmm_rearm(struct vmm_cpu *v);
void vmm_set_interrupt(struct vmm_cpu *v, uint32_t bits, int on);
void vmm_stop(struct vmm_cpu *v, int reason);

/* peers.c */
void vmm_join(struct vmm_cpu *v, struct vmm_cpu *first);
void vmm_part(struct vmm_cpu *v);
void vmm_withdraw_translations(struct vmm_cpu *v);
void vmm_stored_to_code(struct vmm_cpu *v, uint64_t ram_address);
void vmm_take_turn(struct vmm_cpu *v, struct vmm_cpu *from);
void vmm_wake(struct vmm_cpu *v);
void vmm_turn_ends_soon(struct vmm_cpu *v);

/* abort.c */
int vmm_take_aborts(void *handle, char *error, size_t size);
void vmm_engine_abort(const char *text) __attribute__((noreturn));
int vmm_redirect_import(const void *link_map, const char *name, void *to);

/* jump.c */
int vmm_take_jumps(const void *map);

/* clock.c */
int vmm_take_clock(const void *map);

/* output.c */
int vmm_take_output(const void *map);
void vmm_engine_said(char *text, size_t size);
uint64_t vmm_engine_prints(void);

/* A field of an engine's structure (offsets.h). */
#define FIELD(type, base, offset) (*(type *)((char *)(base) + (offset)))

/* The engine's own function of this name, looked up once. */
#define ORIGINAL(type, variable, name)                 \
    static type variable;                              \
    if (__builtin_expect(!variable, 0))                \
        variable = (type)(uintptr_t)vmm_original(name)

/* In a helper: the place in generated code that has called it. */
#define GUEST_RETURN ((uintptr_t)__builtin_return_address(0))

#endif
