/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IRQMP of a system with one processor (vmm/devices/irqmp.py says what it does). */
#include "models.h"
#include "offsets.h"

enum { ILEVEL = 0x00, IPEND = 0x04, IFORCE0 = 0x08, ICLEAR = 0x0c, PIMASK0 = 0x40, PIFORCE0 = 0x80 };
enum { INTERRUPTS = 0xfffe };

static void sample(struct vmm_irqmp *s, uint32_t which)
{
    s->pending |= s->inputs & which;
}

static void update(struct vmm_cpu *v, struct vmm_irqmp *s)
{
    uint32_t waiting = (s->pending | s->force[0]) & s->mask[0];
    uint32_t first = waiting & s->level ? waiting & s->level : waiting;
    uint32_t level = first ? 31u - (uint32_t)__builtin_clz(first) : 0;

    if (level == s->requested[0])
        return;
    s->requested[0] = level;
    FIELD(uint32_t, v->env, SPARC_INTERRUPT_INDEX) = level ? 0x10 | level : 0;
    vmm_set_interrupt(v, VMM_REQUEST_IRQ, level != 0);
}

bool vmm_irqmp_read(struct vmm_model *m, uint32_t offset, uint64_t *value)
{
    const struct vmm_irqmp *s = m->state;

    switch (offset) {
    case ILEVEL: *value = s->level; return true;
    case IPEND: *value = s->pending; return true;
    case IFORCE0:
    case PIFORCE0: *value = s->force[0]; return true;
    case PIMASK0: *value = s->mask[0]; return true;
    default: return false;
    }
}

bool vmm_irqmp_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value)
{
    struct vmm_irqmp *s = m->state;

    switch (offset) {
    case ILEVEL: s->level = value & INTERRUPTS; break;
    case IPEND:
        s->pending = value & INTERRUPTS;
        sample(s, INTERRUPTS);
        break;
    case IFORCE0: s->force[0] = value & INTERRUPTS; break;
    case ICLEAR:
        s->pending &= ~value;
        sample(s, INTERRUPTS);
        break;
    case PIMASK0: s->mask[0] = value & INTERRUPTS; break;
    case PIFORCE0: s->force[0] = (s->force[0] | value) & ~(value >> 16) & INTERRUPTS; break;
    default: return false;
    }
    update(v, s);
    return true;
}

/* Input NUMBER, low before, rises and falls. */
void vmm_irqmp_pulse(struct vmm_cpu *v, struct vmm_irqmp *s, unsigned number)
{
    uint32_t bit = 1u << number;

    s->inputs |= bit;
    sample(s, bit);
    update(v, s);
    s->inputs &= ~bit;
}

void vmm_irqmp_acknowledge(struct vmm_cpu *v, struct vmm_model *m, int level)
{
    struct vmm_irqmp *s = m->state;
    uint32_t bit = 1u << level & INTERRUPTS;

    if (s->force[0] & bit)
        s->force[0] &= ~bit;
    else
        s->pending &= ~bit;
    sample(s, bit);
    update(v, s);
}
