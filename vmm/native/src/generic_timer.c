/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ARM generic timer's comparators (vmm/devices/generic_timer.py says what they do).
 *
 * Each comparator is a model without an address: its registers are system registers, of the
 * processor that the model belongs to.  Time is the same for all, and that of V, which runs.
 */
#include "models.h"

/* As vmm/cpu/arm/timer.py names them: crn << 16 | crm << 12 | opc1 << 8 | opc2 << 4. */
#define REGISTER(crn, opc1, crm, opc2) ((crn) << 16 | (crm) << 12 | (opc1) << 8 | (opc2) << 4)
enum {
    CNTP_TVAL = REGISTER(14, 0, 2, 0), CNTP_CTL = REGISTER(14, 0, 2, 1),
    CNTV_TVAL = REGISTER(14, 0, 3, 0), CNTV_CTL = REGISTER(14, 0, 3, 1),
    CNTHP_TVAL = REGISTER(14, 4, 2, 0), CNTHP_CTL = REGISTER(14, 4, 2, 1),
    CNTP_CVAL = REGISTER(0, 2, 14, 0), CNTV_CVAL = REGISTER(0, 3, 14, 0),
    CNTHP_CVAL = REGISTER(0, 6, 14, 0)
};
enum { ENABLE = 1, IMASK = 2, ISTATUS = 4 };
enum { PHYSICAL, VIRTUAL, HYPERVISOR, SECURE };
enum what { CONTROL, VALUE, COMPARE };

static int64_t ticks(const struct vmm_cpu *v)
{
    return vmm_cycles(v) >> v->counter_shift;
}

/* What comparator N compares with. */
static uint64_t counter(const struct vmm_cpu *v, const struct vmm_generic_timer *s, uint32_t n)
{
    return (uint64_t)ticks(v) - (n == VIRTUAL ? s->virtual_offset : 0);
}

/* The line to its level, and the timer to when that changes. */
static void update(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_generic_timer *s = m->state;
    uint32_t n = m->source;
    uint64_t count = counter(v, s, n);
    bool fired = s->control[n] & ENABLE && count >= s->compare[n];

    m->timer->cycle = VMM_NEVER;
    vmm_gic_line(v, m->pins, m->processor, m->irq, fired && !(s->control[n] & IMASK));
    if (s->control[n] & ENABLE && !fired) {
        unsigned __int128 tick = (unsigned __int128)(s->compare[n] - count) + (uint64_t)ticks(v);
        unsigned __int128 cycle = tick << v->counter_shift;

        if (tick < (uint64_t)VMM_NEVER)
            vmm_timer_set(v, m->timer, cycle < (uint64_t)VMM_NEVER ? (int64_t)cycle : VMM_NEVER);
    }
}

static uint64_t read(struct vmm_cpu *v, const struct vmm_generic_timer *s, uint32_t n,
                     enum what what)
{
    switch (what) {
    case CONTROL:
        return s->control[n]
            | (s->control[n] & ENABLE && counter(v, s, n) >= s->compare[n] ? ISTATUS : 0);
    case VALUE: return (uint32_t)(s->compare[n] - counter(v, s, n));
    default: return s->compare[n];
    }
}

static void write(struct vmm_cpu *v, struct vmm_model *m, enum what what, uint64_t value)
{
    struct vmm_generic_timer *s = m->state;
    uint32_t n = m->source;

    switch (what) {
    case CONTROL: s->control[n] = value & (ENABLE | IMASK); break;
    case VALUE: s->compare[n] = counter(v, s, n) + (uint64_t)(int64_t)(int32_t)value; break;
    default: s->compare[n] = value; break;
    }
    update(v, m);
    vmm_clear_hot(v);
}

static struct vmm_model *comparator(struct vmm_cpu *v, uint32_t n)
{
    for (uint32_t i = 0; i < v->model_count; i++)
        if (v->models[i].kind == VMM_MODEL_GENERIC_TIMER && v->models[i].source == n)
            return &v->models[i];
    return NULL;
}

/* An access to a system register, SECURE one of a banked one's two instances; what was read is
 * left in VALUE.  False if Python is to answer. */
bool vmm_generic_timer_access(struct vmm_cpu *v, uint32_t id, bool secure, bool is_write,
                              uint64_t *value)
{
    struct vmm_model *m;
    enum what what;
    uint32_t n;

    switch (id) {
    case CNTP_CTL: n = PHYSICAL; what = CONTROL; break;
    case CNTP_TVAL: n = PHYSICAL; what = VALUE; break;
    case CNTP_CVAL: n = PHYSICAL; what = COMPARE; break;
    case CNTV_CTL: n = VIRTUAL; what = CONTROL; break;
    case CNTV_TVAL: n = VIRTUAL; what = VALUE; break;
    case CNTV_CVAL: n = VIRTUAL; what = COMPARE; break;
    case CNTHP_CTL: n = HYPERVISOR; what = CONTROL; break;
    case CNTHP_TVAL: n = HYPERVISOR; what = VALUE; break;
    case CNTHP_CVAL: n = HYPERVISOR; what = COMPARE; break;
    default: return false;
    }
    m = comparator(v, secure ? SECURE : n);
    if (!v->models_on || !m)
        return false;
    if (is_write)
        write(v, m, what, *value);
    else
        *value = read(v, m->state, m->source, what);
    return true;
}

bool vmm_generic_timer_expire(struct vmm_cpu *v, struct vmm_model *m)
{
    update(v, m);
    return true;
}
