/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine prints.
 *
 * A failed assertion prints to stdout, which is the guest's console, and some
 * other failures print to stderr.  The engine's entries for these functions
 * lead here instead: the text is kept, and becomes the reason when the engine
 * gives up right after (abort.c).
 */
#define _GNU_SOURCE
#include "vmm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __thread char said[200];
static __thread uint64_t times;

static void keep(const char *text, size_t length)
{
    times++;
    while (length && (text[length - 1] == '\n' || text[length - 1] == ' '))
        length--;
    if (!length)
        return;
    if (length >= sizeof said)
        length = sizeof said - 1;
    memcpy(said, text, length);
    said[length] = 0;
}

static int keep_list(const char *format, va_list list)
{
    char text[sizeof said];
    int length = vsnprintf(text, sizeof text, format, list);

    keep(text, strlen(text));
    return length;
}

/* Put into TEXT what the engine said last on this thread, "" if nothing; it is forgotten. */
void vmm_engine_said(char *text, size_t size)
{
    snprintf(text, size, "%s", said);
    said[0] = 0;
}

/* How often the engine wanted to print on this thread. */
uint64_t vmm_engine_prints(void)
{
    return times;
}

static int engine_printf(const char *format, ...)
{
    va_list list;
    int length;

    va_start(list, format);
    length = keep_list(format, list);
    va_end(list);
    return length;
}

static int engine_fprintf(FILE *file, const char *format, ...)
{
    va_list list;
    int length;

    (void)file;
    va_start(list, format);
    length = keep_list(format, list);
    va_end(list);
    return length;
}

static int engine_puts(const char *text)
{
    keep(text, strlen(text));
    return 1;
}

static int engine_fputs(const char *text, FILE *file)
{
    (void)file;
    return engine_puts(text);
}

static int engine_putchar(int character)
{
    char text = (char)character;

    keep(&text, 1);
    return character;
}

static int engine_fputc(int character, FILE *file)
{
    (void)file;
    return engine_putchar(character);
}

static size_t engine_fwrite(const void *data, size_t size, size_t count, FILE *file)
{
    (void)file;
    keep(data, size * count);
    return count;
}

static void engine_perror(const char *text)
{
    keep(text, strlen(text));
}

/* Take the engine's output.  Returns 0, or -1 if its imports are not as known. */
int vmm_take_output(const void *map)
{
    static const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"printf", (void *)(uintptr_t)engine_printf},   {"fprintf", (void *)(uintptr_t)engine_fprintf},
        {"puts", (void *)(uintptr_t)engine_puts},       {"fputs", (void *)(uintptr_t)engine_fputs},
        {"putchar", (void *)(uintptr_t)engine_putchar}, {"fputc", (void *)(uintptr_t)engine_fputc},
        {"fwrite", (void *)(uintptr_t)engine_fwrite},   {"perror", (void *)(uintptr_t)engine_perror},
    };

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (vmm_redirect_import(map, functions[i].name, functions[i].to) != 0)
            return -1;
    return 0;
}
