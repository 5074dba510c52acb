/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2 (vmm/devices/gicv2.py says what it does).
 *
 * An access is that of the running processor, v->number; outputs lead to it and its peers.
 */
#include "models.h"

enum { PRIVATE = 32, SGIS = 16, SPURIOUS = 1023, OTHER_GROUP = 1022, IDLE = 0x100 };
enum { ACK_CTL = 0x04, FIQ_EN = 0x08, CBPR = 0x10, EOI_MODE = 0x200 };
enum {
    GICC_CTLR = 0x00, GICC_PMR = 0x04, GICC_BPR = 0x08, GICC_IAR = 0x0c, GICC_EOIR = 0x10,
    GICC_RPR = 0x14, GICC_AIAR = 0x20, GICC_AEOIR = 0x24, GICC_DIR = 0x1000
};
enum {
    GICD_CTLR = 0x000, GICD_ISENABLER = 0x100, GICD_ICENABLER = 0x180, GICD_ISPENDR = 0x200,
    GICD_ICPENDR = 0x280, GICD_ISACTIVER = 0x300, GICD_ICACTIVER = 0x380, GICD_IPRIORITYR = 0x400,
    GICD_SGIR = 0xf00
};
#define SGI_SET 0xffffu

static struct vmm_gic_bank *bank_of(struct vmm_gic *g, unsigned cpu, unsigned intid)
{
    return intid < PRIVATE ? &g->private[cpu] : &g->shared;
}

static bool in_set(const uint64_t *set, unsigned intid)
{
    return set[intid >> 6] >> (intid & 63) & 1;
}

/* Of the 64 interrupts from 64 * WORD on: those that are forwarded if their priority lets them. */
static uint64_t candidates(const struct vmm_gic *g, const struct vmm_gic_bank *b, unsigned word)
{
    uint64_t pending = b->latched[word] | (b->level[word] & ~b->edge[word]);
    uint64_t ready = pending & b->enabled[word] & ~b->active[word];

    if (!(g->ctlr & 1))
        ready &= b->group1[word];
    if (!(g->ctlr & 2))
        ready &= ~b->group1[word];
    return ready;
}

static void look(const struct vmm_gic_bank *b, uint64_t ready, unsigned word, unsigned *found,
                 unsigned *best)
{
    for (; ready; ready &= ready - 1) {
        unsigned intid = word * 64 + (unsigned)__builtin_ctzll(ready);
        if (b->priority[intid] < *best) {
            *found = intid;
            *best = b->priority[intid];
        }
    }
}

/* The interrupt that the distributor forwards past the priority mask, or SPURIOUS. */
static unsigned highest(const struct vmm_gic *g, unsigned cpu, unsigned *priority)
{
    const struct vmm_gic_bank *private = &g->private[cpu];
    unsigned found = SPURIOUS, best = g->interfaces[cpu].pmr;

    look(private, candidates(g, private, 0), 0, &found, &best);
    for (unsigned word = 0; word < (g->lines + 63) / 64; word++)
        look(&g->shared, candidates(g, &g->shared, word) & g->targets[cpu][word], word, &found,
             &best);
    *priority = best;
    return found;
}

static unsigned running(const struct vmm_gic *g, unsigned cpu)
{
    const struct vmm_gic_interface *i = &g->interfaces[cpu];
    uint64_t low = i->apr[0][0] | i->apr[1][0], high = i->apr[0][1] | i->apr[1][1];

    if (low)
        return (unsigned)__builtin_ctzll(low) << 1;
    return high ? (64u + (unsigned)__builtin_ctzll(high)) << 1 : IDLE;
}

/* What interrupts a processor now. */
static unsigned signalled(struct vmm_gic *g, unsigned cpu, unsigned *group)
{
    unsigned priority, intid = highest(g, cpu, &priority);

    *group = 0;
    if (intid == SPURIOUS || priority >= running(g, cpu))
        return SPURIOUS;
    *group = in_set(bank_of(g, cpu, intid)->group1, intid);
    return g->interfaces[cpu].ctlr >> *group & 1 ? intid : SPURIOUS;
}

static void drive(struct vmm_cpu *v, unsigned cpu, uint32_t request, bool high)
{
    struct vmm_cpu *to = v;

    while (to->number != cpu)
        to = to->peer;
    vmm_set_interrupt(to, request, high);
    if (high)
        vmm_turn_ends_soon(v);
}

