/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC (vmm/devices/local_apic.py says what it does). */
#include "models.h"

enum {
    ID = 0x020, VERSION = 0x030, TPR = 0x080, APR = 0x090, PPR = 0x0a0, EOI = 0x0b0, LDR = 0x0d0,
    DFR = 0x0e0, SVR = 0x0f0, ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280, ICR = 0x300,
    ICR_HIGH = 0x310, LVT = 0x320, INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0
};
enum { TIMER = 0, LINT0 = 3, ERROR = 5, ENTRIES = 6 };
enum { FIXED = 0, LOWEST = 1, NMI = 4, INIT = 5, EXTINT = 7 };
enum { SVR_ENABLE = 0x100, SVR_BITS = 0x3ff, MASKED = 0x10000, PERIODIC = 0x20000 };
enum { ICR_BITS = 0xccfff, ICR_LOGICAL = 0x800, ICR_ASSERT = 0x4000 };
enum { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };
enum { ERROR_SEND_VECTOR = 0x20, ERROR_RECEIVE_VECTOR = 0x40, FIRST_VECTOR = 16 };
enum { NOTHING = -1, EVERYBODY = 0xff, VERSION_VALUE = 0x14 | (ENTRIES - 1) << 16 };
#define HIGH_BYTE 0xff000000u
#define DFR_MODEL 0xf0000000u

static int highest(const uint32_t *set)
{
    for (int word = 7; word >= 0; word--)
        if (set[word])
            return 32 * word + 31 - __builtin_clz(set[word]);
    return NOTHING;
}

static void include(uint32_t *set, unsigned vector, bool present)
{
    uint32_t bit = 1u << (vector & 31);

    set[vector >> 5] = present ? set[vector >> 5] | bit : set[vector >> 5] & ~bit;
}

static bool exists(const struct vmm_local_apic *s)
{
    return s->base & VMM_APIC_ENABLE;
}

static bool enabled(const struct vmm_local_apic *s)
{
    return exists(s) && s->svr & SVR_ENABLE;
}

/* ---- priorities ---------------------------------------------------------- */

static uint32_t processor_priority(const struct vmm_local_apic *s)
{
    int service = highest(s->isr);

    if (service < 0)
        service = 0;
    return s->tpr >> 4 >= (uint32_t)service >> 4 ? s->tpr : (uint32_t)service & 0xf0;
}

static int deliverable(const struct vmm_local_apic *s)
{
    int vector = highest(s->irr);

    if (vector < 0 || !enabled(s) || (uint32_t)vector >> 4 <= processor_priority(s) >> 4)
        return NOTHING;
    return vector;
}

/* Whether the 8259A behind LINT0 interrupts the processor. */
static bool external(const struct vmm_local_apic *s)
{
    if (!(s->pins & 1))
        return false;
    return !exists(s) || (s->lvt[LINT0] & (MASKED | 0x700)) == EXTINT << 8;
}

static void update(struct vmm_cpu *v, struct vmm_local_apic *s)
{
    bool wants = external(s) || deliverable(s) != NOTHING;

    if (wants == s->output)
        return;
    s->output = wants;
    vmm_set_interrupt(v, VMM_REQUEST_IRQ, (int)(v->intr = wants));
}

/* ---- interrupts ---------------------------------------------------------- */

static bool accept_vector(struct vmm_local_apic *s, uint32_t vector, bool level);

static void error(struct vmm_local_apic *s, uint32_t bit)
{
    bool fresh = !(s->errors & bit);
    uint32_t entry = s->lvt[ERROR];

    s->errors |= bit;
    if (fresh && !(entry & MASKED) && (entry & 0xff) >= FIRST_VECTOR)
        accept_vector(s, entry & 0xff, false);
}

static bool accept_vector(struct vmm_local_apic *s, uint32_t vector, bool level)
{
    if (!enabled(s))
        return false;
    if (vector < FIRST_VECTOR) {
        error(s, ERROR_RECEIVE_VECTOR);
        return false;
    }
    include(s->irr, vector, true);
    include(s->tmr, vector, level);
    return true;
}

static bool is_destination(const struct vmm_local_apic *s, uint32_t destination, bool logical)
{
    uint32_t mine = s->ldr >> 24;

    if (!logical)
        return destination == EVERYBODY || destination == s->id >> 24;
    if (s->dfr >> 28 == 0xf)
        return destination & mine;
    return (destination >> 4 == 0xf || destination >> 4 == mine >> 4) && destination & mine & 0xf;
}

