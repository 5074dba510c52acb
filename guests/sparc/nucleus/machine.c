/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LEON3's board: IRQMP, GPTIMER, no command line; and the floating point switch. */
#include "../../nucleus/nucleus.h"

#define SCALE 39                           /* 40 MHz: the timer counts microseconds */
#define TIMER (GPTIMER + GPTIMER_TIMER(1))

void kernel(const char *command_line);

#ifdef PARA
extern const u32 para_entry[];
#endif
u32 timer_level;

void machine_open(void)
{
#ifdef PARA
    para_open();
    hyper(HYPER_TRAPS, (u32)para_entry, 0);
#endif
    timer_level = get32(GPTIMER + GPTIMER_CONFIG) >> 3 & 31;
}

void timer_open(u32 tick)
{
    put32(GPTIMER + GPTIMER_SRELOAD, SCALE);
    put32(GPTIMER + GPTIMER_SCALER, SCALE);
    put32(TIMER + TIMER_RELOAD, tick - 1);
    put32(TIMER + TIMER_CONTROL, TIMER_EN | TIMER_LD | TIMER_RS | TIMER_IE);
    put32(IRQMP + IRQMP_MASK, 1 << timer_level);
}

void timer_close(void)
{
    put32(TIMER + TIMER_CONTROL, 0);
    put32(IRQMP + IRQMP_MASK, 0);
}

void fpu_open(void)
{
    fpu_enable(1);
    current->frame->psr |= PSR_EF;
}

void fpu_close(void)
{
    fpu_enable(0);
    current->frame->psr &= ~PSR_EF;
}

int main(void)
{
    kernel("");
    return 0;
}
