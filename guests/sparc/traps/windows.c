/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Window overflow and underflow, recursion, and traps inside trap handlers. */
#include "traps.h"

extern const struct situation window_table[], window_table_end[];
extern const struct situation deep_table[], deep_table_end[];
extern const struct situation nested_table[], nested_table_end[];
extern char trap_table[], logging_table[];

struct window_trap {
	u32 tbr, pc, npc, psr, wim, spare[3];
};

extern struct {
	u32 count, spare[7];
	struct window_trap entry[32];
} window_log;

extern u32 nested_software(u32), nested_unimp(u32), nested_unaligned(u32);
extern u32 nested_load(u32);

static void put_tbr(const char *table)
{
	__asm__ volatile("wr %0, %%tbr\n\tnop\n\tnop\n\tnop" : : "r"(table) : "memory");
}

static void run_logged(const struct situation *one, u32 mode)
{
	print(one->name);
	print(mode == USER ? " (user):\n" : ":\n");
	window_log.count = 0;
	put_tbr(logging_table);
	u32 result = mode == USER ? user_call(one->run, one->argument) : one->run(one->argument);
	put_tbr(trap_table);

	u32 count = window_log.count;
	for (u32 i = 0; i < count; i++) {
		const struct window_trap *trap = &window_log.entry[i];
		u32 pc = trap->pc - (u32)one->run, npc = trap->npc - (u32)one->run;
		if (pc >= 0x100)
			continue; /* the caller's own save and restore */
		trap_count++;
		print("  tt=0");
		print_dec(trap->tbr >> 4 & 0xff);
		print(" pc=+");
		print_dec(pc);
		print(" npc=");
		if (npc < 0x100) {
			putch('+');
			print_dec(npc);
		} else {
			print("return");
		}
		print_field("psr", trap->psr & 0x00ffffff);
		print_field("wim", trap->wim);
		print("\n");
	}
	print_value("  -> result", result);
}

__attribute__((noinline)) u32 deep(u32 depth)
{
	volatile u32 mark = depth;
	if (depth == 0)
		return 1;
	u32 below = deep(depth - 1);
	return below * 31 + mark;
}

static __attribute__((noinline)) u32 fibonacci(u32 n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static __attribute__((noinline)) u32 ackermann(u32 m, u32 n)
{
	if (m == 0)
		return n + 1;
	volatile u32 inner = n == 0 ? 1 : ackermann(m, n - 1);
	return ackermann(m - 1, inner);
}

static u32 ackermann_2(u32 n)
{
	return ackermann(2, n);
}

void window_situations(void)
{
	heading("register windows");
	for (const struct situation *one = window_table; one < window_table_end; one++) {
		if (one->modes & SUPERVISOR)
			run_logged(one, SUPERVISOR);
		if (one->modes & USER)
			run_logged(one, USER);
	}
	heading("traps between windows");
	run_situations(deep_table, deep_table_end);

	static const struct situation recursion[] = {
		{"fibonacci", fibonacci, 15, BOTH},
		{"recursion_300_deep", deep, 300, BOTH},
		{"ackermann_2", ackermann_2, 20, BOTH},
	};
	run_situations(recursion, recursion + 3);
}

static void nested(u32 (*routine)(u32), u32 argument)
{
	u32 base = situation_base;
	situation_base = (u32)routine;
	routine(argument);
	situation_base = base;
}

/* Runs in trap() for `ta 0x60 + number`. */
void nested_handler(u32 number)
{
	if (number >= 1 && number <= 7)
		nested(nested_software, number - 1);
	else if (number == 8)
		nested(nested_unimp, 0);
	else if (number == 9)
		nested(nested_unaligned, 0);
	else if (number == 10)
		nested(nested_load, INVALID_L3);
	else if (number == 11) {
		/* An interrupt inside a handler. */
		put32(IRQMP + IRQMP_PFORCE, 1 << 5);
		set_pil(0);
		for (u32 i = 0; i < 1000 && interrupt_count == 0; i++)
			get_psr();
		set_pil(15);
	} else if (number == 12)
		deep(20);
}

void nested_situations(void)
{
	heading("traps inside trap handlers");
	run_situations(nested_table, nested_table_end);
}
