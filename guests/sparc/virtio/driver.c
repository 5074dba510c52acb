/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transport and the rings. */
#include "virtio.h"

#define APB_PNP 0x800ff000u
#define APB_SLAVES 512
#define APB 0x80000000u
#define VENDOR_CONTRIB 0x09u
#define DEVICE_VIRTIO 0x7a0u

#define MAGIC 0x74726976u
#define REG_MAGIC 0x000
#define REG_VERSION 0x004
#define REG_DEVICE_ID 0x008
#define REG_DEVICE_FEATURES 0x010
#define REG_DEVICE_FEATURES_SEL 0x014
#define REG_DRIVER_FEATURES 0x020
#define REG_DRIVER_FEATURES_SEL 0x024
#define REG_QUEUE_SEL 0x030
#define REG_QUEUE_NUM_MAX 0x034
#define REG_QUEUE_NUM 0x038
#define REG_QUEUE_READY 0x044
#define REG_QUEUE_NOTIFY 0x050
#define REG_INTERRUPT_STATUS 0x060
#define REG_INTERRUPT_ACK 0x064
#define REG_STATUS 0x070
#define REG_QUEUE_DESC 0x080
#define REG_QUEUE_DRIVER 0x090
#define REG_QUEUE_DEVICE 0x0a0
#define REG_CONFIG 0x100

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u
#define DESC_BYTES 16u
#define USED_EVENT(queue) ((queue)->driver + 4 + 2 * (queue)->size)
#define AVAIL_EVENT(queue) ((queue)->device + 4 + 8 * (queue)->size)

/* Enough for every queue of every device; areas of 512 bytes, aligned as 2.7 asks. */
static u8 areas[6 * QUEUES * 3 * 512] __attribute__((aligned(512)));
static u32 areas_used;
/* The descriptors of the request that is under way in each queue, if they are indirect. */
static u8 indirect[QUEUES][8 * DESC_BYTES] __attribute__((aligned(16)));

static u32 get_register(const struct virtio *device, u32 offset)
{
	return swap32(get32(device->base + offset));
}

static void put_register(const struct virtio *device, u32 offset, u32 value)
{
	put32(device->base + offset, swap32(value));
}

u32 virtio_find(struct virtio *devices, u32 most)
{
	u32 found = 0;
	for (u32 slave = 0; slave < APB_SLAVES && found < most; slave++) {
		u32 id = get32(APB_PNP + 8 * slave), bar = get32(APB_PNP + 8 * slave + 4);
		if (id >> 24 != VENDOR_CONTRIB || (id >> 12 & 0xfff) != DEVICE_VIRTIO)
			continue;
		struct virtio *device = &devices[found];
		device->base = APB + (bar >> 20 << 8);
		device->irq = id & 31;
		if (get_register(device, REG_MAGIC) != MAGIC || get_register(device, REG_VERSION) != 2)
			continue;
		device->id = get_register(device, REG_DEVICE_ID);
		found++;
	}
	return found;
}

int virtio_has(const struct virtio *device, u32 feature)
{
	return (device->features[feature / 32] >> feature % 32 & 1) != 0;
}

static u8 *area(void)
{
	areas_used += 512;
	return &areas[areas_used - 512];
}

static void start_queue(struct virtio *device, u32 index)
{
	struct queue *queue = &device->queue[index];
	put_register(device, REG_QUEUE_SEL, index);
	u32 size = get_register(device, REG_QUEUE_NUM_MAX);
	if (size > QUEUE_SIZE)
		size = QUEUE_SIZE;
	*queue = (struct queue){area(), area(), area(), index, size, 0, 0};
	put_register(device, REG_QUEUE_NUM, size);
	put_register(device, REG_QUEUE_DESC, (u32)queue->desc);
	put_register(device, REG_QUEUE_DESC + 4, 0);
	put_register(device, REG_QUEUE_DRIVER, (u32)queue->driver);
	put_register(device, REG_QUEUE_DRIVER + 4, 0);
	put_register(device, REG_QUEUE_DEVICE, (u32)queue->device);
	put_register(device, REG_QUEUE_DEVICE + 4, 0);
	put_register(device, REG_QUEUE_READY, 1);
}

