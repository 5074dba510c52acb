/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A GPTIMER without chains, clocked like the processor (vmm/devices/gptimer.py says what it does). */
#include "models.h"

enum { SCALER = 0x00, SRELOAD = 0x04, SCALER_BITS = 0xffff };
enum { COUNTER = 0x0, RELOAD = 0x4, CONTROL = 0x8 };
enum { EN = 1, RS = 2, LD = 4, IE = 8, IP = 16, CH = 32 };

static unsigned timers(const struct vmm_model *m)
{
    return m->source;
}

/* Whether everything is as it is known here. */
static bool known(const struct vmm_model *m)
{
    const struct vmm_gptimer *s = m->state;
    const struct vmm_irqmp *controller = m->pins;

    for (unsigned n = 0; n < timers(m); n++)
        if (s->control[n] & CH || controller->inputs >> (m->irq + n) & 1)
            return false;
    return true;
}

static bool running(const struct vmm_model *m)
{
    const struct vmm_gptimer *s = m->state;

    for (unsigned n = 0; n < timers(m); n++)
        if (s->control[n] & EN)
            return true;
    return false;
}

/* Count a timer down; whether it has underflowed. */
static bool decrement(struct vmm_gptimer *s, unsigned n, int64_t ticks)
{
    if (!(s->control[n] & EN))
        return false;
    if (ticks <= s->counter[n]) {
        s->counter[n] -= (uint32_t)ticks;
        return false;
    }
    if (!(s->control[n] & RS)) {
        s->counter[n] = 0xffffffff;
        s->control[n] &= ~(uint32_t)EN;
        return true;
    }
    ticks -= (int64_t)s->counter[n] + 1;
    s->counter[n] = s->reload[n] - (uint32_t)(ticks % ((int64_t)s->reload[n] + 1));
    return true;
}

static void catch_up(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_gptimer *s = m->state;
    int64_t now = vmm_cycles(v), elapsed = now - s->since;
    int64_t period = (int64_t)s->scaler_reload + 1, beyond;
    bool underflow[GPTIMER_TIMERS];

    s->since = now;
    if (elapsed <= 0 || !running(m))
        return;
    if (elapsed <= s->scaler) {
        s->scaler -= (uint32_t)elapsed;
        return;
    }
    beyond = elapsed - ((int64_t)s->scaler + 1);
    s->scaler = s->scaler_reload - (uint32_t)(beyond % period);
    for (unsigned n = 0; n < timers(m); n++)
        underflow[n] = decrement(s, n, 1 + beyond / period);
    if (!running(m))
        s->scaler = s->scaler_reload;
    for (unsigned n = 0; n < timers(m); n++)
        if (underflow[n] && s->control[n] & IE) {
            s->control[n] |= IP;
            vmm_irqmp_pulse(v, m->pins, m->irq + n);
        }
}

static void schedule(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_gptimer *s = m->state;
    int64_t ticks = VMM_NEVER, due;

    for (unsigned n = 0; n < timers(m); n++)
        if ((s->control[n] & (IE | EN)) == (IE | EN) && (int64_t)s->counter[n] + 1 < ticks)
            ticks = (int64_t)s->counter[n] + 1;
    if (ticks == VMM_NEVER) {
        m->timer->cycle = VMM_NEVER;
        return;
    }
    due = s->since + s->scaler + 1 + (ticks - 1) * ((int64_t)s->scaler_reload + 1);
    if (m->timer->cycle == VMM_NEVER || due != s->due) {
        s->due = due;
        vmm_timer_set(v, m->timer, due);
    }
}

bool vmm_gptimer_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value)
{
    const struct vmm_gptimer *s = m->state;
    uint32_t n = (offset >> 4) - 1;

    if (!known(m) || (offset > SRELOAD && n >= timers(m)) || (offset & 0xf) > CONTROL)
        return false;
    catch_up(v, m);
    schedule(v, m);
    switch (offset < 0x10 ? offset : 0x10 | (offset & 0xf)) {
    case SCALER: *value = s->scaler; break;
    case SRELOAD: *value = s->scaler_reload; break;
    case 0x10 | COUNTER: *value = s->counter[n]; break;
    case 0x10 | RELOAD: *value = s->reload[n]; break;
    default: *value = s->control[n]; break;
    }
    return true;
}

static void write_control(struct vmm_gptimer *s, uint32_t n, uint32_t value)
{
    s->control[n] = (value & (EN | RS | IE)) | (s->control[n] & IP & ~value);
    if (value & LD)
        s->counter[n] = s->reload[n];
}

bool vmm_gptimer_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value)
{
    struct vmm_gptimer *s = m->state;
    uint32_t n = (offset >> 4) - 1, reg = offset & 0xf;

    if (!known(m) || (offset > SRELOAD && n >= timers(m)) || reg > CONTROL
        || (offset > SRELOAD && reg == CONTROL && value & CH))
        return false;
    catch_up(v, m);
    switch (offset < 0x10 ? offset : 0x10 | reg) {
    case SCALER: s->scaler = value & SCALER_BITS; break;
    case SRELOAD: s->scaler_reload = s->scaler = value & SCALER_BITS; break;
    case 0x10 | COUNTER: s->counter[n] = value; break;
    case 0x10 | RELOAD: s->reload[n] = value; break;
    default: write_control(s, n, value); break;
    }
    schedule(v, m);
    return true;
}

bool vmm_gptimer_expire(struct vmm_cpu *v, struct vmm_model *m)
{
    if (!known(m))
        return false;
    m->timer->cycle = VMM_NEVER;
    catch_up(v, m);
    schedule(v, m);
    return true;
}
