/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says what it runs on: processor, and the memory that the device tree declares. */
#include "cpu.h"
#include "virt.h"

#define FDT_MAGIC      0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP        4

static u32 big_endian(const u32 *cell)
{
    return __builtin_bswap32(*cell);
}

static int starts_with(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return 0;
    return 1;
}

/* The `reg` property of the first /memory node (two cells each), or null. */
static const u32 *find_memory(const u32 *tree)
{
    if (((u32)tree & 3) || big_endian(tree) != FDT_MAGIC)
        return 0;
    const u32 *cell = tree + big_endian(&tree[2]) / 4;
    const char *strings = (const char *)tree + big_endian(&tree[3]);
    int inside = 0;
    for (;;) {
        u32 token = big_endian(cell++);
        if (token == FDT_BEGIN_NODE) {
            const char *name = (const char *)cell;
            inside = starts_with(name, "memory");
            while (*name)
                name++;
            cell = (const u32 *)(((u32)name + 4) & ~3u);
        } else if (token == FDT_PROP) {
            const char *name = strings + big_endian(&cell[1]);
            if (inside && starts_with(name, "reg") && !name[3])
                return &cell[2];
            cell += 2 + (big_endian(cell) + 3) / 4;
        } else if (token != FDT_END_NODE && token != FDT_NOP) {
            return 0;
        }
    }
}

static void print_memory(const u32 *tree)
{
    const u32 *reg = find_memory(tree);
    if (!reg)
        reg = find_memory((const u32 *)VIRT_RAM);
    if (!reg) {
        print("memory: no device tree\n");
        return;
    }
    u32 base = big_endian(&reg[1]);
    u32 mebibytes = big_endian(&reg[2]) << 12 | big_endian(&reg[3]) >> 20;
    print("memory: ");
    print_dec(mebibytes);
    print(" MiB at 0x");
    print_hex(base);
    print("\n");
}

int main(const u32 *tree)
{
    print("Hello from ARMv7-A on the virt board.\n");
    u32 midr = MIDR();
    print("id: part 0x");
    print_hex(midr >> 4 & 0xfff);
    print(midr >> 24 == 0x41 ? " of Arm" : " of another maker");
    print_field("midr", midr);
    print("\n");
    print_memory(tree);
    return 0;
}
