/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device models: the few devices that guests touch in every interrupt.
 *
 * A model does what the Python device of the same name does, on the same
 * memory: each struct here is the state of that device (a vmm.devices.shared
 * structure), so that either may handle the next access.  A model handles
 * whole words of the registers in its table and says false for all else, which
 * then reaches the Python device.
 */
#ifndef VMM_MODELS_H
#define VMM_MODELS_H

#include "vmm.h"

enum vmm_model_kind {
    VMM_MODEL_NONE,
    VMM_MODEL_IRQMP,
    VMM_MODEL_GIC_DISTRIBUTOR,
    VMM_MODEL_GIC_INTERFACE,
    VMM_MODEL_I8259_MASTER,
    VMM_MODEL_I8259_SLAVE,
    VMM_MODEL_UART16550,
    VMM_MODEL_I8254,
    VMM_MODEL_GPTIMER,
    VMM_MODEL_LOCAL_APIC,
    VMM_MODEL_IO_APIC,
    VMM_MODEL_PC_SPEAKER,
    VMM_MODEL_GENERIC_TIMER,
    VMM_MODEL_KINDS
};

/* vmm/devices/irqmp.py */
struct vmm_irqmp {
    uint32_t level, pending, broadcast, inputs, powered_down;
    uint32_t requested[16]; /* what each processor was told last */
    uint32_t mask[16], force[16];
};

/* vmm/devices/gicv2_state.py; sets have a bit for each INTID */
#define GIC_WORDS 16
struct vmm_gic_bank {
    uint64_t enabled[GIC_WORDS], latched[GIC_WORDS], level[GIC_WORDS], active[GIC_WORDS];
    uint64_t group1[GIC_WORDS], edge[GIC_WORDS];
    uint8_t priority[64 * GIC_WORDS];
};
struct vmm_gic_interface {
    uint32_t ctlr, pmr, bpr, abpr;
    uint64_t apr[2][2];
};
struct vmm_gic {
    uint32_t processors, lines, ctlr, spare;
    struct vmm_gic_bank private[8], shared;
    uint64_t targets[8][GIC_WORDS];
    uint8_t sources[8][16];
    struct vmm_gic_interface interfaces[8];
    uint8_t irq[8], fiq[8]; /* the outputs */
};

/* vmm/devices/i8259.py */
struct vmm_i8259 {
    uint32_t irr, isr, imr, inputs, elcr, base, lowest, expects;
    uint32_t icw4_follows, single, level_triggered, auto_eoi, rotate_on_aeoi;
    uint32_t fully_nested, special_mask, read_isr, poll;
    uint32_t output;  /* the INT pin */
    uint32_t cascade; /* the pins that slaves drive */
};
struct vmm_i8259_pair {
    struct vmm_i8259 master, slave;
};

/* vmm/devices/uart16550.py */
struct vmm_uart16550 {
    uint32_t divider, rbr, ier, iir, fcr, lcr, mcr, lsr, msr, scr;
    uint32_t thre_pending, timeout_pending;
    int64_t timeout_at;
    uint32_t used;
    uint8_t fifo[16];
};

/* vmm/devices/i8254.py; I8254_NONE is a tick, count or byte that there is not */
#define I8254_NONE (-1)
struct vmm_i8254_counter {
    int64_t start, held, next_start;
    int32_t mode, bcd, rw, gate, reload, count, low_written, high_next;
    int32_t latched_count, latched[2], latched_status;
};
struct vmm_i8254 {
    struct vmm_i8254_counter counters[3];
};

/* vmm/devices/pcspeaker_port.py */
struct vmm_pc_speaker {
    uint32_t control;
};

/* vmm/devices/gptimer.py */
#define GPTIMER_TIMERS 7
struct vmm_gptimer {
    int64_t since;
    uint32_t scaler, scaler_reload, freeze;
    uint32_t counter[GPTIMER_TIMERS], reload[GPTIMER_TIMERS], control[GPTIMER_TIMERS];
    int64_t due;
};

/* vmm/devices/local_apic_state.py; sets have a bit for each vector */
struct vmm_local_apic {
    int64_t start;
    uint32_t base, id, tpr, ldr, dfr, svr, esr, errors, icr, icr_high, initial, divide, pins, output;
    uint32_t lvt[6], isr[8], tmr[8], irr[8];
};
enum { VMM_APIC_ENABLE = 0x800 }; /* of IA32_APIC_BASE */

