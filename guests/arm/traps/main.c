/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every trap of ARMv7-A that the board can raise without HYP and monitor modes (see the
 * guests hyp and monitor), one line for each.
 */
#include "situation.h"

extern const struct situation situations_undefined[], situations_calls[], situations_modes[],
    situations_coprocessors_off[], situations_coprocessors_disabled[],
    situations_coprocessors_privileged[], situations_coprocessors_on[], situations_prefetch[],
    situations_data[], situations_external[], situations_access_flag[],
    situations_alignment_always[], situations_alignment_checked[];

#define SCTLR_A   0x00000002u
#define SCTLR_AFE 0x20000000u
#define FPEXC_EN  0x40000000u

static void set_cpacr(u32 access)
{
    MCR(15, 0, 1, 0, 2, access << 20);
}

static void check_coprocessors(void)
{
    set_cpacr(0xf);
    asm volatile(".fpu neon-vfpv4\n\tvmsr fpexc, %0" : : "r"(0));
    run_group(situations_coprocessors_disabled);
    set_cpacr(0);
    run_group(situations_coprocessors_off);
    set_cpacr(5);
    asm volatile("vmsr fpexc, %0\n\tvmsr fpscr, %1" : : "r"(FPEXC_EN), "r"(0));
    run_group(situations_coprocessors_privileged);
    set_cpacr(0xf);
    run_group(situations_coprocessors_on);
    set_cpacr(0);
}

/* Every handler of a chain traps again, in its own mode, until the chain is over. */
static void check_nesting(void)
{
    begin("nested traps");
    nesting = 6;
    asm volatile("svc #0x66" : : : "lr", "memory");
    result("left", nesting);
}

static void check_access_flag(void)
{
    SET_SCTLR(SCTLR() | SCTLR_AFE);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
    run_group(situations_access_flag);
    SET_SCTLR(SCTLR() & ~SCTLR_AFE);
    MCR(15, 0, 8, 7, 0, 0);
    barrier();
}

static void check_alignment(void)
{
    run_group(situations_alignment_always);
    SET_SCTLR(SCTLR() | SCTLR_A);
    run_group(situations_alignment_checked);
    SET_SCTLR(SCTLR() & ~SCTLR_A);
}

int main(void)
{
    SET_VBAR(low_vectors);
    MCR(15, 0, 14, 1, 0, 0);               /* CNTKCTL: user has no timers */
    MCR(15, 0, 9, 14, 0, 0);               /* PMUSERENR */
    print("== undefined, MMU off\n");
    run_group(situations_undefined);
    map_on();
    print("== calls\n");
    run_group(situations_calls);
    print("== modes\n");
    run_group(situations_modes);
    print("== coprocessors\n");
    check_coprocessors();
    print("== prefetch aborts\n");
    run_group(situations_prefetch);
    print("== data aborts\n");
    run_group(situations_data);
    check_access_flag();
    print("== translation operations\n");
    check_translation_operations();
    print("== nesting\n");
    check_nesting();
    print("== vectors\n");
    check_vectors();
    print("== changing code and translations\n");
    check_code_changes();
    print("== interrupts\n");
    check_interrupts();
    print("== long descriptors\n");
    check_long_descriptors();
    print("== alignment\n");
    check_alignment();
    print("== external aborts\n");
    run_group(situations_external);
    print("== done: ");
    print_dec(trap_count);
    print(" traps\n");
    return 0;
}
