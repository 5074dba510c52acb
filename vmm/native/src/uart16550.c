/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550A's registers without data (vmm/devices/uart16550.py says what they do). */
#include "models.h"

enum { IER = 1, IIR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };
enum { IER_RDI = 1, IER_THRI = 2, IER_RLSI = 4, IER_MSI = 8 };
enum { IIR_NONE = 1, IIR_THRI = 2, IIR_RDI = 4, IIR_RLSI = 6, IIR_CTI = 12, IIR_MSI = 0, IIR_FIFOS = 0xc0 };
enum { FCR_ENABLE = 1, LCR_DLAB = 0x80, LSR_DR = 1, LSR_ERRORS = 0x1e, MSR_DELTAS = 0x0f };

static void update(struct vmm_cpu *v, struct vmm_model *m)
{
    static const uint8_t triggers[] = {1, 4, 8, 14};
    struct vmm_uart16550 *s = m->state;
    uint32_t fifos = s->fcr & FCR_ENABLE, cause = IIR_NONE;

    if (s->ier & IER_RLSI && s->lsr & LSR_ERRORS)
        cause = IIR_RLSI;
    else if (s->ier & IER_RDI && s->timeout_pending)
        cause = IIR_CTI;
    else if (s->ier & IER_RDI && s->lsr & LSR_DR && s->used >= (fifos ? triggers[s->fcr >> 6 & 3] : 0))
        cause = IIR_RDI;
    else if (s->ier & IER_THRI && s->thre_pending)
        cause = IIR_THRI;
    else if (s->ier & IER_MSI && s->msr & MSR_DELTAS)
        cause = IIR_MSI;
    s->iir = cause | (fifos ? IIR_FIFOS : 0);
    vmm_i8259_line(v, m, cause != IIR_NONE);
}

bool vmm_uart16550_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value)
{
    struct vmm_uart16550 *s = m->state;

    switch (offset) {
    case IER: *value = s->lcr & LCR_DLAB ? s->divider >> 8 : s->ier; return true;
    case IIR:
        *value = s->iir;
        if ((s->iir & 0x0f) == IIR_THRI) {
            s->thre_pending = 0;
            update(v, m);
        }
        return true;
    case LCR: *value = s->lcr; return true;
    case MCR: *value = s->mcr; return true;
    case LSR:
        if (s->lsr & LSR_ERRORS)
            return false;
        *value = s->lsr;
        return true;
    case SCR: *value = s->scr; return true;
    default: return false;
    }
}

bool vmm_uart16550_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value)
{
    struct vmm_uart16550 *s = m->state;

    switch (offset) {
    case IER:
        if (s->lcr & LCR_DLAB)
            return false;
        if ((s->ier ^ value) & IER_THRI)
            s->thre_pending = (value & IER_THRI) != 0;
        s->ier = value & 0x0f;
        update(v, m);
        return true;
    case SCR: s->scr = value; return true;
    default: return false;
    }
}
