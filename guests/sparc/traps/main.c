/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every trap class of SPARC V8, from supervisor and user mode, one line a trap. */
#include "traps.h"

u32 scratch[16] __attribute__((aligned(64)));

extern const struct situation cpu_situations[], cpu_situations_end[];
extern const struct situation ordinary_situations[], ordinary_situations_end[];
extern const struct situation fpu_situations[], fpu_situations_end[];

int main(void)
{
	print("== SPARC V8 traps\n");
	print_value("id: psr", get_psr() & 0xff000000);
	run_situations(cpu_situations, cpu_situations_end);
	run_situations(ordinary_situations, ordinary_situations_end);
	run_situations(fpu_situations, fpu_situations_end);
	window_situations();
	nested_situations();
	code_situations();
	mmu_situations();
	interrupt_situations();
	print("== done: ");
	print_dec(trap_count);
	print(" traps\n");
	return 0;
}
