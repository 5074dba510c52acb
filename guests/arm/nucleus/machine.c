/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The `virt` board: GICv2, the virtual timer, and the command line in the device tree. */
#include "../../nucleus/nucleus.h"
#include "gic.h"

#define ENABLE          1
#define TICKS_PER_2_US  125                /* of 62.5 MHz */
#define CPACR_VFP       0x00f00000u        /* coprocessors 10 and 11 for all; FPEXC decides */

/* Flattened device tree, version 17, chapter 5 of the Devicetree Specification. */
#define FDT_MAGIC       0xd00dfeed
#define FDT_BEGIN_NODE  1
#define FDT_PROP        3
#define FDT_END         9

extern const u32 vectors[];
#ifdef PARA
extern const u32 para_entry[];
int fpu_opened;
#endif
void kernel(const char *command_line);

static u32 period;

void machine_open(void)
{
    SET_VBAR((u32)vectors);
#ifdef PARA
    para_open();
    hyper(HYPER_TRAPS, (u32)para_entry, 0);
#endif
    MCR(15, 0, 1, 0, 2, CPACR_VFP);
    gic_init();
}

static void timer_start(void)
{
    MCR(15, 0, 14, 3, 0, period);          /* CNTV_TVAL */
    MCR(15, 0, 14, 3, 1, ENABLE);          /* CNTV_CTL */
}

void timer_open(u32 tick)
{
    period = tick * TICKS_PER_2_US / 2;
    gic_enable(INT_TIMER_VIRTUAL);
    timer_start();
}

void timer_close(void)
{
    MCR(15, 0, 14, 3, 1, 0);
    gic_disable(INT_TIMER_VIRTUAL);
}

void interrupt(void)
{
    u32 acknowledged = read32(GICC_IAR);
    if ((acknowledged & 0x3ff) == INT_TIMER_VIRTUAL) {
        timer_start();
        tick();
    }
    if ((acknowledged & 0x3ff) != SPURIOUS)
        write32(GICC_EOIR, acknowledged);
}

static int equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The property `bootargs`, whose node nobody else has one in. */
static const char *boot_arguments(const u32 *tree)
{
    if (__builtin_bswap32(tree[0]) != FDT_MAGIC)
        return "";
    const u32 *word = tree + __builtin_bswap32(tree[2]) / 4;
    const char *strings = (const char *)tree + __builtin_bswap32(tree[3]);
    for (u32 token; (token = __builtin_bswap32(*word++)) != FDT_END;) {
        u32 size = 0;
        if (token == FDT_BEGIN_NODE) {
            while (((const char *)word)[size++])
                ;
        } else if (token == FDT_PROP) {
            size = __builtin_bswap32(word[0]);
            if (equal(strings + __builtin_bswap32(word[1]), "bootargs"))
                return (const char *)(word + 2);
            word += 2;
        }
        word += (size + 3) / 4;
    }
    return "";
}

int main(void)
{
    kernel(boot_arguments((const u32 *)VIRT_RAM));
    return 0;
}
