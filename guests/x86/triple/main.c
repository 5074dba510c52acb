/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A triple fault: no gate for #UD, none for the #GP that follows, none for #DF.
 * The processor shuts down and the board resets, so nothing after it is printed. */
#include "../runtime/ports.h"

#define COM1_LSR   0x3fd
#define LSR_TEMT   0x40
#define WAIT_LIMIT 100000000

struct table_register {
    u16 limit;
    u32 base;
} __attribute__((packed));

int main(void)
{
    struct table_register empty = {0, 0};
    print("triple: shutting down\n");
    for (int i = 0; i < WAIT_LIMIT && !(inb(COM1_LSR) & LSR_TEMT); i++)
        ;
    __asm__ volatile("lidt %0; ud2" : : "m"(empty));
    print("triple: failed, still running\n");
    return 2;
}