/* vmm/devices/io_apic.py */
#define IO_APIC_PINS 24
enum { VMM_IRQ0_PIN = 2 }; /* the timer's; the other IRQs are at the pins of their numbers */
struct vmm_io_apic {
    uint32_t id, select, inputs;
    uint32_t low[IO_APIC_PINS], high[IO_APIC_PINS];
};

/* vmm/devices/generic_timer.py; a comparator is a model, its number the model's source */
struct vmm_generic_timer {
    uint64_t compare[4];
    uint32_t control[4];
    uint64_t virtual_offset;
};

struct vmm_model *vmm_find_model(struct vmm_cpu *v, enum vmm_model_kind kind);

bool vmm_irqmp_read(struct vmm_model *m, uint32_t offset, uint64_t *value);
bool vmm_irqmp_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value);
void vmm_irqmp_pulse(struct vmm_cpu *v, struct vmm_irqmp *s, unsigned number);
void vmm_irqmp_acknowledge(struct vmm_cpu *v, struct vmm_model *m, int level);

bool vmm_gic_interface_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                            uint64_t *value);
bool vmm_gic_interface_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                             uint32_t value);
bool vmm_gic_distributor_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                              uint64_t *value);
bool vmm_gic_distributor_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset,
                               uint32_t value);
void vmm_gic_line(struct vmm_cpu *v, struct vmm_gic *g, uint32_t cpu, uint32_t intid, bool high);

bool vmm_i8259_read(struct vmm_model *m, struct vmm_i8259 *chip, uint32_t offset,
                    uint64_t *value);
bool vmm_i8259_write(struct vmm_cpu *v, struct vmm_model *m, struct vmm_i8259 *chip,
                     uint32_t offset, uint32_t value);
int vmm_i8259_acknowledge(struct vmm_cpu *v, struct vmm_model *m);
void vmm_i8259_drive(struct vmm_cpu *v, struct vmm_i8259_pair *pair, unsigned irq, bool high);
void vmm_i8259_line(struct vmm_cpu *v, struct vmm_model *m, bool level);

bool vmm_uart16550_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value);
bool vmm_uart16550_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value);

bool vmm_i8254_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value);
bool vmm_i8254_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value);
bool vmm_i8254_expire(struct vmm_cpu *v, struct vmm_model *m);

bool vmm_pc_speaker_read(struct vmm_cpu *v, struct vmm_model *m, uint64_t *value);

bool vmm_gptimer_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value);
bool vmm_gptimer_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value);
bool vmm_gptimer_expire(struct vmm_cpu *v, struct vmm_model *m);

bool vmm_local_apic_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint64_t *value);
bool vmm_local_apic_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value);
bool vmm_local_apic_expire(struct vmm_cpu *v, struct vmm_model *m);
int vmm_local_apic_acknowledge(struct vmm_cpu *v, struct vmm_model *m);
bool vmm_local_apic_message(struct vmm_cpu *v, uint32_t destination, bool logical, uint32_t mode,
                            uint32_t vector, bool level);
void vmm_local_apic_lint0(struct vmm_cpu *v, struct vmm_model *m, bool level);
void vmm_local_apic_set_base(struct vmm_cpu *v, struct vmm_model *m, uint32_t value);

bool vmm_io_apic_read(struct vmm_model *m, uint32_t offset, uint64_t *value);
bool vmm_io_apic_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t value);
void vmm_io_apic_drive(struct vmm_cpu *v, unsigned pin, bool high);
void vmm_io_apic_end_of_interrupt(struct vmm_cpu *v, uint32_t vector);

bool vmm_generic_timer_access(struct vmm_cpu *v, uint32_t id, bool secure, bool is_write,
                              uint64_t *value);
bool vmm_generic_timer_expire(struct vmm_cpu *v, struct vmm_model *m);

/* Cycles since reset. */
static inline int64_t vmm_cycles(const struct vmm_cpu *v)
{
    return vmm_count(v) + v->idle;
}

/* CPUState.interrupt_request */
enum { VMM_REQUEST_IRQ = 0x02, VMM_REQUEST_FIQ = 0x10, VMM_REQUEST_NMI = 0x200 };

#endif
