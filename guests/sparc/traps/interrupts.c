/* SPDX-License-Identifier: GPL-2.0-or-later */
/* External interrupts: levels, masks and priorities by IRQMP's force register,
 * the timers, and power-down.  An interrupt is taken at no exact place, so
 * no pc is printed. */
#include "traps.h"

#define TIMER(n) (GPTIMER + GPTIMER_TIMER(n))
#define TIMER1_LEVEL 6

/* Waits until so many interrupts were taken; gives up after a while. */
static void wait_for(u32 count)
{
	for (u32 i = 0; i < 2000000; i++)
		if (*(volatile u32 *)&interrupt_count >= count)
			return;
}

/* Long enough that an interrupt that can be taken is taken. */
static void settle(void)
{
	for (volatile u32 i = 0; i < 200; i++)
		get_psr();
}

static void force(u32 levels)
{
	put32(IRQMP + IRQMP_PFORCE, levels);
}

static void show(const char *name)
{
	print(name);
	print(":");
	if (interrupt_count == 0)
		print(" none");
	for (u32 i = 0; i < interrupt_count && i < 32; i++) {
		u32 psr = interrupt_log[i].psr;
		print(" level ");
		print_dec(interrupt_log[i].number - 0x10);
		print(psr & PSR_PS ? "" : " (user)");
		print(" pil ");
		print_dec(psr >> 8 & 15);
		if (psr & PSR_ET)
			print(" with ET");
		putch(';');
		trap_count++;
	}
	print("\n");
	interrupt_count = 0;
}

static void reset_interrupts(void)
{
	set_pil(15);
	put32(IRQMP + IRQMP_LEVEL, 0);
	put32(IRQMP + IRQMP_MASK, 0xfffe);
	put32(IRQMP + IRQMP_PFORCE, 0xfffe0000);
	put32(IRQMP + IRQMP_CLEAR, 0xfffe);
	on_interrupt = 0;
	interrupt_count = 0;
}

static u32 force_from_user(u32 levels)
{
	force(levels);
	wait_for(1);
	return interrupt_count;
}

static void levels(void)
{
	heading("interrupts by force");
	for (u32 level = 1; level <= 15; level++) {
		reset_interrupts();
		set_pil(level - 1);
		force(1 << level);
		wait_for(1);
		show("just above PIL");
		reset_interrupts();
		set_pil(level);
		force(1 << level);
		settle();
		show("at PIL");
	}
	reset_interrupts();
	set_pil(0);
	put32(IRQMP + IRQMP_MASK, 0xfffe & ~(1 << 9));
	force(1 << 9);
	settle();
	show("masked");
	print_value("force register", get32(IRQMP + IRQMP_PFORCE));
	put32(IRQMP + IRQMP_MASK, 0xfffe);
	wait_for(1);
	show("unmasked");
	print_value("force register", get32(IRQMP + IRQMP_PFORCE));

	reset_interrupts();
	force(1 << 3 | 1 << 7 | 1 << 11 | 1 << 2);
	settle();
	show("held by PIL 15");
	set_pil(0);
	wait_for(4);
	show("highest first");

	reset_interrupts();
	force(1 << 3 | 1 << 7 | 1 << 11);
	set_pil(7);
	wait_for(1);
	settle();
	show("down to PIL 7");
	set_pil(2);
	wait_for(2);
	show("down to PIL 2");

	reset_interrupts();
	put32(IRQMP + IRQMP_LEVEL, 1 << 3);
	force(1 << 3 | 1 << 7 | 1 << 11);
	set_pil(0);
	wait_for(3);
	show("level 3 has priority 1");

	reset_interrupts();
	set_pil(0);
	put_psr(get_psr() & ~PSR_ET);
	force(1 << 4);
	for (u32 i = 0; i < 100; i++)
		__asm__ volatile("nop");
	u32 before = *(volatile u32 *)&interrupt_count;
	put_psr(get_psr() | PSR_ET);
	wait_for(1);
	print(before ? "taken with ET clear\n" : "not taken with ET clear\n");
	show("ET set again");

	reset_interrupts();
	force(1 << 6);
	put32(IRQMP + IRQMP_PFORCE, 1u << (6 + 16));
	set_pil(0);
	settle();
	show("force withdrawn");

	reset_interrupts();
	set_pil(0);
	user_call(force_from_user, 1 << 8);
	show("from user mode");
	set_pil(15);
}

