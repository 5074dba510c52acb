/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LEON3: trap table, IRQMP, GPTIMER, and the SPARC reference MMU (V8, appendix H). */
#include "../bench.h"
#include <leon3.h>

#define TRAP_CALL 0x81
#define FORCED 5                           /* an interrupt level that no device uses */
#define TIMER (GPTIMER + GPTIMER_TIMER(1))
#define ECHO (GPTIMER + GPTIMER_TIMER(2) + TIMER_RELOAD)
#define SCALE 39                           /* 40 MHz: the timers count microseconds */

extern const u32 trap_table[1024], trap_call_entry[4];

static u32 table[1024] __attribute__((aligned(4096)));
static u32 timer_level;
volatile u32 interrupts;

void machine_open(void)
{
	for (u32 i = 0; i < 1024; i++)
		table[i] = trap_table[i];
	for (u32 i = 0; i < 4; i++)
		table[TRAP_CALL * 4 + i] = trap_call_entry[i];
	/* Branches of the runtime's table are relative: its entries stay where they are. */
	for (u32 entry = 0; entry < 256; entry++) {
		u32 *branch = &table[entry * 4 + (entry != 0)];
		if (entry == TRAP_CALL)
			continue;
		u32 distance = ((u32)trap_table - (u32)table) >> 2;
		*branch = (*branch & 0xffc00000) | ((*branch + distance) & 0x3fffff);
	}
	for (u32 i = 0; i < 1024; i += 2)
		__asm__ volatile("flush %0" : : "r"(&table[i]) : "memory");
	__asm__ volatile("wr %0, %%tbr\n\tnop\n\tnop\n\tnop" : : "r"(table));
}

void trap(struct trap_frame *frame)
{
	if (frame->vector == TT_LEAVE_USER) {
		frame->psr |= PSR_PS;
		frame->pc = frame->npc;
		frame->npc += 4;
	} else if (frame->vector == 0x10 + FORCED || frame->vector == 0x10 + timer_level) {
		interrupts++;
	} else {
		print("unexpected trap");
		print_field("tt", frame->vector);
		print_field("pc", frame->pc);
		print("\n");
		exit_guest(1);
	}
}

u32 in_user(u32 (*function)(u32), u32 argument)
{
	return user_call(function, argument);
}

void interrupts_open(void)
{
	timer_level = get32(GPTIMER + GPTIMER_CONFIG) >> 3 & 31;
	put32(GPTIMER + GPTIMER_SRELOAD, SCALE);
	put32(GPTIMER + GPTIMER_SCALER, SCALE);
	put32(IRQMP + IRQMP_MASK, 1 << FORCED | 1 << timer_level);
	set_pil(0);
}

void interrupt_raise(void)
{
	u32 before = interrupts;
	put32(IRQMP + IRQMP_FORCE, 1 << FORCED);
	while (interrupts == before)
		;
}

static u32 awaited;

void tick_start(void)
{
	awaited = interrupts + 1;
	put32(TIMER + TIMER_RELOAD, TICK - 1);
	put32(TIMER + TIMER_CONTROL, TIMER_EN | TIMER_LD | TIMER_IE | TIMER_IP);
}

void tick_wait(void)
{
	while (interrupts != awaited)
		;
}

/* A tick may come between two sleeps: then the next one ends the sleep. */
void sleep_open(void)
{
	interrupts_open();
	put32(TIMER + TIMER_RELOAD, SLEEP - 1);
	put32(TIMER + TIMER_CONTROL, TIMER_EN | TIMER_LD | TIMER_RS | TIMER_IE);
}

void machine_sleep(void)
{
	power_down();
}

u32 device_status(void)
{
	return get32(APBUART + UART_STATUS) & UART_STATUS_TE;
}

u32 device_echo(u32 value)
{
	put32(ECHO, value);
	return get32(ECHO);
}

void code_write(u32 *code, u32 value)
{
	volatile u32 *word = code;
	word[0] = 0x81c3e008;              /* retl */
	word[1] = 0x90102000 | value;      /* mov value, %o0 */
	__asm__ volatile("flush %0\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" : : "r"(code) : "memory");
}

#define PTE(physical) ((u32)(physical) >> 4 | 3 << 2 | 2)
#define POINTER(table) ((u32)(table) >> 4 | 1)

static u32 contexts[256] __attribute__((aligned(1024)));
static u32 level1[2][256] __attribute__((aligned(1024)));
static u32 level2[2][64] __attribute__((aligned(256)));
static u32 level3[2][64] __attribute__((aligned(256)));
static u32 memory[2][PAGES][1024] __attribute__((aligned(4096)));

u32 *spaces_open(void)
{
	u32 window = 0x50000000;           /* devices are at 0x80000000 */
	for (u32 space = 0; space < 2; space++) {
		contexts[space] = POINTER(level1[space]);
		level1[space][0x40] = PTE(0x40000000);
		level1[space][0x80] = PTE(0x80000000);
		level1[space][window >> 24] = POINTER(level2[space]);
		level2[space][0] = POINTER(level3[space]);
		for (u32 page = 0; page < PAGES; page++)
			level3[space][page] = PTE(memory[space][page]);
	}
	put_asi(ASI_MMU, MMU_CONTEXT_TABLE, (u32)contexts >> 4);
	put_asi(ASI_MMU, MMU_CONTEXT, 0);
	put_asi(ASI_FLUSH_MMU, 0x400, 0);
	put_asi(ASI_MMU, MMU_CONTROL, 1);
	return (u32 *)window;
}

/* Translations are tagged with their context: nothing has to be flushed. */
void space_enter(u32 space)
{
	put_asi(ASI_MMU, MMU_CONTEXT, space);
}
