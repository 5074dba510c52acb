/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point registers, switched lazily: they are closed to everyone but their owner, and a
 * process becomes the owner by the trap that its first floating point instruction takes.
 */
#include "nucleus.h"

static struct process *owner;

void fpu_take(void)
{
    fpu_open();
    if (owner == current)
        return;
    if (owner)
        fpu_save(&owner->fpu);
    if (!current->fpu_used)
        fpu_reset(&current->fpu);
    current->fpu_used = 1;
    fpu_load(&current->fpu);
    owner = current;
}

void fpu_switch(void)
{
    if (owner == current)
        fpu_open();
    else
        fpu_close();
}

void fpu_fork(struct process *child)
{
    u32 flags = irq_save();
    if (owner == current) {
        fpu_save(&current->fpu);
        owner = 0;
        fpu_close();
    }
    child->fpu_used = current->fpu_used;
    child->fpu = current->fpu;
    irq_restore(flags);
}

void fpu_drop(void)
{
    if (owner == current)
        owner = 0;
}
