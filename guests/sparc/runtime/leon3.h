/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LEON3 as its guests see it: PSR fields (SPARC V8, 4.2), GRLIB registers
 * (GRLIB IP Core User's Manual) and the trap frame; for C and assembly. */
#ifndef LEON3_H
#define LEON3_H

#define NWINDOWS 8

#define PSR_ICC 0x00f00000
#define PSR_EC 0x00002000
#define PSR_EF 0x00001000
#define PSR_PIL 0x00000f00
#define PSR_S 0x00000080
#define PSR_PS 0x00000040
#define PSR_ET 0x00000020
#define PSR_CWP 0x0000001f

#define APBUART 0x80000100
#define UART_DATA 0x00
#define UART_STATUS 0x04
#define UART_CONTROL 0x08
#define UART_SCALER 0x0c
#define UART_STATUS_TS 0x2 /* shift register empty */
#define UART_STATUS_TE 0x4 /* FIFO empty */
#define UART_CONTROL_RE 0x1
#define UART_CONTROL_TE 0x2

#define IRQMP 0x80000200
#define IRQMP_LEVEL 0x00
#define IRQMP_PENDING 0x04
#define IRQMP_FORCE 0x08
#define IRQMP_CLEAR 0x0c
#define IRQMP_MPSTATUS 0x10
#define IRQMP_MASK 0x40
#define IRQMP_PFORCE 0x80 /* set 15..1, clear 31..17 */

#define GPTIMER 0x80000300
#define GPTIMER_SCALER 0x00
#define GPTIMER_SRELOAD 0x04
#define GPTIMER_CONFIG 0x08
#define GPTIMER_TIMER(n) (0x10 * (n)) /* n counts from 1 */
#define TIMER_COUNTER 0x0
#define TIMER_RELOAD 0x4
#define TIMER_CONTROL 0x8
#define TIMER_EN 0x01
#define TIMER_RS 0x02
#define TIMER_LD 0x04
#define TIMER_IE 0x08
#define TIMER_IP 0x10
#define TIMER_CH 0x20

#define ASI_CACHE 0x02
#define ASI_USER_DATA 0x0a
#define ASI_SUPERVISOR_DATA 0x0b
#define ASI_FLUSH_MMU 0x18 /* flush, and probe when loaded */
#define ASI_MMU 0x19
#define ASI_BYPASS 0x1c
#define MMU_CONTROL 0x000
#define MMU_CONTEXT_TABLE 0x100
#define MMU_CONTEXT 0x200
#define MMU_FAULT_STATUS 0x300
#define MMU_FAULT_ADDRESS 0x400

/* Offsets of struct trap_frame, which lies above the ABI's 96 bytes. */
#define FRAME_SIZE 184
#define FRAME 96
#define FRAME_GLOBAL (FRAME + 0)
#define FRAME_OUT (FRAME + 32)
#define FRAME_PSR (FRAME + 64)
#define FRAME_PC (FRAME + 68)
#define FRAME_NPC (FRAME + 72)
#define FRAME_Y (FRAME + 76)
#define FRAME_VECTOR (FRAME + 80)
#define FRAME_TBR (FRAME + 84)

/* `ta 0x7f` from user mode continues in supervisor mode (user_call). */
#define SOFTWARE_LEAVE_USER 0x7f
#define TT_LEAVE_USER (0x80 + SOFTWARE_LEAVE_USER)

#ifndef __ASSEMBLER__
#include "print.h"

struct trap_frame {
	u32 global[8];
	u32 out[8];
	u32 psr, pc, npc, y;
	u32 vector; /* which entry of the trap table was taken */
	u32 tbr;    /* as the trap left it: its tt field names the trap */
};

/* A guest may define trap(); the runtime's own reports the trap and exits.
 * Returning goes to frame->pc, frame->npc with frame->psr. */
void trap(struct trap_frame *frame);

/* Calls function(argument) in user mode on its own stack. */
u32 user_call(u32 (*function)(u32), u32 argument);

void uart_drain(void);

static inline u32 get32(u32 address)
{
	return *(volatile u32 *)address;
}

static inline void put32(u32 address, u32 value)
{
	*(volatile u32 *)address = value;
}

static inline u32 get_psr(void)
{
	u32 value;
	__asm__ volatile("rd %%psr, %0" : "=r"(value));
	return value;
}

static inline void put_psr(u32 value)
{
	__asm__ volatile("wr %0, %%psr\n\tnop\n\tnop\n\tnop" : : "r"(value) : "memory", "cc");
}

static inline void set_pil(u32 level)
{
	put_psr((get_psr() & ~PSR_PIL) | level << 8);
}

#define get_asi(asi, address)                                                        \
	({                                                                           \
		u32 value_;                                                          \
		__asm__ volatile("lda [%1] %2, %0"                                   \
				 : "=r"(value_) : "r"(address), "i"(asi) : "memory"); \
		value_;                                                              \
	})

#define put_asi(asi, address, value)                                                 \
	__asm__ volatile("sta %0, [%1] %2" : : "r"(value), "r"(address), "i"(asi) : "memory")

/* One idle period: the LEON3 stops until an interrupt (asr19). */
static inline void power_down(void)
{
	__asm__ volatile("wr %%g0, %%asr19" : : : "memory");
}
#endif
#endif
