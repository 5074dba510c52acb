/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console on the first APBUART, the end of the run, and the trap handler of
 * guests that expect no traps. */
#include "leon3.h"

/* No UART needs this many polls; a broken one must not hang the guest. */
#define PATIENCE 10000000

static void uart_wait(u32 status)
{
	for (int i = 0; i < PATIENCE; i++)
		if ((get32(APBUART + UART_STATUS) & status) == status)
			return;
}

void putch(char c)
{
	uart_wait(UART_STATUS_TE);
	put32(APBUART + UART_DATA, (u8)c);
}

void uart_drain(void)
{
	uart_wait(UART_STATUS_TE | UART_STATUS_TS);
}

void exit_guest(int status)
{
	uart_drain();
	/* A trap with ET=0 is error mode: the processor stops.  %g1, %g2 tell why. */
	put_psr(get_psr() & ~PSR_ET);
	__asm__ volatile("mov 1, %%g1\n\tmov %0, %%g2\n\tta 0" : : "r"(status) : "g1", "g2");
	for (;;)
		;
}

__attribute__((weak)) void trap(struct trap_frame *frame)
{
	print("unexpected trap:");
	print_field("tt", frame->vector);
	print_field("pc", frame->pc);
	print_field("npc", frame->npc);
	print_field("psr", frame->psr);
	print("\n");
	exit_guest(1);
}
