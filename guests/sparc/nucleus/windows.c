/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of window handling that can wait until faults are ordinary. */
#include "../../nucleus/nucleus.h"

#define WINDOW 64                          /* bytes of a window on the stack */

void windows_forget(struct windows *windows)
{
    windows->low = 1;                      /* no %sp that is a multiple of eight is there */
    windows->room = 0;
}

void windows_open(struct windows *windows)
{
    windows->next = (u32)windows->window;
    windows_forget(windows);
}

/* Makes the memory of a window at `sp` the range that may be spilled to and filled from. */
int windows_use(u32 sp)
{
    struct windows *windows = &current->windows;
    if (sp % 8 || !user_page(sp, STORE) || !user_page(sp + WINDOW - 1, STORE))
        return 0;
    windows->low = sp & ~(PAGE - 1);
    windows->room = ((sp + WINDOW - 1) | (PAGE - 1)) + 1 - windows->low - WINDOW;
    return 1;
}

/* The calls below may spill more of them. */
void windows_drain(void)
{
    struct windows *windows = &current->windows;
    for (u32 i = 0; (u32)&windows->window[i] < windows->next; i++) {
        u32 sp = windows->window[i].sp;
        if (sp % 8 || !copy_to_user(sp, windows->window[i].registers, WINDOW))
            process_exit(CALL_SIGNALLED + SIGSEGV);
    }
    windows->next = (u32)windows->window;
}
