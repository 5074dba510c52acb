/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs one situation and prints one line for each trap it takes.
 *
 * trap() only records; the lines are printed once the situation has returned,
 * so printing cannot disturb what is measured. */
#include "traps.h"

struct record {
	u32 number, pc, npc, psr, base, fsr, fault_status, fault_address, nested;
};

/* A run-away situation must end. */
#define LIMIT 16

u32 trap_count, situation_base;
struct interrupt interrupt_log[32];
u32 interrupt_count;
void (*on_interrupt)(u32 level);
u32 (*on_fault)(struct trap_frame *frame);

static struct record records[LIMIT];
static u32 recorded, depth, keep_status;

static const u32 cleared_fsr;

void fail(const char *text)
{
	print("FAILED: ");
	print(text);
	print("\n");
	exit_guest(1);
}

void heading(const char *text)
{
	print("-- ");
	print(text);
	print("\n");
}


static void record(struct trap_frame *frame)
{
	u32 number = frame->tbr >> 4 & 0xff;
	if (number != frame->vector)
		fail("TBR names another trap than the vector taken");
	if (recorded == LIMIT)
		fail("too many traps");
	if (situation_base == 0) {
		print_value("pc", frame->pc);
		print_value("tt", number);
		fail("trap outside every situation");
	}
	struct record *one = &records[recorded++];
	one->number = number;
	one->pc = frame->pc;
	one->npc = frame->npc;
	one->psr = frame->psr;
	one->base = situation_base;
	one->nested = depth;
	if (frame->pc == frame->out[7] + 8)
		one->pc = 0;
	if (frame->npc == frame->out[7] + 8)
		one->npc = 0;
	one->fsr = one->fault_status = one->fault_address = 0;
	if (number == 0x08)
		__asm__ volatile("st %%fsr, %0" : "=m"(one->fsr));
	if ((number == 0x01 || number == 0x09) && !keep_status) {
		one->fault_address = get_asi(ASI_MMU, MMU_FAULT_ADDRESS);
		one->fault_status = get_asi(ASI_MMU, MMU_FAULT_STATUS);
	}
	trap_count++;
}

void trap(struct trap_frame *frame)
{
	u32 number = frame->vector;

	if (number == TT_LEAVE_USER) {
		frame->psr |= PSR_PS;
		frame->pc = frame->npc;
		frame->npc += 4;
		return;
	}
	if (number >= 0x11 && number <= 0x1f) {
		if (interrupt_count < 32)
			interrupt_log[interrupt_count] =
				(struct interrupt){number, frame->psr};
		interrupt_count++;
		if (on_interrupt)
			on_interrupt(number - 0x10);
		return;
	}
	record(frame);
	depth++;
	if (number >= 0xe0 && number < 0xf0)
		nested_handler(number - 0xe0);
	depth--;
	if ((number == 0x01 || number == 0x09) && on_fault && on_fault(frame))
		return;
	if (number == 0x01) {
		/* There is no next instruction on a page that cannot be fetched. */
		frame->pc = frame->out[7] + 8;
		frame->npc = frame->pc + 4;
	} else {
		frame->pc = frame->npc;
		frame->npc += 4;
	}
}

static void print_place(const char *name, u32 address, u32 base)
{
	print(name);
	if (address == 0) {
		print("return");
	} else if (address - base < 0x400) {
		putch('+');
		print_dec(address - base);
	} else {
		print_hex(address);
	}
}

static void print_byte(u32 value)
{
	putch("0123456789abcdef"[value >> 4 & 15]);
	putch("0123456789abcdef"[value & 15]);
}

static void print_record(const struct record *one)
{
	print(one->nested ? "    nested tt=" : "  tt=");
	print_byte(one->number);
	print_place(" pc=", one->pc, one->base);
	print_place(" npc=", one->npc, one->base);
	/* Implementation and version are not the trap's business. */
	print_field("psr", one->psr & 0x00ffffff);
	if (one->number == 0x08) {
		/* FSR's version differs between processors.  With overflow and
		 * underflow V8 wants one bit alone in cexc; some also set inexact. */
		u32 fsr = one->fsr & ~0x000e0000;
		if (fsr & 0x0c)
			fsr &= ~1u;
		print_field("fsr", fsr);
	}
	if ((one->number == 0x01 || one->number == 0x09) && one->fault_status) {
		print_field("status", one->fault_status);
		/* Some MMUs keep only the page. */
		print_field("address", one->fault_address & 0xfffff000);
	}
	print("\n");
}

static void run_in(const struct situation *one, u32 mode)
{
	print(one->name);
	print(mode == USER ? " (user)" : "");
	print(":\n");

	recorded = 0;
	situation_base = (u32)one->run;
	keep_status = one->modes & KEEP_STATUS;
	if (one->modes & NO_FPU)
		put_psr(get_psr() & ~PSR_EF);
	u32 result = mode == USER ? user_call(one->run, one->argument) : one->run(one->argument);
	situation_base = 0;
	put_psr(get_psr() | PSR_EF);
	__asm__ volatile("ld %0, %%fsr" : : "m"(cleared_fsr));

	for (u32 i = 0; i < recorded; i++)
		print_record(&records[i]);
	/* An address would change with the link; a value does not. */
	if (result >> 28 == 4 && result != 0x40000000)
		print("  -> address\n");
	else
		print_value("  -> result", result);
}

void run_situation(const struct situation *one)
{
	if (one->modes & SUPERVISOR)
		run_in(one, SUPERVISOR);
	if (one->modes & USER)
		run_in(one, USER);
}

void run_situations(const struct situation *from, const struct situation *to)
{
	for (; from < to; from++) {
		if (from->run)
			run_situation(from);
		else
			heading(from->name);
	}
}
