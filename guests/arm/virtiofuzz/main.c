/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hostile driver of every virtio device on the board (virtio 1.2 over virtio-mmio).
 *
 * Each device is set up as it should be, then given descriptors from a random sequence:
 * most point into a playground, some outside of memory, over the rings or at each other.
 * They are changed after the notification; devices are reset in the middle.  A canary lies
 * in memory that no descriptor names.  At the end each device is asked for one thing
 * that it must do: what it answers shows that it still works.  */
#include "print.h"

#define SLOTS 32
#define SLOT(n) (0x0a000000u + 0x200u * (n))
#define QUEUE_SIZE 8u
#define QUEUES 3u
#define ROUNDS 600
#define PLAYGROUND 0x44000000u
#define PLAYGROUND_SIZE 0x100000u

#define NEEDS_RESET 0x40u
#define F_NEXT 1u
#define F_WRITE 2u
#define F_INDIRECT 4u

static u8 rings[QUEUES][4096] __attribute__((aligned(4096)));
static volatile u32 canary[1024];
static u32 state = 0x2545f491;

static u32 next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static volatile u32 *reg(u32 base, u32 offset)
{
    return (volatile u32 *)(base + offset);
}

static void set_up(u32 base)
{
    *reg(base, 0x70) = 0;
    *reg(base, 0x70) = 3;
    for (u32 word = 0; word < 2; word++) {
        *reg(base, 0x14) = word;
        *reg(base, 0x24) = word;
        *reg(base, 0x20) = *reg(base, 0x10);
    }
    *reg(base, 0x70) = 11;
    for (u32 queue = 0; queue < QUEUES; queue++) {
        u32 place = (u32)rings[queue];
        for (u32 i = 0; i < sizeof rings[queue]; i++)
            rings[queue][i] = 0;
        *reg(base, 0x30) = queue;
        *reg(base, 0x38) = QUEUE_SIZE;
        *reg(base, 0x80) = place;
        *reg(base, 0x84) = 0;
        *reg(base, 0x90) = place + 0x400;
        *reg(base, 0x94) = 0;
        *reg(base, 0xa0) = place + 0x800;
        *reg(base, 0xa4) = 0;
        *reg(base, 0x44) = 1;
    }
    *reg(base, 0x70) = 15;
}

/* One descriptor; kind 0 is an honest one. */
static void describe(u32 queue, u32 slot, u32 kind)
{
    volatile u32 *desc = (volatile u32 *)(rings[queue] + 16 * slot);
    u32 address = PLAYGROUND + next() % PLAYGROUND_SIZE / 2, size = 1 + next() % 4096;
    u32 flags = next() & (F_NEXT | F_WRITE);

    desc[1] = 0;
    switch (kind) {
    case 1: address = 0x3ffffff0u; break;                  /* before the RAM */
    case 2: size = 0xffffffffu; break;
    case 3: desc[1] = next(); break;                       /* beyond 4 GiB */
    case 4: flags |= F_NEXT; break;
    case 5: flags = F_INDIRECT; address &= ~15u; size = next() % 8 * 16; break;
    case 6: address = (u32)rings[queue]; size = 2048; break; /* over the rings themselves */
    case 7: size = 0; break;
    }
    desc[0] = address;
    desc[2] = size;
    desc[3] = flags | (kind == 4 ? slot : next() % QUEUE_SIZE) << 16;
}

static void offer(u32 base, u32 queue, u32 head)
{
    volatile u16 *avail = (volatile u16 *)(rings[queue] + 0x400);
    u16 idx = avail[1];

    avail[2 + idx % QUEUE_SIZE] = (u16)head;
    avail[1] = (u16)(idx + 1);
    *reg(base, 0x50) = queue;
}

static u32 attack(u32 base)
{
    u32 resets = 0;

    for (u32 round = 0; round < ROUNDS; round++) {
        u32 queue = next() % QUEUES;
        for (u32 slot = 0; slot < QUEUE_SIZE; slot++)
            describe(queue, slot, next() % 40);
        offer(base, queue, next() % QUEUE_SIZE);
        describe(queue, next() % QUEUE_SIZE, next() % 8);   /* after the notification */
        if (next() % 16 == 0)
            *reg(base, 4 * (next() % 0x60)) = next();       /* some register */
        if (next() % 64 == 0)
            for (u32 storm = 0; storm < 100; storm++)
                *reg(base, 0x50) = next() % 4;
        if (*reg(base, 0x70) & NEEDS_RESET)
            resets++, set_up(base);
        else if (next() % 64 == 0)
            set_up(base);                                   /* in the middle of it */
    }
    return resets;
}

/* A buffer for every queue: which of them come back, as bits. */
static u32 answers(u32 base)
{
    u32 found = 0;

    set_up(base);
    for (u32 queue = 0; queue < QUEUES; queue++) {
        volatile u32 *desc = (volatile u32 *)(void *)rings[queue];
        u32 *words = (u32 *)PLAYGROUND;

        for (u32 i = 0; i < 16; i++)
            words[i] = 0;                                    /* a block device reads sector 0 */
        desc[0] = PLAYGROUND, desc[2] = 16, desc[3] = F_NEXT | 1u << 16;
        desc[4] = PLAYGROUND + 64, desc[6] = 513, desc[7] = F_WRITE;
        offer(base, queue, 0);
        found |= (u32)(((volatile u16 *)(rings[queue] + 0x800))[1] == 1) << queue;
    }
    return found;
}

int main(void)
{
    for (u32 i = 0; i < 1024; i++)
        canary[i] = ~i;
    for (u32 slot = SLOTS; slot-- > 0;) {
        u32 base = SLOT(slot), id = *reg(base, 0x08);

        if (!id)
            continue;
        set_up(base);
        u32 resets = attack(base);
        print("device ");
        print_dec(id);
        print(resets ? ": needed resets," : ": needed no reset,");
        print(" answers ");
        print_dec(answers(base));
        print("\n");
        for (u32 i = 0; i < 1024; i++)
            if (canary[i] != ~i)
                print("the canary is dead\n"), exit_guest(1);
    }
    return 0;
}
