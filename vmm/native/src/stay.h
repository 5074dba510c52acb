/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decides whether generated code is left (stay.c). */
#ifndef VMM_STAY_H
#define VMM_STAY_H

#include "vmm.h"
#include "offsets.h"

/* Whether nothing asks for the engine's loop. */
static inline bool vmm_may_stay(const struct vmm_cpu *v)
{
    return !FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) && !FIELD(uint8_t, v->cpu, CPU_EXIT_REQUEST);
}

#endif
