/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counter 0 of an 8254, and reads of counter 2, in modes 0, 2 and 3, binary, with the gate high
 * (vmm/devices/i8254.py); system control port B beside it. */
#include "models.h"

enum { FREQUENCY = 1193182, COUNTER0 = 0, COUNTER2 = 2, CONTROL = 3 };
enum { RW_LATCH, RW_LOW, RW_HIGH, RW_BOTH };

static int64_t now(const struct vmm_cpu *v)
{
    return (int64_t)((__int128)vmm_cycles(v) * FREQUENCY / v->clock_hz);
}

/* The first cycle of a tick. */
static int64_t cycle_of(const struct vmm_cpu *v, int64_t tick)
{
    return (int64_t)(((__int128)tick * v->clock_hz + FREQUENCY - 1) / FREQUENCY);
}

static bool known_mode(int32_t mode)
{
    return mode == 0 || mode == 2 || mode == 3;
}

static bool known(const struct vmm_i8254_counter *c)
{
    return known_mode(c->mode) && !c->bcd && c->gate && c->held == I8254_NONE;
}

static int64_t largest(int32_t count)
{
    return count ? count : 0x10000;
}

static void load(struct vmm_i8254_counter *c, int64_t start)
{
    c->count = c->reload;
    c->start = start;
    c->next_start = I8254_NONE;
}

/* A count that has taken over since is put in its place. */
static void settle(struct vmm_i8254_counter *c, int64_t at)
{
    if (c->mode != 0 && c->next_start != I8254_NONE && at >= c->next_start)
        load(c, c->next_start);
}

static int64_t elapsed(const struct vmm_i8254_counter *c, int64_t at)
{
    return c->start == I8254_NONE || at < c->start ? 0 : at - c->start;
}

/* What a read of the counting element gives. */
static int32_t value_of(const struct vmm_i8254_counter *c, int64_t at)
{
    int64_t n = largest(c->start == I8254_NONE ? c->reload : c->count), gone = elapsed(c, at);
    int64_t high = (n + 1) / 2, phase = gone % n;

    switch (c->mode) {
    case 0: return (int32_t)((n - gone) & 0xffff);
    case 2: return (int32_t)((n - phase) & 0xffff);
    default: return (int32_t)(((n & ~1) - 2 * (phase < high ? phase : phase - high)) & 0xffff);
    }
}

static bool output(const struct vmm_i8254_counter *c, int64_t at)
{
    int64_t n = largest(c->count), gone = elapsed(c, at);

    if (c->start == I8254_NONE)
        return c->mode != 0;
    switch (c->mode) {
    case 0: return gone >= n;
    case 2: return n == 1 || gone % n != n - 1;
    default: return gone % n < (n + 1) / 2;
    }
}

/* The next tick after AT at which the line must be looked at, or I8254_NONE. */
static int64_t next_change(const struct vmm_i8254_counter *c, int64_t at)
{
    int64_t n = largest(c->count), begin;

    if (c->start == I8254_NONE)
        return I8254_NONE;
    if (c->mode == 0)
        return c->start + n > at ? c->start + n : I8254_NONE;
    if (n == 1)
        return I8254_NONE;
    begin = at < c->start ? c->start : at - (at - c->start) % n;
    if (c->mode == 3 && at < begin + (n + 1) / 2)
        return begin + (n + 1) / 2;
    return begin + n;
}

/* Drive the line and ask for its next change. */
static void follow(struct vmm_cpu *v, struct vmm_model *m, struct vmm_i8254_counter *c)
{
    int64_t at = now(v), next;

    settle(c, at);
    vmm_i8259_line(v, m, output(c, at));
    next = next_change(c, at);
    if (next == I8254_NONE)
        m->timer->cycle = VMM_NEVER;
    else
        vmm_timer_set(v, m->timer, cycle_of(v, next));
}

static void new_count(struct vmm_i8254_counter *c, int32_t value, int64_t at)
{
    int64_t n = largest(c->count), periods;

    c->reload = value;
    if (c->mode != 0 && c->start != I8254_NONE) {
        periods = at >= c->start ? (at - c->start) / n + 1 : 0;
        c->next_start = c->start + periods * n;
    } else {
        load(c, at + 1);
    }
}

