#include "print.h"

void print(const char *text)
{
    while (*text)
        putch(*text++);
}

void print_hex(u32 value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        putch("0123456789abcdef"[value >> shift & 15]);
}

void print_dec(u32 value)
{
    char digits[10];
    int count = 0;
    do {
        /* Divide by ten without a library routine: exact for 32 bits. */
        u32 tenth = (u32)((u64)value * 0xcccccccdull >> 35);
        digits[count++] = (char)('0' + (value - tenth * 10));
        value = tenth;
    } while (value);
    while (count)
        putch(digits[--count]);
}

void print_field(const char *name, u32 value)
{
    putch(' ');
    print(name);
    putch('=');
    print_hex(value);
}

void print_value(const char *name, u32 value)
{
    print(name);
    putch('=');
    print_hex(value);
    putch('\n');
}
