/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's chip set: PCI configuration, memory that the host bridge switches,
 * keyboard controller, power management, firmware configuration.
 *
 * Other firmware has been here before on QEMU, and there are more devices on
 * its bus, so every test sets what it depends on and looks only at that. */
#include "chipset.h"

volatile u32 ticks[16], keyboard_data;

void trap(struct frame *f)
{
    u32 irq = f->vector - IRQ_BASE;
    if (f->vector < IRQ_BASE || irq > 15) {
        print_value("failed: unexpected vector", f->vector);
        exit_guest(2);
    }
    ticks[irq]++;
    if (irq == 1 || irq == 12)
        keyboard_data = keyboard_data << 8 | inb(0x60);
    pic_eoi(irq);
}

int main(void)
{
    set_flat_segments();
    set_exception_gates();
    load_descriptor_tables();
    pic_open();
    print("chipset: x86\n");
    test_pci();
    test_power();
    test_memory();
    test_keyboard();
    test_fw_cfg();
    print("== done\n");
    return 0;
}
