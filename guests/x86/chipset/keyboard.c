/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8042 and the two devices behind it, by polling and by interrupts. */
#include "chipset.h"

#define DATA_PORT 0x60
#define COMMAND   0x64
#define FULL      0x01
#define ANSWERS   0x25                     /* of the status: who answers, self test; not bit 3,
                                              which QEMU 7.2 never clears */
#define NOTHING   0xeeee
#define LIMIT     100000

static void command(u8 value) { outb(COMMAND, value); }

static void mode(u8 value)
{
    command(0x60);
    outb(DATA_PORT, value);
}

static u32 take(void)
{
    for (int i = 0; i < LIMIT; i++)
        if (inb(COMMAND) & FULL)
            return inb(DATA_PORT);
    return NOTHING;
}

static void drain(void)
{
    while (inb(COMMAND) & FULL)
        inb(DATA_PORT);
}

static void print_answers(const char *name, int count)
{
    print(name);
    for (int i = 0; i < count; i++) {
        putch(' ');
        print_hex(take());
    }
    putch('\n');
    drain();
}

static void keyboard(const char *name, u8 value, int answers)
{
    outb(DATA_PORT, value);
    print_answers(name, answers);
}

static void mouse(const char *name, u8 value, int answers)
{
    command(0xd4);
    outb(DATA_PORT, value);
    print_answers(name, answers);
}

static void test_controller(void)
{
    command(0xad);
    command(0xa7);
    drain();
    command(0xaa);
    print_value("8042 status, answer waiting", inb(COMMAND) & ANSWERS);
    print_answers("8042 self test", 1);
    print_value("8042 status", inb(COMMAND) & ANSWERS);
    command(0xab);
    print_answers("8042 keyboard test", 1);
    command(0xa9);
    print_answers("8042 mouse test", 1);
    mode(0x30);
    print_value("8042 status after data", inb(COMMAND) & ANSWERS);
    command(0x20);
    print_answers("8042 mode", 1);
    command(0xae);
    command(0x20);
    print_answers("8042 mode, keyboard on", 1);
    command(0xa8);
    command(0x20);
    print_answers("8042 mode, mouse on", 1);
    command(0xd2);
    outb(DATA_PORT, 0x42);
    print_value("8042 status, looped", inb(COMMAND) & ANSWERS);
    print_answers("8042 looped", 1);
    command(0xd3);
    outb(DATA_PORT, 0x43);
    print_value("8042 status, looped to the mouse", inb(COMMAND) & ANSWERS);
    print_answers("8042 looped to the mouse", 1);
    command(0xd0);
    print_answers("8042 output port", 1);
}

static void test_devices(void)
{
    mode(0);
    keyboard("keyboard reset", 0xff, 2);
    keyboard("keyboard echo", 0xee, 1);
    keyboard("keyboard id", 0xf2, 3);
    keyboard("keyboard set", 0xf0, 1);
    keyboard("keyboard set is", 0, 2);
    keyboard("keyboard lamps", 0xed, 1);
    keyboard("keyboard lamps are", 2, 1);
    keyboard("keyboard rate", 0xf3, 1);
    keyboard("keyboard rate is", 0x20, 1);
    keyboard("keyboard off", 0xf5, 1);
    keyboard("keyboard on", 0xf4, 1);
    keyboard("keyboard defaults", 0xf6, 1);
    mode(0x40);
    keyboard("keyboard id translated", 0xf2, 3);
    mode(0);
    mouse("mouse reset", 0xff, 3);
    mouse("mouse id", 0xf2, 2);
    mouse("mouse resolution", 0xe8, 1);
    mouse("mouse resolution is", 3, 1);
    mouse("mouse rate", 0xf3, 1);
    mouse("mouse rate is", 40, 1);
    mouse("mouse scale", 0xe7, 1);
    mouse("mouse on", 0xf4, 1);
    mouse("mouse status", 0xe9, 4);
    mouse("mouse off", 0xf5, 1);
    mouse("mouse data", 0xeb, 4);
    mouse("mouse wraps", 0xee, 1);
    mouse("mouse wrapped", 0x55, 1);
    mouse("mouse wraps no more", 0xec, 1);
    mouse("mouse defaults", 0xf6, 1);
    mouse("mouse status", 0xe9, 4);
}

static void let_through(void)
{
    __asm__ volatile("sti; nop; nop; nop; nop; nop; nop; nop; nop; cli");
}

static void test_interrupts(void)
{
    mode(0x03);
    pic_mask(0xeff9);                      /* IRQs 1, 2 and 12 */
    keyboard_data = 0;
    outb(DATA_PORT, 0xf2);
    print_value("8042 irq 1 pending", pic_read(OCW3_IRR) & 0x1002);
    let_through();
    print_value("8042 irq 1 taken", ticks[1]);
    print_value("8042 data", keyboard_data);
    command(0xd4);
    outb(DATA_PORT, 0xe9);
    print_value("8042 irq 12 pending", pic_read(OCW3_IRR) & 0x1002);
    let_through();
    print_value("8042 irq 12 taken", ticks[12]);
    print_value("8042 data", keyboard_data);
    mode(0);
    outb(DATA_PORT, 0xee);
    print_value("8042 irqs off, pending", pic_read(OCW3_IRR) & 0x1002);
    drain();
    pic_mask(0xffff);
}

void test_keyboard(void)
{
    test_controller();
    test_devices();
    test_interrupts();
}
