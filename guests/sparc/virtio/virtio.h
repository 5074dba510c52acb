/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for virtio devices behind the mmio transport (virtio 1.2), on a big-endian processor:
 * everything that a device sees, registers and rings, is little-endian. */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "leon3.h"

#define VIRTIO_NET 1
#define VIRTIO_BLOCK 2
#define VIRTIO_CONSOLE 3
#define VIRTIO_RNG 4
#define VIRTIO_BALLOON 5

#define F_INDIRECT_DESC 28
#define F_EVENT_IDX 29
#define F_VERSION_1 32

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 0x40u

#define QUEUE_SIZE 16u                     /* at most; a device may have less */
#define QUEUES 4

struct queue {
	u8 *desc, *driver, *device;        /* the three areas, 2.7 */
	u32 index, size;
	u16 available, used;               /* how far each side is */
};

struct virtio {
	u32 base, irq, id;
	u32 features[2];
	volatile u32 interrupts, config_interrupts;
	struct queue queue[QUEUES];
};

/* One piece of a request. */
struct piece {
	void *data;
	u32 size;
	int writable;                      /* by the device */
};

/* Little-endian in memory and registers. */
static inline u32 swap32(u32 x)
{
	return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

static inline void put_le16(u8 *at, u32 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

static inline void put_le32(u8 *at, u32 value)
{
	*(volatile u32 *)(void *)at = swap32(value);
}

static inline u32 get_le16(const u8 *at)
{
	const volatile u8 *now = at;
	return now[0] | (u32)now[1] << 8;
}

static inline u32 get_le32(const u8 *at)
{
	return swap32(*(const volatile u32 *)(const void *)at);
}

/* Finds the devices of the board's plug and play area; how many there are. */
u32 virtio_find(struct virtio *devices, u32 most);
/* Resets the device and offers those of `wanted` that it has; 0 if it will not have them. */
int virtio_start(struct virtio *device, u32 wanted_low, u32 queues);
void virtio_ready(struct virtio *device);
int virtio_has(const struct virtio *device, u32 feature);
u32 virtio_config(const struct virtio *device, u32 offset); /* 32 bits */
u32 virtio_config8(const struct virtio *device, u32 offset);
/* Gives a request to the device, and tells it. */
void virtio_submit(struct virtio *device, struct queue *queue, const struct piece *pieces, u32 count);
/* Waits for the oldest request; bytes that the device wrote. */
u32 virtio_wait(struct virtio *device, struct queue *queue);
/* The interrupt of a device: what it is for, acknowledged. */
void virtio_interrupt(struct virtio *device);

#endif
