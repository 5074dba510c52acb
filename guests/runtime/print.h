/* The console of every guest: a machine's runtime supplies putch(). */
#ifndef PRINT_H
#define PRINT_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

void putch(char c);                        /* one byte, waits for the UART */
void exit_guest(int status) __attribute__((noreturn));

void print(const char *text);              /* text as it is */
void print_hex(u32 value);                 /* eight digits, no prefix */
void print_dec(u32 value);
void print_field(const char *name, u32 value); /* " name=0000abcd" */
void print_value(const char *name, u32 value); /* "name=0000abcd\n" */

#endif
