/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's pair of 8259A (vmm/devices/i8259.py says what they do). */
#include "models.h"

enum { ICW1 = 0x10, OCW3 = 0x08, RR = 0x02, RIS = 0x01, POLL = 0x04, SMM = 0x20, ESMM = 0x40 };
enum { SPURIOUS = 7, CASCADE = 2, NOTHING = -1 };

/* Of the levels in MASK the one of highest priority, or NOTHING; its rank is 0 for the first. */
static int highest(const struct vmm_i8259 *s, uint32_t mask, unsigned *rank)
{
    unsigned first = (s->lowest + 1) & 7;
    uint32_t turned = (mask | mask << 8) >> first & 0xff;

    if (!turned)
        return NOTHING;
    *rank = (unsigned)__builtin_ctz(turned);
    return (int)((first + *rank) & 7);
}

static int requested(const struct vmm_i8259 *s)
{
    unsigned rank = 0, current = 0;
    int request = highest(s, s->irr & ~s->imr, &rank);
    uint32_t service = s->isr;

    if (request == NOTHING)
        return NOTHING;
    if (s->special_mask)
        service &= ~s->imr;
    if (s->fully_nested)
        service &= ~s->cascade;
    if (highest(s, service, &current) != NOTHING && rank >= current)
        return NOTHING;
    return request;
}

static uint32_t levels(const struct vmm_i8259 *s)
{
    return s->level_triggered ? 0xff : s->elcr;
}

static void update(struct vmm_cpu *v, struct vmm_i8259_pair *pair, struct vmm_i8259 *s)
{
    struct vmm_model *apic;
    bool high;

    s->irr |= s->inputs & levels(s);
    high = requested(s) != NOTHING;
    if (high == s->output)
        return;
    s->output = high;
    if (s == &pair->slave)
        vmm_i8259_drive(v, pair, CASCADE, high);
    else if ((apic = vmm_find_model(v, VMM_MODEL_LOCAL_APIC)))
        vmm_local_apic_lint0(v, apic, high);
    else
        vmm_set_interrupt(v, VMM_REQUEST_IRQ, (int)(v->intr = high));
}

/* Change the wire into IRQ (2: the slave's output). */
void vmm_i8259_drive(struct vmm_cpu *v, struct vmm_i8259_pair *pair, unsigned irq, bool high)
{
    struct vmm_i8259 *s = irq < 8 ? &pair->master : &pair->slave;
    uint32_t bit = 1u << (irq & 7);

    if (high) {
        if (!(s->inputs & bit))
            s->irr |= bit;
        s->inputs |= bit;
    } else {
        s->inputs &= ~bit;
        s->irr &= ~bit;
    }
    update(v, pair, s);
}

/* A device's line, which may share its IRQ with others, into both interrupt controllers. */
void vmm_i8259_line(struct vmm_cpu *v, struct vmm_model *m, bool level)
{
    uint32_t before = *m->raised, bit = 1u << m->source;

    *m->raised = level ? before | bit : before & ~bit;
    if (!before != !*m->raised) {
        vmm_i8259_drive(v, m->pins, m->irq, level);
        vmm_io_apic_drive(v, m->irq ? m->irq : VMM_IRQ0_PIN, level);
    }
}

static int acknowledge(struct vmm_cpu *v, struct vmm_i8259_pair *pair, struct vmm_i8259 *s)
{
    int level = requested(s);
    uint32_t bit;

    if (level == NOTHING)
        return SPURIOUS;
    bit = 1u << level;
    if (!s->auto_eoi)
        s->isr |= bit;
    else if (s->rotate_on_aeoi)
        s->lowest = (uint32_t)level;
    if (!(levels(s) & bit))
        s->irr &= ~bit;
    update(v, pair, s);
    return level;
}

/* The processor's INTA cycles: a vector. */
int vmm_i8259_acknowledge(struct vmm_cpu *v, struct vmm_model *m)
{
    struct vmm_i8259_pair *pair = m->state;
    int level = requested(&pair->master), vector;

    if (level != CASCADE || pair->master.single) {
        vector = (int)pair->master.base | acknowledge(v, pair, &pair->master);
    } else {
        acknowledge(v, pair, &pair->master);
        vector = (int)pair->slave.base | acknowledge(v, pair, &pair->slave);
    }
    /* The engine has lowered its request; the pin may still be high. */
    if (v->intr)
        vmm_set_interrupt(v, VMM_REQUEST_IRQ, true);
    return vector;
}

bool vmm_i8259_read(struct vmm_model *m, struct vmm_i8259 *s, uint32_t offset, uint64_t *value)
{
    (void)m;
    if (s->poll || offset > 1)
        return false;
    *value = offset == 1 ? s->imr : s->read_isr ? s->isr : s->irr;
    return true;
}

bool vmm_i8259_write(struct vmm_cpu *v, struct vmm_model *m, struct vmm_i8259 *s, uint32_t offset,
                     uint32_t value)
{
    struct vmm_i8259_pair *pair = m->state;
    unsigned command = value >> 5, rank;
    int served;

    if (offset == 1 && !s->expects) {
        s->imr = value;
    } else if (offset == 0 && (value & (ICW1 | OCW3 | POLL)) == OCW3) {
        if (value & RR)
            s->read_isr = value & RIS;
        if (value & ESMM)
            s->special_mask = (value & SMM) != 0;
    } else if (offset == 0 && !(value & (ICW1 | OCW3)) && (command == 1 || command == 3)) {
        served = command == 3 ? (int)(value & 7)
                              : highest(s, s->special_mask ? s->isr & ~s->imr : s->isr, &rank);
        if (served != NOTHING)
            s->isr &= ~(1u << served);
    } else {
        return false;
    }
    update(v, pair, s);
    return true;
}
