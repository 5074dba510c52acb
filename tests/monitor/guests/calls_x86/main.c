/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls with arguments that are wrong, and the shared page of a kernel that runs on. */
#include "../../../../guests/x86/runtime/cpu.h"
#include "../../../../guests/runtime/hypercall.h"

static u32 hyper(u32 number, u32 a, u32 b)
{
    __asm__ volatile("int %1" : "+a"(number) : "i"(HYPER_INT_X86), "b"(a), "c"(b) : "memory", "cc");
    return number;
}

static void say(const char *what, u32 value)
{
    print(what);
    print_field("gives", value);
    print("\n");
}

static u32 page[1024] __attribute__((aligned(4096)));
static struct hyper_update updates[2];

int main(void)
{
    struct hyper_shared *shared = (struct hyper_shared *)page;
    u32 entry = 5;

    say("query", hyper(HYPER_QUERY, 0, 0));
    say("unknown", hyper(99, 0, 0));
    say("far unknown", hyper(0xffffffff, 0, 0));
    say("page not aligned", hyper(HYPER_SHARED, (u32)page + 4, 0));
    say("page nowhere", hyper(HYPER_SHARED, 0xf0000000, 0));
    say("no updates", hyper(HYPER_UPDATE, (u32)updates, 0));
    say("too many updates", hyper(HYPER_UPDATE, (u32)updates, 0xffffffff));
    say("updates nowhere", hyper(HYPER_UPDATE, 0xfffffffc, 1));
    updates[0] = (struct hyper_update){(u32)&entry, 7};
    updates[1] = (struct hyper_update){(u32)&entry + 1, 8};
    say("one update", hyper(HYPER_UPDATE, (u32)updates, 1));
    say("entry", entry);
    say("second not aligned", hyper(HYPER_UPDATE, (u32)updates, 2));
    say("flush", hyper(HYPER_FLUSH, 0x12345, 0));
    say("page", hyper(HYPER_SHARED, (u32)page, 0));
    shared->interrupts = 1;
    say("opened", hyper(HYPER_OPENED, 0, 0));
    say("flag", shared->interrupts);
    shared->interrupts = 0;
    say("flag", shared->interrupts);
    hyper(HYPER_QUERY, 0, 0);
    say("flag", shared->interrupts);
    for (u32 i = 0; i < 1024; i++)
        page[i] = 0xffffffff;
    say("query", hyper(HYPER_QUERY, 0, 0));
    return 0;
}
