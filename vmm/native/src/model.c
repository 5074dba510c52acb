/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which model, or which word of a device's state, an access reaches. */
#include "models.h"

size_t vmm_model_size(int kind);
size_t vmm_model_size(int kind)
{
    static const size_t sizes[VMM_MODEL_KINDS] = {
        0, sizeof(struct vmm_irqmp), sizeof(struct vmm_gic), sizeof(struct vmm_gic),
        sizeof(struct vmm_i8259_pair), sizeof(struct vmm_i8259_pair), sizeof(struct vmm_uart16550),
        sizeof(struct vmm_i8254), sizeof(struct vmm_gptimer), sizeof(struct vmm_local_apic),
        sizeof(struct vmm_io_apic), sizeof(struct vmm_pc_speaker), sizeof(struct vmm_generic_timer),
    };
    return kind >= 0 && kind < VMM_MODEL_KINDS ? sizes[kind] : 0;
}

/* The machine's model of this kind, or NULL. */
struct vmm_model *vmm_find_model(struct vmm_cpu *v, enum vmm_model_kind kind)
{
    for (uint32_t i = 0; i < v->model_count; i++)
        if (v->models[i].kind == (int32_t)kind)
            return &v->models[i];
    return NULL;
}

static bool model_read(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t size,
                       uint64_t *value)
{
    struct vmm_i8259_pair *pair = m->state;

    if (size != m->width)
        return false;
    vmm_clear_hot(v); /* some of these reads do something */
    switch (m->kind) {
    case VMM_MODEL_IRQMP: return vmm_irqmp_read(m, offset, value);
    case VMM_MODEL_GIC_DISTRIBUTOR: return vmm_gic_distributor_read(v, m, offset, value);
    case VMM_MODEL_GIC_INTERFACE: return vmm_gic_interface_read(v, m, offset, value);
    case VMM_MODEL_I8259_MASTER: return vmm_i8259_read(m, &pair->master, offset, value);
    case VMM_MODEL_I8259_SLAVE: return vmm_i8259_read(m, &pair->slave, offset, value);
    case VMM_MODEL_UART16550: return vmm_uart16550_read(v, m, offset, value);
    case VMM_MODEL_I8254: return vmm_i8254_read(v, m, offset, value);
    case VMM_MODEL_GPTIMER: return vmm_gptimer_read(v, m, offset, value);
    case VMM_MODEL_LOCAL_APIC: return vmm_local_apic_read(v, m, offset, value);
    case VMM_MODEL_IO_APIC: return vmm_io_apic_read(m, offset, value);
    case VMM_MODEL_PC_SPEAKER: return vmm_pc_speaker_read(v, m, value);
    default: return false;
    }
}

static bool model_write(struct vmm_cpu *v, struct vmm_model *m, uint32_t offset, uint32_t size,
                        uint32_t value)
{
    struct vmm_i8259_pair *pair = m->state;

    if (size != m->width)
        return false;
    switch (m->kind) {
    case VMM_MODEL_IRQMP: return vmm_irqmp_write(v, m, offset, value);
    case VMM_MODEL_GIC_DISTRIBUTOR: return vmm_gic_distributor_write(v, m, offset, value);
    case VMM_MODEL_GIC_INTERFACE: return vmm_gic_interface_write(v, m, offset, value);
    case VMM_MODEL_I8259_MASTER: return vmm_i8259_write(v, m, &pair->master, offset, value);
    case VMM_MODEL_I8259_SLAVE: return vmm_i8259_write(v, m, &pair->slave, offset, value);
    case VMM_MODEL_UART16550: return vmm_uart16550_write(v, m, offset, value);
    case VMM_MODEL_I8254: return vmm_i8254_write(v, m, offset, value);
    case VMM_MODEL_GPTIMER: return vmm_gptimer_write(v, m, offset, value);
    case VMM_MODEL_LOCAL_APIC: return vmm_local_apic_write(v, m, offset, value);
    case VMM_MODEL_IO_APIC: return vmm_io_apic_write(v, m, offset, value);
    default: return false;
    }
}

/* A read of a device register; false if the Python device is to answer. */
bool vmm_model_read(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t *value)
{
    for (uint32_t i = 0; i < v->model_count; i++)
        if (address - v->models[i].base < v->models[i].size) {
            if (!model_read(v, &v->models[i], (uint32_t)(address - v->models[i].base), size, value))
                return false;
            v->hot_reads++;
            return true;
        }
    for (uint32_t i = 0; i < v->cell_count; i++)
        if (address == v->cells[i].address && size == v->cells[i].size && v->cells[i].active) {
            v->hot_reads++;
            *value = *v->cells[i].word;
            return true;
        }
    return false;
}

bool vmm_model_write(struct vmm_cpu *v, uint64_t address, uint32_t size, uint64_t value)
{
    for (uint32_t i = 0; i < v->model_count; i++)
        if (address - v->models[i].base < v->models[i].size) {
            if (!model_write(v, &v->models[i], (uint32_t)(address - v->models[i].base), size,
                             (uint32_t)value))
                return false;
            v->hot_writes++;
            vmm_clear_hot(v);
            return true;
        }
    for (uint32_t i = 0; i < v->cell_count; i++)
        if (address == v->cells[i].address && size == v->cells[i].size && v->cells[i].active) {
            v->hot_writes++;
            *v->cells[i].word = (uint32_t)value & v->cells[i].mask;
            return true;
        }
    return false;
}

/* The processor takes an interrupt: tell the controller, and get its vector if it has one. */
int vmm_acknowledge(struct vmm_cpu *v, int level)
{
    for (uint32_t i = 0; v->models_on && i < v->model_count; i++)
        switch (v->models[i].kind) {
        case VMM_MODEL_IRQMP: vmm_irqmp_acknowledge(v, &v->models[i], level); return 0;
        case VMM_MODEL_LOCAL_APIC: return vmm_local_apic_acknowledge(v, &v->models[i]);
        case VMM_MODEL_I8259_MASTER: return vmm_i8259_acknowledge(v, &v->models[i]);
        default: break;
        }
    return v->on_acknowledge(v, level);
}
