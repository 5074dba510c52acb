/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uses every virtio device that the board has: a disk, a random number generator, a network
 * card, a console, a balloon.  What it prints depends on the devices and their content alone. */
#include "virtio.h"

#define SECTOR 512u
#define SECTORS 64u                        /* that are read and summed */
#define WRITTEN 8u                         /* sectors, from sector 16 */

#define BLOCK_F_RO 5
#define BLOCK_F_FLUSH 9
#define BLOCK_IN 0u
#define BLOCK_OUT 1u
#define BLOCK_FLUSH 4u
#define BLOCK_GET_ID 8u

#define NET_F_MAC 5
#define NET_HEADER 12u

static struct virtio devices[6];
static u32 count;
static u8 data[SECTORS * SECTOR], pattern[WRITTEN * SECTOR];
static u32 failures;

void trap(struct trap_frame *frame)
{
	u32 level = frame->vector - 0x10;
	for (u32 i = 0; i < count; i++)
		if (devices[i].irq == level) {
			virtio_interrupt(&devices[i]);
			return;
		}
	print("unexpected trap");
	print_field("tt", frame->vector);
	print_field("pc", frame->pc);
	print("\n");
	exit_guest(1);
}

static void check(const char *what, int good)
{
	print("  ");
	print(what);
	print(good ? ": yes\n" : ": NO\n");
	failures += !good;
}

