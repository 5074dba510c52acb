/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code below 1 MiB, for virtual-8086 and real mode, and other rings' privileges. */
#include "situation.h"

#define EFLAGS_IOPL3 0x3000

extern const u8 low_code[], low_code_end[], real_handler[], real_divide[], real_invalid[];
extern u32 initial_flags;

void prepare_low_code(void)
{
    u8 *target = (u8 *)LOW_CODE;
    __asm__("" : "+r"(target));            /* no object begins there, as far as C knows */
    for (const u8 *from = low_code; from < low_code_end; from++)
        *target++ = *from;
}

static void set_vector(u32 vector, const u8 *handler)
{
    u32 *entry = (u32 *)(vector * 4);
    __asm__("" : "+r"(entry));
    *entry = LOW_SEGMENT << 16 | (u32)(handler - low_code);
}

void prepare_real_mode(void)
{
    prepare_low_code();
    set_vector(0, real_divide);
    set_vector(6, real_invalid);
    set_vector(0x40, real_handler);
}

void prepare_iopl3(void) { initial_flags = EFLAGS_IOPL3 | 2; }
void prepare_no_bitmap(void) { tss_main.tss.io_base = 0xffff; }