/* An interrupt message from the bus; whether the local APIC has accepted it. */
bool vmm_local_apic_message(struct vmm_cpu *v, uint32_t destination, bool logical, uint32_t mode,
                            uint32_t vector, bool level)
{
    struct vmm_model *m = vmm_find_model(v, VMM_MODEL_LOCAL_APIC);
    struct vmm_local_apic *s;
    bool accepted = true;

    if (!m || !exists(m->state) || !is_destination(m->state, destination, logical))
        return false;
    s = m->state;
    if (mode == FIXED || mode == LOWEST) {
        accepted = accept_vector(s, vector, level);
        update(v, s);
    } else if (mode == NMI) {
        vmm_set_interrupt(v, VMM_REQUEST_NMI, true);
    }
    return accepted;
}

/* The 8259A's output has changed. */
void vmm_local_apic_lint0(struct vmm_cpu *v, struct vmm_model *m, bool level)
{
    struct vmm_local_apic *s = m->state;
    uint32_t entry = s->lvt[LINT0], mode = entry >> 8 & 7;
    bool rises = level && !(s->pins & 1);

    s->pins = (s->pins & ~1u) | level;
    if (rises && exists(s) && !(entry & MASKED)) {
        if (mode == FIXED)
            accept_vector(s, entry & 0xff, false);
        else if (mode == NMI)
            vmm_set_interrupt(v, VMM_REQUEST_NMI, true);
    }
    update(v, s);
}

/* The processor takes an interrupt: its vector. */
int vmm_local_apic_acknowledge(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_local_apic *s = m->state;
    struct vmm_model *pic = vmm_find_model(v, VMM_MODEL_I8259_MASTER);
    int vector = deliverable(s);

    if (vector == NOTHING)
        return pic && external(s) ? vmm_i8259_acknowledge(v, pic) : (int)(s->svr & 0xff);
    include(s->irr, (unsigned)vector, false);
    include(s->isr, (unsigned)vector, true);
    update(v, s);
    /* The engine has lowered its request; the pin may still be high. */
    if (v->intr)
        vmm_set_interrupt(v, VMM_REQUEST_IRQ, true);
    return vector;
}

static void end_of_interrupt(struct vmm_cpu *v, struct vmm_local_apic *s)
{
    int vector = highest(s->isr);

    if (vector == NOTHING)
        return;
    include(s->isr, (unsigned)vector, false);
    if (s->tmr[vector >> 5] >> (vector & 31) & 1)
        vmm_io_apic_end_of_interrupt(v, (uint32_t)vector);
}

static void send(struct vmm_cpu *v, struct vmm_local_apic *s, uint32_t value)
{
    uint32_t mode, vector, shorthand;

    s->icr = value & ICR_BITS;
    mode = s->icr >> 8 & 7;
    vector = s->icr & 0xff;
    shorthand = s->icr >> 18 & 3;
    if (mode == INIT && !(s->icr & ICR_ASSERT))
        return;
    if ((mode == FIXED || mode == LOWEST) && vector < FIRST_VECTOR)
        error(s, ERROR_SEND_VECTOR);
    else if (shorthand == TO_SELF || shorthand == TO_ALL)
        vmm_local_apic_message(v, EVERYBODY, false, mode, vector, false);
    else if (shorthand == TO_DESTINATION)
        vmm_local_apic_message(v, s->icr_high >> 24, s->icr & ICR_LOGICAL, mode, vector, false);
}

/* ---- the timer ----------------------------------------------------------- */

static int64_t divisor(const struct vmm_local_apic *s)
{
    uint32_t code = (s->divide & 3) | (s->divide >> 1 & 4);

    return code == 7 ? 1 : 2 << code;
}

static uint32_t current(const struct vmm_cpu *v, const struct vmm_local_apic *s)
{
    int64_t elapsed = (vmm_cycles(v) - s->start) / divisor(s);

    if (!s->initial)
        return 0;
    if (s->lvt[TIMER] & PERIODIC)
        return s->initial - (uint32_t)(elapsed % s->initial);
    return elapsed >= s->initial ? 0 : s->initial - (uint32_t)elapsed;
}

static void schedule(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_local_apic *s = m->state;
    uint32_t entry = s->lvt[TIMER];
    int64_t passed = vmm_cycles(v) - s->start, period = s->initial * divisor(s);

    if (!period || entry & MASKED || (passed >= period && !(entry & PERIODIC)))
        m->timer->cycle = VMM_NEVER;
    else
        vmm_timer_set(v, m->timer, s->start + (passed / period + 1) * period);
}

