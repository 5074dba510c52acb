/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code written by the guest: patched in place, and built in a buffer. */
#include "traps.h"

extern const struct situation code_table[], code_table_end[];

static u32 buffer[64] __attribute__((aligned(64)));

static u32 call_buffer(u32 value)
{
	u32 sum = 0;
	for (u32 i = 0; i < 4; i++) {
		buffer[0] = 0x81c3e008;			/* retl */
		buffer[1] = 0x90102000 | (value + i);	/* mov value, %o0 */
		__asm__ volatile("flush %0\n\tflush %0 + 4\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop"
				 : : "r"(buffer) : "memory");
		sum = sum * 16 + ((u32 (*)(void))buffer)();
	}
	return sum;
}

void code_situations(void)
{
	run_situations(code_table, code_table_end);
	static const struct situation written = {"code_in_a_buffer", call_buffer, 3, BOTH};
	run_situation(&written);
}
