/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw_cfg at its ports (QEMU, docs/specs/fw_cfg.rst). */
#include "chipset.h"

#define SELECTOR 0x510
#define DATA_BYTE 0x511
#define DMA_HIGH 0x514
#define DMA_LOW  0x518
#define FEATURES 1
#define CPUS     5
#define SELECT_AND_READ 0x0a

static u32 swapped(u32 value)
{
    return value >> 24 | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) | value << 24;
}

static u32 item(u16 key)
{
    u32 value = 0;
    outw(SELECTOR, key);
    for (int i = 0; i < 4; i++)
        value |= (u32)inb(DATA_BYTE) << 8 * i;
    return value;
}

void test_fw_cfg(void)
{
    static volatile u32 request[4] __attribute__((aligned(16)));
    static volatile u32 answer[2];

    print_value("fw_cfg signature", item(0));
    print_value("fw_cfg behind its end", inb(DATA_BYTE));
    print_value("fw_cfg features", item(FEATURES));
    print_value("fw_cfg processors", item(CPUS));
    print_field("fw_cfg dma", inl(DMA_HIGH));
    print_value("", inl(DMA_LOW));
    answer[0] = answer[1] = 0x5a5a5a5a;
    request[0] = swapped(SELECT_AND_READ);  /* item 0 */
    request[1] = swapped(6);
    request[2] = 0;
    request[3] = swapped((u32)answer);
    outl(DMA_HIGH, 0);
    outl(DMA_LOW, swapped((u32)request));
    print_field("fw_cfg dma control", request[0]);
    print_field("read", answer[0]);
    print_value("", answer[1]);
}