bool vmm_local_apic_expire(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_local_apic *s = m->state;

    m->timer->cycle = VMM_NEVER;
    schedule(v, m);
    accept_vector(s, s->lvt[TIMER] & 0xff, false);
    update(v, s);
    return true;
}

static void set_divide(struct vmm_cpu *v, struct vmm_model *m, uint32_t value)
{
    struct vmm_local_apic *s = m->state;
    int64_t gone = (int64_t)s->initial - current(v, s);

    s->divide = value & 0xb;
    s->start = vmm_cycles(v) - gone * divisor(s);
    schedule(v, m);
}

/* ---- registers ----------------------------------------------------------- */

bool vmm_local_apic_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value)
{
    const struct vmm_local_apic *s = m->state;

    if (!exists(s) || offset & 0xf)
        return false;
    switch (offset) {
    case ID: *value = s->id; return true;
    case VERSION: *value = VERSION_VALUE; return true;
    case TPR: *value = s->tpr; return true;
    case PPR: *value = processor_priority(s); return true;
    case APR:
    case EOI: *value = 0; return true;
    case LDR: *value = s->ldr; return true;
    case DFR: *value = s->dfr; return true;
    case SVR: *value = s->svr; return true;
    case ESR: *value = s->esr; return true;
    case ICR: *value = s->icr; return true;
    case ICR_HIGH: *value = s->icr_high; return true;
    case INITIAL: *value = s->initial; return true;
    case CURRENT: *value = current(v, s); return true;
    case DIVIDE: *value = s->divide; return true;
    default: break;
    }
    if (offset >= ISR && offset < ESR) {
        const uint32_t *set = offset < TMR ? s->isr : offset < IRR ? s->tmr : s->irr;
        *value = set[offset >> 4 & 7];
        return true;
    }
    if (offset < LVT || offset >= INITIAL)
        return false;
    *value = s->lvt[(offset - LVT) >> 4];
    return true;
}

static void set_entry(struct vmm_cpu *v, struct vmm_model *m, uint32_t number, uint32_t value)
{
    static const uint32_t bits[ENTRIES] = {0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff};
    struct vmm_local_apic *s = m->state;

    s->lvt[number] = (value & bits[number]) | (s->svr & SVR_ENABLE ? 0 : MASKED);
    if (number == TIMER)
        schedule(v, m);
}

static void set_spurious(struct vmm_cpu *v, struct vmm_model *m, uint32_t value)
{
    struct vmm_local_apic *s = m->state;

    s->svr = value & SVR_BITS;
    if (s->svr & SVR_ENABLE)
        return;
    for (int n = 0; n < ENTRIES; n++)
        s->lvt[n] |= MASKED;
    schedule(v, m);
}

bool vmm_local_apic_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value)
{
    struct vmm_local_apic *s = m->state;

    if (!exists(s) || offset & 0xf)
        return false;
    switch (offset) {
    case ID: s->id = value & HIGH_BYTE; break;
    case TPR: s->tpr = value & 0xff; break;
    case EOI: end_of_interrupt(v, s); break;
    case LDR: s->ldr = value & HIGH_BYTE; break;
    case DFR: s->dfr = value | ~DFR_MODEL; break;
    case SVR: set_spurious(v, m, value); break;
    case ESR: s->esr = s->errors; s->errors = 0; break;
    case ICR: send(v, s, value); break;
    case ICR_HIGH: s->icr_high = value & HIGH_BYTE; break;
    case INITIAL:
        s->initial = value;
        s->start = vmm_cycles(v);
        schedule(v, m);
        break;
    case DIVIDE: set_divide(v, m, value); break;
    default:
        if (offset < LVT || offset >= INITIAL)
            return false;
        set_entry(v, m, (offset - LVT) >> 4, value);
    }
    update(v, s);
    return true;
}

/* ---- IA32_APIC_BASE ------------------------------------------------------ */

/* A write that switches the APIC off, or on again as after power-up. */
void vmm_local_apic_set_base(struct vmm_cpu *v, struct vmm_model *m, uint32_t value)
{
    struct vmm_local_apic *s = m->state;
    uint32_t changed = (s->base ^ value) & VMM_APIC_ENABLE;

    s->base ^= changed;
    if (!changed)
        return;
    *s = (struct vmm_local_apic){.base = s->base, .pins = s->pins, .output = s->output,
                                 .dfr = ~0u, .svr = 0xff};
    for (int n = 0; n < ENTRIES; n++)
        s->lvt[n] = MASKED;
    m->timer->cycle = VMM_NEVER;
    update(v, s);
}
