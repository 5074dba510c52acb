/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails on purpose: the last job of its queue points to where nothing answers.
   What a report says of it is tested (tests/testing). */
#include "leon3.h"

#define NOWHERE ((const struct job *)0x30000000)

struct job {
	const struct job *next;
	const char *name;
};

static const struct job jobs[] = {
	{&jobs[1], "count"},
	{&jobs[2], "sort"},
	{NOWHERE, "print"},
};

void trap(struct trap_frame *frame)
{
	print("unexpected trap");
	print_field("tt", frame->vector);
	print_field("pc", frame->pc);
	print("\n");
	exit_guest(1);
}

static __attribute__((noinline)) void do_job(const struct job *job)
{
	print("job ");
	print(job->name);
	print("\n");
}

int main(void)
{
	print("queue: begins\n");
	for (const struct job *job = jobs; job; job = job->next)
		do_job(job);
	print("queue: done\n");
	return 0;
}