static void update(struct vmm_cpu *v, struct vmm_gic *g)
{
    for (unsigned cpu = 0; cpu < g->processors; cpu++) {
        unsigned group, intid = signalled(g, cpu, &group);
        bool fast = intid != SPURIOUS && group == 0 && g->interfaces[cpu].ctlr & FIQ_EN;
        bool slow = intid != SPURIOUS && !fast;

        if (slow != g->irq[cpu]) {
            g->irq[cpu] = slow;
            drive(v, cpu, VMM_REQUEST_IRQ, slow);
        }
        if (fast != g->fiq[cpu]) {
            g->fiq[cpu] = fast;
            drive(v, cpu, VMM_REQUEST_FIQ, fast);
        }
    }
}

static unsigned acknowledge(struct vmm_cpu *v, struct vmm_gic *g, bool aliased)
{
    unsigned cpu = v->number;
    struct vmm_gic_interface *i = &g->interfaces[cpu];
    unsigned group, intid = signalled(g, cpu, &group), point = i->bpr, level, shown = intid;
    struct vmm_gic_bank *b;
    uint64_t bit;

    if (intid == SPURIOUS || (aliased && !group))
        return SPURIOUS;
    if (!aliased && group && !(i->ctlr & ACK_CTL))
        return OTHER_GROUP;
    b = bank_of(g, cpu, intid);
    bit = 1ull << (intid & 63);
    if (group && !(i->ctlr & CBPR))
        point = i->abpr - 1;
    level = (b->priority[intid] & (~0u << (point + 1)) & 0xff) >> 1;
    i->apr[group][level >> 6] |= 1ull << (level & 63);
    b->active[intid >> 6] |= bit;
    if (intid < SGIS) {
        uint8_t *sources = &g->sources[cpu][intid];
        shown |= (unsigned)__builtin_ctz(*sources | 0x100u) << 10;
        *sources &= (uint8_t)(*sources - 1);
        if (!*sources)
            b->latched[0] &= ~bit;
    } else {
        b->latched[intid >> 6] &= ~bit;
    }
    update(v, g);
    return shown;
}

static void end(struct vmm_cpu *v, struct vmm_gic *g, uint32_t value, bool aliased)
{
    unsigned cpu = v->number, intid = value & 0x3ff, group;
    struct vmm_gic_interface *i = &g->interfaces[cpu];
    struct vmm_gic_bank *b;

    if (intid >= g->lines || running(g, cpu) == IDLE)
        return;
    b = bank_of(g, cpu, intid);
    group = in_set(b->group1, intid);
    if (aliased && !group)
        return;
    if (i->apr[group][0])
        i->apr[group][0] &= i->apr[group][0] - 1;
    else if (i->apr[group][1])
        i->apr[group][1] &= i->apr[group][1] - 1;
    if (!(i->ctlr & EOI_MODE))
        b->active[intid >> 6] &= ~(1ull << (intid & 63));
    update(v, g);
}

bool vmm_gic_interface_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                            uint64_t *value)
{
    struct vmm_gic *g = m->state;
    const struct vmm_gic_interface *i = &g->interfaces[v->number];
    unsigned priority;

    switch (offset) {
    case GICC_CTLR: *value = i->ctlr; return true;
    case GICC_PMR: *value = i->pmr; return true;
    case GICC_BPR: *value = i->bpr; return true;
    case GICC_IAR:
    case GICC_AIAR: *value = acknowledge(v, g, offset == GICC_AIAR); return true;
    case GICC_RPR:
        priority = running(g, v->number);
        *value = priority == IDLE ? 0xff : priority;
        return true;
    default: return false;
    }
}

bool vmm_gic_interface_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                             uint32_t value)
{
    struct vmm_gic *g = m->state;
    struct vmm_gic_interface *i = &g->interfaces[v->number];
    unsigned intid = value & 0x3ff;

    switch (offset) {
    case GICC_PMR: i->pmr = value & 0xff; break;
    case GICC_EOIR:
    case GICC_AEOIR: end(v, g, value, offset == GICC_AEOIR); return true;
    case GICC_DIR:
        if (intid < g->lines && i->ctlr & EOI_MODE)
            bank_of(g, v->number, intid)->active[intid >> 6] &= ~(1ull << (intid & 63));
        break;
    default: return false;
    }
    update(v, g);
    return true;
}

