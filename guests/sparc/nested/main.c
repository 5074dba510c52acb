/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One level of nesting: a kernel runs on the machine, then in user mode under a
 * trap-and-emulate monitor that is itself a guest, and must say the same twice. */
#include "nested.h"

int main(void)
{
	print("at home\n");
	run_at_home();
	u32 home = kernel_log;

	kernel_log = 0;
	print("in a monitor\n");
	guest.psr = get_psr() & ~(PSR_PS | PSR_ET | PSR_CWP);
	guest.psr |= PSR_S | PSR_PIL;
	guest.virtual_psr = PSR_S | PSR_PIL;
	guest.pc = (u32)kernel_start;
	guest.npc = guest.pc + 4;
	run_monitored();
	print("the same: ");
	print(kernel_log == home ? "yes\n" : "NO\n");
	exit_guest(kernel_log != home);
}
