/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first process: runs one workload or all, and says their checksums. */
#include "user.h"

static const struct {
    const char *name;
    u32 (*run)(u32 rounds);
    u32 rounds;
} storms[] = {
    {"compute  ", compute, 100},
    {"syscalls ", syscalls, 100},
    {"switches ", switches, 50},
    {"forks    ", forks, 100},
    {"io       ", io, 150},
    {"boot     ", boot, 1},
};
#define STORMS (sizeof storms / sizeof *storms)

void say(const char *text)
{
    u32 length = 0;
    while (text[length])
        length++;
    call(CALL_WRITE, (u32)text, length, 0);
}

void say_checksum(const char *name, u32 sum)
{
    char line[32], *letter = line;
    while (*name)
        *letter++ = *name++;
    for (int shift = 28; shift >= 0; shift -= 4)
        *letter++ = "0123456789abcdef"[sum >> shift & 15];
    *letter++ = '\n';
    call(CALL_WRITE, (u32)line, (u32)(letter - line), 0);
}

u32 begin(u32 (*body)(u32 argument, u32 rounds), u32 argument, u32 rounds)
{
    u32 pid = call(CALL_FORK, 0, 0, 0);
    if (pid == 0)
        call(CALL_EXIT, body(argument, rounds), 0, 0);
    return pid;
}

u32 finish(u32 pid)
{
    return call(CALL_WAIT, pid, 0, 0);
}

u32 user_main(u32 storm, u32 rounds)
{
    for (u32 i = 0; i < STORMS; i++)
        if (storm == 0 || storm == i + 1)
            say_checksum(storms[i].name, storms[i].run(rounds ? rounds : storms[i].rounds));
    return 0;
}
