/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: registers that are answered natively, and when a device wants to be called back.
 * Mirrored in vmm/native/devices.py; the models themselves are in models.h. */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMM_HOT 64 /* a power of two */
#define VMM_MODELS 8
#define VMM_CELLS 16
#define VMM_PORT (1ull << 62) /* flag of a hot address: an I/O port */

/* A register whose value stands until some device does something: answered here. */
struct vmm_hot {
    uint64_t address; /* of the access, with VMM_PORT for a port; 0: empty */
    uint32_t size;
    uint32_t value;
};

/* When a device wants to be called back (vmm/machine/clock.py). */
#define VMM_NEVER (1ll << 62)

struct vmm_timer {
    int64_t cycle; /* VMM_NEVER: not at all */
    int64_t order; /* among those of one cycle */
};

/* A device that is modelled here (models.h) on the Python device's own state. */
struct vmm_model {
    uint64_t base; /* of its registers, with VMM_PORT for ports */
    uint64_t size;
    int32_t kind;
    uint32_t width; /* of the accesses it handles, bytes */
    void *state;
    /* a device with an interrupt line: */
    uint32_t *raised; /* the sources of the shared line that are high */
    uint32_t source, irq; /* IRQMP: how many lines, and the number of the first */
    void *pins; /* the state of the pair of 8259A, of the IRQMP or of the GIC */
    uint32_t processor, spare; /* whose device it is, where each has one */
    struct vmm_timer *timer; /* NULL: it has none */
};

/* A register that is, for now, nothing but a word of its device's state. */
struct vmm_cell {
    uint64_t address; /* with VMM_PORT for a port */
    uint32_t size, mask;
    uint32_t *word;
    uint32_t active, spare;
};

struct vmm_cpu;

/* device.c */
enum vmm_fetching {
    VMM_FETCHES_NOT,
    VMM_FETCHES,      /* a block is being translated: reads of devices are fetches */
    VMM_FETCHES_AGAIN /* the instruction that runs is looked at again */
};
extern __thread enum vmm_fetching vmm_fetching;

#define VMM_FETCHES_KEPT 16
struct vmm_fetch {
    uint64_t address, value, size;
};

void vmm_begin_fetch(void);
bool vmm_has_fetched(void);
int vmm_map_device(struct vmm_cpu *v, uint64_t base, uint64_t size, uint64_t report);
bool vmm_hot_value(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t *value);
void vmm_set_hot(struct vmm_cpu *v, uint64_t address, uint32_t size, uint32_t value);
void vmm_clear_hot(struct vmm_cpu *v);

/* model.c */
bool vmm_model_read(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t *value);
bool vmm_model_write(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t value);
int vmm_acknowledge(struct vmm_cpu *v, int level);

/* timer.c */
int64_t vmm_next_look(struct vmm_cpu *v);
void vmm_timer_set(struct vmm_cpu *v, struct vmm_timer *timer, int64_t cycle);
struct vmm_model *vmm_next_timer(struct vmm_cpu *v);
bool vmm_expire_due(struct vmm_cpu *v);
bool vmm_timers_run(struct vmm_cpu *v);

/* halt.c */
bool vmm_sleep(struct vmm_cpu *v);

#endif
