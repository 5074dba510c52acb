/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers of modelled devices: they run without Python where nothing else is due.
 *
 * Python looks at a count, event_at, and its clock waits for a cycle, event_cycle; so does a
 * modelled timer.  Whatever is due together runs in Python, in the order in which it was asked
 * for (vmm/machine/clock.py), and so does what a model cannot do.
 */
#include "models.h"

/* Which runs first: FIRST, or the one of V's own that does. */
static struct vmm_model *first_of(struct vmm_cpu *v, struct vmm_model *first)
{
    for (uint32_t i = 0; i < v->model_count; i++) {
        struct vmm_model *m = &v->models[i];
        if (m->timer && m->timer->cycle != VMM_NEVER
            && (!first || m->timer->cycle < first->timer->cycle
                || (m->timer->cycle == first->timer->cycle
                    && m->timer->order < first->timer->order)))
            first = m;
    }
    return first;
}

/* The model whose timer runs first, whichever processor's it is, or NULL. */
struct vmm_model *vmm_next_timer(struct vmm_cpu *v)
{
    struct vmm_model *first = first_of(v, NULL);

    for (struct vmm_cpu *peer = v->peer; peer && peer != v; peer = peer->peer)
        first = first_of(peer, first);
    return first;
}

/* The count at which the guest must be left: for Python, or for a timer. */
int64_t vmm_next_look(struct vmm_cpu *v)
{
    const struct vmm_model *first = vmm_next_timer(v);
    int64_t cycle = v->event_cycle;

    if (first && first->timer->cycle < cycle)
        cycle = first->timer->cycle;
    return cycle - v->idle < v->event_at ? cycle - v->idle : v->event_at;
}

/* Have TIMER's device called back at CYCLE, and at no other time. */
void vmm_timer_set(struct vmm_cpu *v, struct vmm_timer *timer, int64_t cycle)
{
    timer->cycle = cycle;
    timer->order = ++*v->clock_sequence;
    vmm_rearm(v);
}

static bool expire(struct vmm_cpu *v, struct vmm_model *m)
{
    switch (m->kind) {
    case VMM_MODEL_I8254: return vmm_i8254_expire(v, m);
    case VMM_MODEL_GPTIMER: return vmm_gptimer_expire(v, m);
    case VMM_MODEL_LOCAL_APIC: return vmm_local_apic_expire(v, m);
    case VMM_MODEL_GENERIC_TIMER: return vmm_generic_timer_expire(v, m);
    default: return false;
    }
}

/* Whether there may be something for Python to see at this look. */
static bool for_python(const struct vmm_cpu *v)
{
    return v->look || v->stop_requested || v->breakpoint_hit || v->access_count
        || v->reason != VMM_REASON_NONE || !v->models_on || vmm_count(v) >= v->event_at
        || vmm_cycles(v) >= v->event_cycle;
}

/* Run all timers that are due; false if Python is to run what is left of them. */
bool vmm_expire_due(struct vmm_cpu *v)
{
    struct vmm_model *first;

    while ((first = vmm_next_timer(v)) && first->timer->cycle <= vmm_cycles(v)) {
        if (!expire(v, first))
            return false;
        vmm_clear_hot(v);
    }
    return true;
}

/* At a look: run the timers that are due; false if Python is to look. */
bool vmm_timers_run(struct vmm_cpu *v)
{
    const struct vmm_model *first = vmm_next_timer(v);

    if (for_python(v) || !first || first->timer->cycle > vmm_cycles(v))
        return false;
    return vmm_expire_due(v);
}
