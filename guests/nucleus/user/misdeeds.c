/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that do what a user must not: each must end by a signal, and nobody else notice. */
#include "user.h"

static u32 read_kernel(u32 a, u32 b)
{
    (void)a, (void)b;
    return try_load(kernel_address);
}

static u32 write_kernel(u32 a, u32 b)
{
    (void)a, (void)b;
    return try_store(kernel_address);
}

static u32 write_text(u32 a, u32 b)
{
    (void)a, (void)b;
    return try_store((u32)try_store & ~3u);
}

static u32 be_privileged(u32 a, u32 b)
{
    (void)a, (void)b;
    return try_privileged();
}

/* The stack ends long before. */
static __attribute__((noinline)) u32 recurse(u32 depth, u32 seed)
{
    volatile u32 mark = seed + depth;
    return depth ? recurse(depth - 1, mark) + mark : seed;
}

static u32 lose_stack(u32 sp, u32 b)
{
    (void)b;
    return try_stack(sp);
}

static u32 borrow_stack(u32 a, u32 b)
{
    (void)a, (void)b;
    return try_stack(kernel_address + 0x400);
}

static const struct {
    u32 (*commit)(u32 a, u32 b);
    u32 argument;
} deeds[] = {
    {read_kernel, 0}, {write_kernel, 0}, {write_text, 0}, {be_privileged, 0},
    {recurse, 0x100000},
    {lose_stack, 0x00000100}, {lose_stack, 0x10000100}, {lose_stack, 0xfffffff0},
    {borrow_stack, 0},
};

u32 misdeeds(void)
{
    u32 punished = 0;
    for (u32 i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        u32 status = finish(begin(deeds[i].commit, deeds[i].argument, 0));
        if (status - CALL_SIGNALLED <= SIGSEGV)
            punished++;
        else
            say("a misdeed went unpunished\n");
    }
    return punished;
}
