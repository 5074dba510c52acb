/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC (vmm/devices/io_apic.py says what it does). */
#include "models.h"

enum { SELECT = 0x00, WINDOW = 0x10, ID = 0, VERSION = 1, ARBITRATION = 2, TABLE = 0x10 };
enum { VERSION_VALUE = 0x11 | (IO_APIC_PINS - 1) << 16, ID_BITS = 0x0f000000, EXTINT = 7 };
enum {
    VECTOR = 0xff, LOGICAL = 0x800, ACTIVE_LOW = 0x2000, REMOTE_IRR = 0x4000, LEVEL = 0x8000,
    MASKED = 0x10000, WRITABLE = 0x1afff
};

/* Send a pin's message: its edge has come, or it is at its level. */
static void service(struct vmm_cpu *v, struct vmm_io_apic *s, unsigned pin)
{
    uint32_t entry = s->low[pin];
    bool level = entry & LEVEL, active = (s->inputs >> pin & 1) != !!(entry & ACTIVE_LOW);

    if (entry & MASKED || (entry >> 8 & 7) == EXTINT)
        return;
    if (level && (!active || entry & REMOTE_IRR))
        return;
    if (vmm_local_apic_message(v, s->high[pin] >> 24, entry & LOGICAL, entry >> 8 & 7,
                               entry & VECTOR, level)
        && level)
        s->low[pin] |= REMOTE_IRR;
}

/* Change a pin, if there is an I/O APIC. */
void vmm_io_apic_drive(struct vmm_cpu *v, unsigned pin, bool high)
{
    struct vmm_model *m = vmm_find_model(v, VMM_MODEL_IO_APIC);
    struct vmm_io_apic *s;

    if (!m)
        return;
    s = m->state;
    s->inputs = (s->inputs & ~(1u << pin)) | (uint32_t)high << pin;
    if (s->low[pin] & LEVEL || high != !!(s->low[pin] & ACTIVE_LOW))
        service(v, s, pin);
}

/* A local APIC's EOI message. */
void vmm_io_apic_end_of_interrupt(struct vmm_cpu *v, uint32_t vector)
{
    struct vmm_model *m = vmm_find_model(v, VMM_MODEL_IO_APIC);
    struct vmm_io_apic *s;

    if (!m)
        return;
    s = m->state;
    for (unsigned pin = 0; pin < IO_APIC_PINS; pin++)
        if ((s->low[pin] & (LEVEL | REMOTE_IRR | VECTOR)) == (LEVEL | REMOTE_IRR | vector)) {
            s->low[pin] &= ~(uint32_t)REMOTE_IRR;
            service(v, s, pin);
        }
}

bool vmm_io_apic_read(struct vmm_model *m, uint32_t offset, uint64_t *value)
{
    const struct vmm_io_apic *s = m->state;
    uint32_t pin = (s->select - TABLE) >> 1;

    if (offset == SELECT)
        *value = s->select;
    else if (offset != WINDOW)
        return false;
    else if (s->select == ID || s->select == ARBITRATION)
        *value = s->id;
    else if (s->select == VERSION)
        *value = VERSION_VALUE;
    else if (pin < IO_APIC_PINS)
        *value = s->select & 1 ? s->high[pin] : s->low[pin];
    else
        return false;
    return true;
}

bool vmm_io_apic_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value)
{
    struct vmm_io_apic *s = m->state;
    uint32_t pin = (s->select - TABLE) >> 1;

    if (offset == SELECT) {
        s->select = value & 0xff;
    } else if (offset != WINDOW) {
        return false;
    } else if (s->select == ID) {
        s->id = value & ID_BITS;
    } else if (pin >= IO_APIC_PINS) {
        return false;
    } else if (s->select & 1) {
        s->high[pin] = value & 0xff000000;
    } else {
        s->low[pin] = (value & WRITABLE) | (value & LEVEL ? s->low[pin] & REMOTE_IRR : 0);
        if (value & LEVEL)
            service(v, s, pin);
    }
    return true;
}
