/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trap-and-emulate monitor for one kernel: its privileged instructions trap, and
 * here they are done on the registers that it believes to have. */
#include "nested.h"

#define OP3_RDPSR 0x29
#define OP3_RDWIM 0x2a
#define OP3_RDTBR 0x2b
#define OP3_WRPSR 0x31
#define OP3_WRWIM 0x32
#define OP3_WRTBR 0x33
#define OP3_RETT 0x39
#define OP3_LDA 0x10
#define OP3_STA 0x14

#define ILLEGAL 0x02
#define PRIVILEGED 0x03
#define UNDERFLOW 0x06
#define WINDOW_MASK (NWINDOWS - 1)
#define VIRTUAL (PSR_PIL | PSR_S | PSR_PS | PSR_ET)
#define OWN (PSR_ICC | PSR_EC | PSR_EF | PSR_CWP) /* what the kernel's real PSR holds for it */

struct guest guest;

static u32 current(const struct guest *g)
{
	return g->psr & PSR_CWP;
}

/* Register r of the current window: outs are the ins of the one below. */
static u32 *place(struct guest *g, u32 r)
{
	u32 below = (current(g) - 1) & WINDOW_MASK;

	if (r < 8)
		return &g->global[r];
	if (r < 16)
		return &g->window[below][r];
	return &g->window[current(g)][r - 16];
}

static u32 read_register(struct guest *g, u32 r)
{
	return r ? *place(g, r) : 0;
}

static void write_register(struct guest *g, u32 r, u32 value)
{
	if (r)
		*place(g, r) = value;
}

static void move_window(struct guest *g, u32 by)
{
	g->psr = (g->psr & ~PSR_CWP) | ((current(g) + by) & WINDOW_MASK);
}

static void end(struct guest *g)
{
	print_value("exits", g->exits);
	print_value("emulated", g->emulated);
	print_value("reflected", g->reflected);
	home_return();
}

/* The kernel's own trap: SPARC V8 manual, 7.1. */
static void reflect(struct guest *g, u32 tt)
{
	u32 mode = g->virtual_psr & PSR_S;

	g->reflected++;
	if (!(g->virtual_psr & PSR_ET)) {
		print_value("error mode, trap", tt);
		end(g);
	}
	g->virtual_psr &= ~(PSR_ET | PSR_PS);
	g->virtual_psr |= PSR_S | (mode ? PSR_PS : 0);
	move_window(g, NWINDOWS - 1);
	write_register(g, 17, g->pc);
	write_register(g, 18, g->npc);
	g->tbr = (g->tbr & ~0xfffu) | tt << 4;
	g->pc = g->tbr;
	g->npc = g->tbr + 4;
}

static void next(struct guest *g)
{
	g->pc = g->npc;
	g->npc += 4;
}

static u32 write_psr(struct guest *g, u32 value)
{
	if ((value & PSR_CWP) >= NWINDOWS)
		return ILLEGAL;
	g->psr = (g->psr & ~OWN) | (value & OWN);
	g->virtual_psr = value & VIRTUAL;
	return 0;
}

static u32 return_from_trap(struct guest *g, u32 target)
{
	u32 window = (current(g) + 1) & WINDOW_MASK;

	if (g->virtual_psr & PSR_ET)
		return ILLEGAL;
	if (g->wim >> window & 1)
		return UNDERFLOW;
	move_window(g, 1);
	g->virtual_psr = (g->virtual_psr & ~PSR_S) | PSR_ET
		| (g->virtual_psr & PSR_PS ? PSR_S : 0);
	g->pc = g->npc;
	g->npc = target;
	return 0;
}

/* Of the alternate spaces the kernel uses one register. */
static u32 context_register(struct guest *g, u32 code, u32 address)
{
	u32 rd = code >> 25 & 31;

	if ((code >> 5 & 0xff) != ASI_MMU || address != MMU_CONTEXT)
		return ILLEGAL;
	if ((code >> 19 & 0x3f) == OP3_LDA)
		write_register(g, rd, g->context);
	else
		g->context = read_register(g, rd);
	return 0;
}

/* Does the instruction at pc; or returns the trap that it is. */
static u32 emulate(struct guest *g)
{
	u32 code = get32(g->pc), op3 = code >> 19 & 0x3f, rd = code >> 25 & 31;
	u32 first = read_register(g, code >> 14 & 31);
	u32 second = code >> 13 & 1 ? (u32)((int)(code << 19) >> 19) : read_register(g, code & 31);
	u32 trap = 0;

	if (code >> 30 == 3) {
		trap = context_register(g, code, first + (code >> 13 & 1 ? 0 : second));
	} else switch (op3) {
	case OP3_RDPSR:
		write_register(g, rd, (g->psr & ~VIRTUAL) | g->virtual_psr);
		break;
	case OP3_RDWIM: write_register(g, rd, g->wim); break;
	case OP3_RDTBR: write_register(g, rd, g->tbr); break;
	case OP3_WRPSR: trap = write_psr(g, first ^ second); break;
	case OP3_WRWIM: g->wim = (first ^ second) & ((1 << NWINDOWS) - 1); break;
	case OP3_WRTBR: g->tbr = ((first ^ second) & ~0xfffu) | (g->tbr & 0xff0); break;
	case OP3_RETT:
		return return_from_trap(g, first + second);
	default:
		trap = ILLEGAL;
	}
	if (!trap)
		next(g);
	return trap;
}

/* The guest has trapped. */
void monitor_exit(struct guest *g)
{
	u32 trap = g->tt;

	move_window(g, 1);                 /* out of the trap's window */
	g->exits++;
	if (trap == TT_KERNEL_ENDS)
		end(g);
	if (trap == PRIVILEGED && g->virtual_psr & PSR_S) {
		g->emulated++;
		trap = emulate(g);
	}
	if (trap)
		reflect(g, trap);
	g->psr = (g->psr & ~(VIRTUAL)) | PSR_S
		| (g->virtual_psr & PSR_ET ? g->virtual_psr & PSR_PIL : PSR_PIL);
	g->real_wim = g->wim & ~(1u << current(g)); /* rett must get into the window */
}