static void latch(struct vmm_i8254_counter *c, int64_t at)
{
    int32_t value = value_of(c, at), low = value & 0xff, high = value >> 8;

    if (c->latched_count)
        return;
    c->latched[0] = low;
    c->latched[1] = c->rw == RW_LOW ? low : high;
    c->latched_count = c->rw == RW_BOTH ? 2 : 1;
}

bool vmm_i8254_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value)
{
    struct vmm_i8254 *s = m->state;
    struct vmm_i8254_counter *c = &s->counters[offset];
    int32_t count;

    if ((offset != COUNTER0 && offset != COUNTER2) || !known(c))
        return false;
    settle(c, now(v));
    if (c->latched_status != I8254_NONE) {
        *value = (uint32_t)c->latched_status;
        c->latched_status = I8254_NONE;
        return true;
    }
    if (c->latched_count) {
        *value = (uint32_t)c->latched[1 - --c->latched_count];
        return true;
    }
    count = value_of(c, now(v));
    if (c->rw == RW_BOTH)
        c->high_next ^= 1;
    *value = (uint32_t)(c->rw == RW_LOW || (c->rw == RW_BOTH && c->high_next) ? count & 0xff
                                                                             : count >> 8);
    return true;
}

static void write_count(struct vmm_i8254_counter *c, int32_t value, int64_t at)
{
    if (c->rw == RW_LOW) {
        new_count(c, value, at);
    } else if (c->rw == RW_HIGH) {
        new_count(c, value << 8, at);
    } else if (c->low_written == I8254_NONE) {
        c->low_written = value;
        if (c->mode == 0)
            c->start = I8254_NONE;
    } else {
        value = value << 8 | c->low_written;
        c->low_written = I8254_NONE;
        new_count(c, value, at);
    }
}

static void set_mode(struct vmm_i8254_counter *c, int32_t mode, int32_t rw)
{
    c->mode = mode;
    c->rw = rw;
    c->start = c->next_start = I8254_NONE;
    c->low_written = c->latched_status = I8254_NONE;
    c->high_next = c->latched_count = 0;
}

/* A control word; false if it is for another counter or says something not known here. */
static bool write_control(struct vmm_cpu *v, struct vmm_model *m, struct vmm_i8254_counter *c,
                          int32_t value)
{
    int32_t rw = value >> 4 & 3, mode = value >> 1 & 7;

    if (mode >= 6)
        mode -= 4;
    if (value >> 6 != 0 || (rw != RW_LATCH && (value & 1 || !known_mode(mode))))
        return false;
    settle(c, now(v));
    if (rw == RW_LATCH) {
        latch(c, now(v));
    } else {
        set_mode(c, mode, rw);
        follow(v, m, c);
    }
    return true;
}

bool vmm_i8254_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value)
{
    struct vmm_i8254 *s = m->state;
    struct vmm_i8254_counter *c = &s->counters[0];

    if (!known(c))
        return false;
    if (offset == CONTROL)
        return write_control(v, m, c, value & 0xff);
    if (offset != COUNTER0)
        return false;
    settle(c, now(v));
    write_count(c, value & 0xff, now(v));
    follow(v, m, c);
    return true;
}

bool vmm_i8254_expire(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_i8254 *s = m->state;
    struct vmm_i8254_counter *c = &s->counters[0];

    if (!known(c))
        return false;
    m->timer->cycle = VMM_NEVER;
    if (c->mode == 2)
        vmm_i8259_line(v, m, false); /* the pulse that ends now */
    follow(v, m, c);
    return true;
}

/* A read of system control port B: what was written, the refresh toggle, and counter 2's output
 * (vmm/devices/pcspeaker_port.py). */
bool vmm_pc_speaker_read(struct vmm_cpu *v, struct vmm_model *m, uint64_t *value)
{
    enum { REFRESH = 0x10, OUT2 = 0x20, REFRESH_DIVIDER = 18 };
    const struct vmm_pc_speaker *s = m->state;
    struct vmm_i8254 *pit = m->pins;
    struct vmm_i8254_counter *c = &pit->counters[COUNTER2];
    int64_t at = now(v);

    if (!known(c))
        return false;
    settle(c, at);
    *value = s->control | (at / REFRESH_DIVIDER & 1 ? REFRESH : 0) | (output(c, at) ? OUT2 : 0);
    return true;
}