int virtio_start(struct virtio *device, u32 wanted_low, u32 queues)
{
	put_register(device, REG_STATUS, 0);
	put_register(device, REG_STATUS, STATUS_ACKNOWLEDGE);
	put_register(device, REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	for (u32 word = 0; word < 2; word++) {
		u32 wanted = word ? 1u << (F_VERSION_1 - 32)
			: wanted_low | 1u << F_INDIRECT_DESC | 1u << F_EVENT_IDX;
		put_register(device, REG_DEVICE_FEATURES_SEL, word);
		device->features[word] = get_register(device, REG_DEVICE_FEATURES) & wanted;
		put_register(device, REG_DRIVER_FEATURES_SEL, word);
		put_register(device, REG_DRIVER_FEATURES, device->features[word]);
	}
	put_register(device, REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	if (!(get_register(device, REG_STATUS) & STATUS_FEATURES_OK))
		return 0;
	for (u32 index = 0; index < queues; index++)
		start_queue(device, index);
	put32(IRQMP + IRQMP_MASK, get32(IRQMP + IRQMP_MASK) | 1u << device->irq);
	return 1;
}

void virtio_ready(struct virtio *device)
{
	put_register(device, REG_STATUS, get_register(device, REG_STATUS) | STATUS_DRIVER_OK);
}

u32 virtio_config(const struct virtio *device, u32 offset)
{
	return get_register(device, REG_CONFIG + offset);
}

u32 virtio_config8(const struct virtio *device, u32 offset)
{
	return *(volatile u8 *)(device->base + REG_CONFIG + offset);
}

static void describe(u8 *at, const void *data, u32 size, u32 flags, u32 next)
{
	put_le32(at, (u32)data);
	put_le32(at + 4, 0);
	put_le32(at + 8, size);
	put_le16(at + 12, flags);
	put_le16(at + 14, next);
}

/* A chain of descriptors; the guest has one request at a time in each queue. */
static void chain(u8 *table, const struct piece *pieces, u32 count)
{
	for (u32 i = 0; i < count; i++)
		describe(table + DESC_BYTES * i, pieces[i].data, pieces[i].size,
			 (pieces[i].writable ? DESC_WRITE : 0) | (i + 1 < count ? DESC_NEXT : 0), i + 1);
}

void virtio_submit(struct virtio *device, struct queue *queue, const struct piece *pieces, u32 count)
{
	u32 slot = queue->available % queue->size;
	if (virtio_has(device, F_INDIRECT_DESC) && count > 1) {
		u8 *table = indirect[queue->index];
		chain(table, pieces, count);
		describe(queue->desc, table, DESC_BYTES * count, DESC_INDIRECT, 0);
	} else {
		chain(queue->desc, pieces, count);
	}
	put_le16(queue->driver + 4 + 2 * slot, 0);
	if (virtio_has(device, F_EVENT_IDX))       /* an interrupt for the very next used buffer */
		put_le16(USED_EVENT(queue), queue->used);
	u16 before = queue->available++;
	put_le16(queue->driver + 2, queue->available);
	if (!virtio_has(device, F_EVENT_IDX) || get_le16(AVAIL_EVENT(queue)) == before)
		put_register(device, REG_QUEUE_NOTIFY, queue->index);
}

u32 virtio_wait(struct virtio *device, struct queue *queue)
{
	while (get_le16(queue->device + 2) == queue->used) {
		if (get_register(device, REG_STATUS) & STATUS_NEEDS_RESET) {
			print("the device needs a reset\n");
			exit_guest(1);
		}
	}
	u32 slot = queue->used++ % queue->size;
	return get_le32(queue->device + 4 + 8 * slot + 4);
}

void virtio_interrupt(struct virtio *device)
{
	u32 status = get_register(device, REG_INTERRUPT_STATUS);
	put_register(device, REG_INTERRUPT_ACK, status);
	device->interrupts += status & 1;
	device->config_interrupts += status >> 1 & 1;
}