/* CRC-32 of IEEE 802.3, for the host to compare. */
static u32 crc32(const u8 *from, u32 size)
{
	u32 crc = ~0u;
	while (size--) {
		crc ^= *from++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static int same(const u8 *one, const u8 *other, u32 size)
{
	while (size--)
		if (*one++ != *other++)
			return 0;
	return 1;
}

/* -- block: 5.2 ------------------------------------------------------------- */

static u32 block_request(struct virtio *disk, u32 type, u32 sector, void *at, u32 size)
{
	static u8 header[16] __attribute__((aligned(8)));
	static volatile u8 status;
	put_le32(header, type);
	put_le32(header + 4, 0);
	put_le32(header + 8, sector);
	put_le32(header + 12, 0);
	status = 0xff;
	struct piece pieces[] = {
		{header, sizeof header, 0},
		{at, size, type != BLOCK_OUT},
		{(void *)&status, 1, 1},
	};
	if (!size)
		pieces[1] = pieces[2];
	virtio_submit(disk, &disk->queue[0], pieces, size ? 3 : 2);
	virtio_wait(disk, &disk->queue[0]);
	return status;
}

static void block(struct virtio *disk)
{
	char name[21] = {0};
	u32 capacity = virtio_config(disk, 0);
	virtio_ready(disk);
	print("block: ");
	print_dec(capacity);
	print(" sectors");
	if (block_request(disk, BLOCK_GET_ID, 0, name, 20) == 0 && name[0]) {
		print(", serial ");
		print(name);
	}
	print(virtio_has(disk, BLOCK_F_RO) ? ", read only\n" : "\n");
	check("the first sectors are read", block_request(disk, BLOCK_IN, 0, data, sizeof data) == 0);
	print_field(" crc", crc32(data, sizeof data));
	print("\n");
	check("beyond the end is refused", block_request(disk, BLOCK_IN, capacity, data, SECTOR) == 1);
	for (u32 i = 0; i < sizeof pattern; i++)
		pattern[i] = (u8)(i * 7 + (i >> 8));
	u32 wrote = block_request(disk, BLOCK_OUT, 16, pattern, sizeof pattern);
	if (virtio_has(disk, BLOCK_F_RO)) {
		check("writing is refused", wrote == 1);
	} else {
		check("sectors are written", wrote == 0);
		if (virtio_has(disk, BLOCK_F_FLUSH))
			check("and flushed", block_request(disk, BLOCK_FLUSH, 0, 0, 0) == 0);
		check("and read back", block_request(disk, BLOCK_IN, 16, data, sizeof pattern) == 0
				       && same(data, pattern, sizeof pattern));
	}
	check("each request interrupted", disk->interrupts != 0);
}

/* -- entropy: 5.4 ------------------------------------------------------------- */

static void rng(struct virtio *device)
{
	static u8 first[64], second[64];
	virtio_ready(device);
	print("rng:\n");
	for (u32 i = 0; i < 2; i++) {
		u8 *into = i ? second : first;
		u32 got = 0;
		while (got < 64) {
			struct piece piece = {into + got, 64 - got, 1};
			virtio_submit(device, &device->queue[0], &piece, 1);
			got += virtio_wait(device, &device->queue[0]);
		}
	}
	check("64 bytes twice, not the same", !same(first, second, 64));
}

/* -- network: 5.1 ------------------------------------------------------------- */

static void put_be16(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

/* Asks who has 10.0.2.2. */
static void net(struct virtio *card)
{
	static u8 out[NET_HEADER + 60], in[NET_HEADER + 1526];
	u8 *frame = out + NET_HEADER, *mac = frame + 6;
	struct piece piece = {in, sizeof in, 1};
	for (u32 i = 0; i < 6; i++) {
		frame[i] = 0xff;
		mac[i] = (u8)virtio_config8(card, i);
	}
	put_be16(frame + 12, 0x0806);
	put_be16(frame + 14, 1);
	put_be16(frame + 16, 0x0800);
	frame[18] = 6;
	frame[19] = 4;
	put_be16(frame + 20, 1);
	static const u8 us[4] = {10, 0, 2, 15}, host[4] = {10, 0, 2, 2};
	for (u32 i = 0; i < 6; i++)
		frame[22 + i] = mac[i];
	for (u32 i = 0; i < 4; i++) {
		frame[28 + i] = us[i];
		frame[38 + i] = host[i];
	}
	virtio_ready(card);
	print("net:");
	for (u32 i = 0; i < 6; i++)
		print_field("", mac[i]);
	print("\n");
	virtio_submit(card, &card->queue[0], &piece, 1);
	struct piece sent = {out, sizeof out, 0};
	virtio_submit(card, &card->queue[1], &sent, 1);
	virtio_wait(card, &card->queue[1]);
	u32 size = virtio_wait(card, &card->queue[0]);
	u8 *reply = in + NET_HEADER;
	check("the gateway answers", size >= NET_HEADER + 42 && reply[21] == 2
				     && same(reply + 28, host, 4) && same(reply, mac, 6));
}

/* -- console: 5.3 ------------------------------------------------------------- */

static void console(struct virtio *port)
{
	static char text[] = "a line through virtio\n";
	struct piece piece = {text, sizeof text - 1, 0};
	virtio_ready(port);
	print("console:\n");
	virtio_submit(port, &port->queue[1], &piece, 1);
	virtio_wait(port, &port->queue[1]);
	check("a line is taken", 1);
}

/* -- balloon: 5.5 ------------------------------------------------------------- */

static u8 pages[4 * 4096] __attribute__((aligned(4096)));

static void balloon(struct virtio *device)
{
	static u8 numbers[16] __attribute__((aligned(4)));
	struct piece piece = {numbers, sizeof numbers, 0};
	virtio_ready(device);
	print("balloon:\n");
	for (u32 i = 0; i < sizeof pages; i++)
		pages[i] = 0x5a;
	for (u32 i = 0; i < 4; i++)
		put_le32(numbers + 4 * i, ((u32)pages >> 12) + i);
	virtio_submit(device, &device->queue[0], &piece, 1);
	virtio_wait(device, &device->queue[0]);
	check("pages are given", 1);
	virtio_submit(device, &device->queue[1], &piece, 1);
	virtio_wait(device, &device->queue[1]);
	for (u32 i = 0; i < sizeof pages; i++)
		pages[i] = (u8)i;
	check("and taken back", pages[4097] == 1);
}

int main(void)
{
	static const struct {
		u32 id, features, queues;
		void (*use)(struct virtio *device);
	} kinds[] = {
		{VIRTIO_BLOCK, 1u << BLOCK_F_RO | 1u << BLOCK_F_FLUSH, 1, block},
		{VIRTIO_RNG, 0, 1, rng},
		{VIRTIO_NET, 1u << NET_F_MAC, 2, net},
		{VIRTIO_CONSOLE, 0, 2, console},
		{VIRTIO_BALLOON, 0, 2, balloon},
	};
	count = virtio_find(devices, sizeof devices / sizeof *devices);
	print_dec(count);
	print(" virtio devices\n");
	set_pil(0);
	for (u32 i = 0; i < count; i++)
		for (u32 kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
			if (kinds[kind].id == devices[i].id) {
				if (virtio_start(&devices[i], kinds[kind].features, kinds[kind].queues))
					kinds[kind].use(&devices[i]);
				else
					check("features are agreed on", 0);
			}
	print(failures ? "virtio: failed\n" : "virtio: all is well\n");
	return (int)failures;
}
