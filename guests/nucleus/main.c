/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot, the kernel's command line, and the end. */
#include "nucleus.h"

extern const char user_start[];

/* What to run unless the command line says otherwise: "storm=forks rounds=10 tick=500".  No rounds:
 * as many as take some tens of millions of instructions.  A tick is in microseconds. */
#ifndef STORM
#define STORM "all"
#endif
#ifndef ROUNDS
#define ROUNDS 0
#endif

u32 tick_length = TICK;                    /* a debugger may change it where no command line can */

const char *const storm_names[] = {
    "all", "compute", "syscalls", "switches", "forks", "io", "boot", 0,
};
#define BOOT 6
#define BOOT_ROUNDS 128

static int same(const char *word, const char *text)
{
    while (*word && *word == *text)
        word++, text++;
    return !*word && (!*text || *text == ' ');
}

/* The text behind `key`, or null. */
static const char *option(const char *line, const char *key)
{
    for (; *line; line++) {
        const char *text = line, *letter = key;
        while (*letter && *letter == *text)
            letter++, text++;
        if (!*letter)
            return text;
    }
    return 0;
}

static u32 storm_number(const char *name)
{
    for (u32 i = 0; storm_names[i]; i++)
        if (same(storm_names[i], name))
            return i;
    print("nucleus: no such storm; there are:");
    for (u32 i = 0; storm_names[i]; i++) {
        putch(' ');
        print(storm_names[i]);
    }
    print("\n");
    exit_guest(1);
}

static u32 number(const char *text, u32 otherwise)
{
    u32 value = 0;
    if (!text)
        return otherwise;
    while (*text >= '0' && *text <= '9')
        value = value * 10 + (u32)(*text++ - '0');
    return value;
}

void kernel(const char *command_line)
{
    const char *name = option(command_line, "storm=");
    u32 rounds = number(option(command_line, "rounds="), ROUNDS);

    machine_open();
    u32 storm = storm_number(name ? name : STORM);
    print("nucleus: " ARCHITECTURE ", ");
    print_dec(FRAMES);
    print(" frames, storm ");
    print(storm_names[storm]);
    print("\n");
    frames_open();
    memory_test(storm == BOOT ? rounds ? rounds : BOOT_ROUNDS : 1);
    spaces_open();
    timer_open(number(option(command_line, "tick="), tick_length));
    process_first((u32)user_start, storm, rounds);
}

void panic(const char *what)
{
    irq_save();
    print("nucleus: panic: ");
    print(what);
    print("\n");
    exit_guest(1);
}

/* The first process has ended.  Interrupts are closed. */
void shutdown(u32 status)
{
    timer_close();
    print("memory   ");
    print_hex(memory_checksum());
    print("\n");
    memory_unmap(current, USER_BASE, USER_PAGES);
    if (frames_free() + SPACE_FRAMES != FRAMES)
        panic("frames were lost");
    print("nucleus: off\n");
    exit_guest((int)status);
}
