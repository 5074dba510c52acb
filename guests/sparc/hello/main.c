/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest guest: says where it runs, and how much memory there is. */
#include "leon3.h"

#define RAM 0x40000000u
#define MEBIBYTE 0x100000u

static volatile int faulted;

/* Memory that is not there may answer with a trap: step over the access. */
void trap(struct trap_frame *frame)
{
	if (frame->vector != 9 && frame->vector != 0x2b) {
		print("unexpected trap");
		print_field("tt", frame->vector);
		print_field("pc", frame->pc);
		print("\n");
		exit_guest(1);
	}
	faulted = 1;
	frame->pc = frame->npc;
	frame->npc += 4;
}

static int is_memory(u32 address)
{
	volatile u32 *word = (volatile u32 *)address;
	u32 saved = *word;
	*word = ~address;
	u32 seen = *word;
	*word = saved;
	return !faulted && seen == ~address;
}

int main(void)
{
	u32 mebibytes = 1, asr17, psr = get_psr();
	__asm__ volatile("rd %%asr17, %0" : "=r"(asr17));

	print("hello from SPARC V8 on LEON3\n");
	print("id: processor implementation ");
	print_dec(psr >> 28);
	print(" version ");
	print_dec(psr >> 24 & 15);
	print(", ");
	print_dec((asr17 & 31) + 1);
	print(" register windows\n");

	while (mebibytes < 1024 && is_memory(RAM + mebibytes * MEBIBYTE))
		mebibytes++;
	print("memory: ");
	print_dec(mebibytes);
	print(" MiB at ");
	print_hex(RAM);
	print("\n");
	return 0;
}