/* The part of a set that the register at OFFSET shows: 32 interrupts. */
static bool set_at(struct vmm_gic *g, unsigned cpu, uint32_t offset, struct vmm_gic_bank **bank,
                   unsigned *word, unsigned *shift)
{
    unsigned first = (offset & 0x7f) * 8;

    if (offset & 3 || first >= g->lines)
        return false;
    *bank = bank_of(g, cpu, first);
    *word = first >> 6;
    *shift = first & 63;
    return true;
}

bool vmm_gic_distributor_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                              uint64_t *value)
{
    struct vmm_gic *g = m->state;
    struct vmm_gic_bank *b;
    unsigned word, shift;
    uint64_t bits;

    if (offset == GICD_CTLR) {
        *value = g->ctlr;
        return true;
    }
    if (offset < GICD_ISENABLER || offset >= GICD_IPRIORITYR || !set_at(g, v->number, offset, &b, &word, &shift))
        return false;
    switch (offset & ~0x7fu) {
    case GICD_ISENABLER:
    case GICD_ICENABLER: bits = b->enabled[word]; break;
    case GICD_ISPENDR:
    case GICD_ICPENDR: bits = b->latched[word] | (b->level[word] & ~b->edge[word]); break;
    default: bits = b->active[word]; break;
    }
    *value = (uint32_t)(bits >> shift);
    return true;
}

/* GICD_SGIR: software generated interrupt NUMBER. */
static bool send(struct vmm_cpu *v, struct vmm_gic *g, unsigned filter, unsigned targets,
                 unsigned number)
{
    unsigned own = 1u << v->number;

    if (filter == 3)
        return false; /* reserved: the device complains */
    if (filter == 1)
        targets = ~own; /* all others */
    if (filter == 2)
        targets = own;
    for (unsigned cpu = 0; cpu < g->processors; cpu++)
        if (targets >> cpu & 1) {
            g->sources[cpu][number] |= (uint8_t)own;
            g->private[cpu].latched[0] |= 1ull << number;
        }
    update(v, g);
    return true;
}

bool vmm_gic_distributor_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                               uint32_t value)
{
    struct vmm_gic *g = m->state;
    struct vmm_gic_bank *b;
    unsigned word, shift;
    uint64_t bits, not_sgi;

    if (offset == GICD_SGIR) {
        return send(v, g, value >> 24 & 3, value >> 16 & 0xff, value & 0xf);
    }
    if (offset < GICD_ISENABLER || offset >= GICD_IPRIORITYR || !set_at(g, v->number, offset, &b, &word, &shift))
        return false;
    bits = (uint64_t)value << shift;
    not_sgi = word || b == &g->shared ? bits : bits & ~(uint64_t)SGI_SET;
    switch (offset & ~0x7fu) {
    case GICD_ISENABLER: b->enabled[word] |= bits; break;
    case GICD_ICENABLER: b->enabled[word] &= ~not_sgi; break;
    case GICD_ISPENDR: b->latched[word] |= not_sgi; break;
    case GICD_ICPENDR: b->latched[word] &= ~not_sgi; break;
    case GICD_ISACTIVER: b->active[word] |= bits; break;
    default: b->active[word] &= ~bits; break;
    }
    update(v, g);
    return true;
}

static void input(struct vmm_cpu *v, struct vmm_gic *g, uint32_t cpu, uint32_t intid, bool high)
{
    struct vmm_gic_bank *b = bank_of(g, cpu, intid);
    uint64_t bit = 1ull << (intid & 63);
    unsigned word = intid >> 6;

    if (high) {
        b->level[word] |= bit;
        b->latched[word] |= bit & b->edge[word];
    } else {
        b->level[word] &= ~bit;
    }
    update(v, g);
}

/* An input wire has changed; false if the Python device is to see to it. */
bool vmm_gic_input(struct vmm_cpu *v, struct vmm_gic *g, uint32_t cpu, uint32_t intid, int high);
bool vmm_gic_input(struct vmm_cpu *v, struct vmm_gic *g, uint32_t cpu, uint32_t intid, int high)
{
    if (v->models_on)
        input(v, g, cpu, intid, high);
    return v->models_on;
}

/* A modelled device drives an input, to the level that it has or to the other. */
void vmm_gic_line(struct vmm_cpu *v, struct vmm_gic *g, uint32_t cpu, uint32_t intid, bool high)
{
    if (in_set(bank_of(g, cpu, intid)->level, intid) != high)
        input(v, g, cpu, intid, high);
}
