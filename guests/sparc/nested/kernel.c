/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inner kernel: it uses every privileged instruction that a small kernel has,
 * and tells what they gave.  Whether it runs at home or under a monitor, it must
 * say the same. */
#include "nested.h"

#define CALL_PRINT 1
#define LEVEL 5

u32 kernel_log;
static u32 windows, interrupts;

static void say(const char *text, u32 value)
{
	for (const char *c = text; *c; c++)
		kernel_log = kernel_log * 31 + (u8)*c;
	kernel_log = kernel_log * 31 + value;
	print("  ");
	print_value(text, value);
}

void kernel_trap(struct trap_frame *frame)
{
	switch (frame->vector) {
	case 0x80 + CALL_PRINT:
		say("system call", frame->out[0]);
		break;
	case TT_LEAVE_USER:
		frame->psr |= PSR_PS;
		break;
	case 0x10 + LEVEL:
		interrupts++;
		return;                    /* to the instruction that it came before */
	default:
		say("trap", frame->vector);
		say("with traps as", frame->tbr & 0xff0);
	}
	frame->pc = frame->npc;
	frame->npc += 4;
}

static u32 deep(u32 level)
{
	u32 below = level ? deep(level - 1) : 0;

	windows += get_psr() & PSR_CWP;
	return below + level;
}

static u32 sum_down(u32 level)
{
	return level ? sum_down(level - 1) + level : 0;
}

static u32 process(u32 rounds)
{
	u32 sum = 0;

	for (u32 i = 0; i < rounds; i++) {
		sum += sum_down(9) + i;
		register u32 argument __asm__("o0") = sum;
		__asm__ volatile("ta %1" : "+r"(argument) : "i"(CALL_PRINT) : "memory", "cc");
	}
	return sum;
}

/* A process that takes itself for a kernel. */
static u32 usurper(u32 value)
{
	__asm__ volatile("wr %%g0, 0xe0, %%psr\n\tnop\n\tnop\n\tnop\n\twr %%g0, %%tbr\n\tnop\n\tnop\n\tnop"
			 : : : "memory", "cc");
	return value;
}

static void kernel_interrupts(void)
{
	put32(IRQMP + IRQMP_MASK, 1 << LEVEL);
	set_pil(15);
	put32(IRQMP + IRQMP_FORCE, 1 << LEVEL);
	say("interrupts while masked", interrupts);
	set_pil(LEVEL);
	say("at its own level", interrupts);
	set_pil(LEVEL - 1);
	say("below it", interrupts);
	set_pil(0);
	put32(IRQMP + IRQMP_MASK, 0);
}

static void kernel_registers(void)
{
	u32 wim, tbr;

	__asm__ volatile("rd %%wim, %0\n\trd %%tbr, %1" : "=r"(wim), "=r"(tbr));
	say("psr", get_psr() & ~PSR_ICC);
	say("wim", wim);
	say("tbr is mine", (tbr & 0xfff) == 0x830);
	put_asi(ASI_MMU, MMU_CONTEXT, 3);
	say("context", get_asi(ASI_MMU, MMU_CONTEXT));
	put_asi(ASI_MMU, MMU_CONTEXT, 0);
}

void kernel_main(void)
{
	windows = interrupts = 0;
	__asm__ volatile("ta 3" : : : "memory", "cc");
	kernel_registers();
	say("recursion", deep(25));
	say("in windows", windows);
	say("process", kernel_user_call(process, 3));
	say("usurper", kernel_user_call(usurper, 17));
	kernel_interrupts();
	windows = 0;
	say("recursion", deep(40));
	say("in windows", windows);
}