static u32 running; /* control bits that an interrupt leaves as they are */

static void acknowledge_timer(u32 level)
{
	/* A written one clears IP. */
	put32(TIMER(level - TIMER1_LEVEL + 1) + TIMER_CONTROL, running | TIMER_IP);
}

static void start_timer(u32 timer, u32 reload, u32 mode)
{
	running = mode & TIMER_RS ? TIMER_EN | TIMER_RS | TIMER_IE : 0;
	put32(TIMER(timer) + TIMER_RELOAD, reload);
	put32(TIMER(timer) + TIMER_CONTROL, TIMER_EN | TIMER_LD | TIMER_IE | mode);
}

static void timer_interrupts(void)
{
	heading("timer interrupts and power-down");
	put32(GPTIMER + GPTIMER_SRELOAD, 39);
	put32(GPTIMER + GPTIMER_SCALER, 39);

	reset_interrupts();
	on_interrupt = acknowledge_timer;
	set_pil(0);
	start_timer(1, 50, 0);
	wait_for(1);
	show("timer 1 once");
	start_timer(2, 50, 0);
	wait_for(1);
	show("timer 2 once");

	reset_interrupts();
	on_interrupt = acknowledge_timer;
	start_timer(1, 20, 0);
	start_timer(2, 20, 0);
	for (u32 i = 0; i < 2000000; i++)
		if (get32(TIMER(1) + TIMER_CONTROL) & get32(TIMER(2) + TIMER_CONTROL) & TIMER_IP)
			break;
	settle();
	show("held by PIL 15");
	set_pil(0);
	wait_for(2);
	show("both timers");

	reset_interrupts();
	on_interrupt = acknowledge_timer;
	set_pil(0);
	/* Restarting: a tick that comes before power-down cannot be the last. */
	start_timer(1, 2000, TIMER_RS);
	u32 naps = 0;
	while (*(volatile u32 *)&interrupt_count < 3 && naps < 1000) {
		power_down();
		naps++;
	}
	set_pil(15);
	put32(TIMER(1) + TIMER_CONTROL, TIMER_IP);
	print(interrupt_count >= 3 ? "power-down: woken by the timer\n" : "power-down: no interrupt\n");
	print(naps <= interrupt_count + 1 ? "power-down: no other wake-ups\n" : "power-down: woke up for nothing\n");
	reset_interrupts();

	/* Recursion while interrupts use the same windows. */
	on_interrupt = acknowledge_timer;
	set_pil(0);
	start_timer(1, 100, TIMER_RS);
	u32 right = 1, rounds = 0, expected = deep(30);
	while (*(volatile u32 *)&interrupt_count < 10 && rounds < 1000000) {
		right &= deep(30) == expected;
		rounds++;
	}
	u32 user_right = 1;
	u32 until = interrupt_count + 10;
	for (rounds = 0; *(volatile u32 *)&interrupt_count < until && rounds < 1000000; rounds++)
		user_right &= user_call(deep, 30) == expected;
	set_pil(15);
	put32(TIMER(1) + TIMER_CONTROL, TIMER_IP);
	print(right ? "recursion interrupted: right\n" : "recursion interrupted: WRONG\n");
	print(user_right ? "user recursion interrupted: right\n" : "user recursion interrupted: WRONG\n");
	print(interrupt_count >= 20 ? "interrupts: enough\n" : "interrupts: too few\n");
	reset_interrupts();
}

static u32 call_nested_interrupt(u32 unused)
{
	(void)unused;
	__asm__ volatile("ta 0x6b" : : : "memory");
	return interrupt_count;
}

void interrupt_situations(void)
{
	levels();
	timer_interrupts();
	reset_interrupts();
	static const struct situation nested[] = {
		{"interrupt_inside_a_handler", call_nested_interrupt, 0, SUPERVISOR},
		{"interrupt_inside_a_handler", call_nested_interrupt, 0, USER},
	};
	for (u32 i = 0; i < 2; i++) {
		run_situation(&nested[i]);
		show("  inside");
	}
	put32(IRQMP + IRQMP_MASK, 0);
}
