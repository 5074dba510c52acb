# SPDX-License-Identifier: GPL-2.0-or-later
"""Split virtqueues (virtio 1.2, 2.6 and 2.7): rings in guest memory, the device's side.

Little-endian, whatever the guest's processor is.  Nothing in the rings is
believed: every descriptor is read once, so that changing it later changes
nothing, and what does not fit raises `QueueError`, after which the device
needs a reset.  A queue holds no buffer of its own: bytes move between guest
memory and where they are wanted.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from vmm.machine.dma import Dma

DESC_F_NEXT, DESC_F_WRITE, DESC_F_INDIRECT = 1, 2, 4
AVAIL_F_NO_INTERRUPT = USED_F_NO_NOTIFY = 1
DESCRIPTOR = struct.Struct("<QIHH")  # addr, len, flags, next
USED = struct.Struct("<II")  # id, len
U16 = struct.Struct("<H")
AVAIL_IDX, AVAIL_RING = 2, 4
USED_IDX, USED_RING = 2, 4
CHAIN_MAX = 1 << 32  # bytes in one chain (2.7.5.2)
INDIRECT_MAX = 1024  # descriptors in one table: QEMU's limit; Linux stays below
DESC_ALIGN, DRIVER_ALIGN, DEVICE_ALIGN = 16, 2, 4


class QueueError(Exception):
    """The driver has broken the rules of a queue: one line."""


@dataclass(slots=True)
class QueueState:
    """What a driver has set up, and how far the device has come."""

    size: int  # descriptors
    desc: int = 0  # physical addresses: the descriptor table,
    driver: int = 0  # the available ring,
    device: int = 0  # and the used ring
    ready: bool = False
    event_idx: bool = False  # VIRTIO_F_EVENT_IDX
    indirect: bool = False  # VIRTIO_F_INDIRECT_DESC
    next_avail: int = 0  # of what the driver offers, the next to be taken
    next_used: int = 0
    published: int = 0  # the used index that the driver can see
    muted: bool = False  # the device does not want to be notified


@dataclass(slots=True)
class QueueStatistics:
    """What has passed through a queue since the machine was built."""

    kicks: int = 0
    chains: int = 0
    interrupts: int = 0
    suppressed: int = 0  # interrupts that the driver did not want


@dataclass(slots=True)
class Chain:
    """One buffer chain: what the device may read, and what it may write, as memory."""

    head: int
    readable: list[memoryview] = field(default_factory=list)
    writable: list[memoryview] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)  # address, size of the writable

    @property
    def read_size(self) -> int:
        """Bytes for the device to read."""
        return sum(map(len, self.readable))

    @property
    def write_size(self) -> int:
        """Bytes of room for the device to write."""
        return sum(map(len, self.writable))


class Rings:
    """Views of one queue's three areas, and what they are views of."""

    __slots__ = ("avail", "desc", "key", "used", "used_size")

    def __init__(self, dma: Dma, key: tuple[int, int, int, int]) -> None:
        """QueueError if an area is not all RAM."""
        size, desc, driver, device = self.key = key
        self.desc = _area(dma, "descriptor table", desc, 16 * size)
        self.avail = _area(dma, "available ring", driver, 6 + 2 * size)
        self.used_size = 6 + 8 * size
        self.used = _area(dma, "used ring", device, self.used_size)


def _area(dma: Dma, what: str, address: int, size: int) -> memoryview:
    view = dma.ram(address, size)
    if view is None:
        raise QueueError(f"{what} of {size} bytes at {address:#x} is not all RAM")
    return view


def take(views: Sequence[memoryview], skip: int, size: int | None = None) -> list[memoryview]:
    """The bytes behind the first ``skip``, at most ``size`` of them; fewer if there are fewer."""
    found = []
    for view in views:
        length = len(view)
        if skip >= length:
            skip -= length
            continue
        part = view[skip:] if size is None else view[skip : skip + size]
        skip = 0
        if size is not None:
            if not part:
                break
            size -= len(part)
        found.append(part)
    return found


def scatter(views: Sequence[memoryview], data: bytes | memoryview, skip: int = 0) -> int:
    """Write ``data`` behind the first ``skip`` bytes; returns how many bytes there was room for."""
    done = 0
    for view in take(views, skip, len(data)):
        view[:] = data[done : done + len(view)]
        done += len(view)
    return done


class Virtqueue:
    """One queue of a device."""

    def __init__(self, dma: Dma, index: int, max_size: int) -> None:
        """``max_size`` descriptors are a power of two, at most 32768."""
        self.dma = dma
        self.index = index
        self.max_size = max_size
        self.state = QueueState(max_size)
        self.statistics = QueueStatistics()
        self._rings: Rings | None = None

    def reset(self) -> None:
        """Forget what the driver has set up."""
        self.state = QueueState(self.max_size)
        self._rings = None

    def enable(self, event_idx: bool, indirect: bool) -> None:
        """Begin with the rings as the driver has set them up; QueueError if they cannot be used."""
        state = self.state
        size = state.size
        if not 0 < size <= self.max_size or size & (size - 1):
            raise QueueError(f"queue {self.index} has a size of {size}")
        for what, address, align in (
            ("descriptor table", state.desc, DESC_ALIGN),
            ("available ring", state.driver, DRIVER_ALIGN),
            ("used ring", state.device, DEVICE_ALIGN),
        ):
            if address % align:
                raise QueueError(f"queue {self.index}: {what} at {address:#x} is not aligned")
        state.event_idx, state.indirect = event_idx, indirect
        state.next_avail = state.next_used = state.published = 0
        self._open()
        state.ready = True

    def _open(self) -> Rings:
        """The rings; made anew if another snapshot's queue was put back."""
        state = self.state
        key = (state.size, state.desc, state.driver, state.device)
        rings = self._rings
        if rings is None or rings.key != key:
            rings = self._rings = Rings(self.dma, key)
        return rings

    # -- buffers of the driver --------------------------------------------------

    def waiting(self) -> int:
        """How many chains the driver offers; QueueError if it cannot be so many."""
        state = self.state
        if not state.ready:
            return 0
        idx = U16.unpack_from(self._open().avail, AVAIL_IDX)[0]
        count: int = idx - state.next_avail & 0xFFFF
        if count > state.size:
            raise QueueError(f"queue {self.index} offers {count} chains of {state.size}")
        return count

    def pop(self) -> Chain | None:
        """The next chain that the driver offers, or None; QueueError if it is malformed."""
        if not self.waiting():
            return None
        state = self.state
        rings = self._open()
        slot = state.next_avail & (state.size - 1)
        head: int = U16.unpack_from(rings.avail, AVAIL_RING + 2 * slot)[0]
        if head >= state.size:
            raise QueueError(f"queue {self.index} offers descriptor {head} of {state.size}")
        chain = self._chain(rings, head)
        state.next_avail = state.next_avail + 1 & 0xFFFF
        self.statistics.chains += 1
        return chain

    def unpop(self, count: int) -> None:
        """Put the chains that were taken last back: they are offered again."""
        self.state.next_avail = self.state.next_avail - count & 0xFFFF
        self.statistics.chains -= count

    def _chain(self, rings: Rings, head: int) -> Chain:
        """The chain that begins at ``head``; each descriptor is looked at once."""
        chain = Chain(head)
        table: bytes | memoryview = rings.desc
        limit = self.state.size
        seen = total = 0
        at = head
        indirect = False
        while True:
            address, length, flags, following = DESCRIPTOR.unpack_from(table, 16 * at)
            if flags & DESC_F_INDIRECT:
                if indirect or not self.state.indirect or flags & DESC_F_NEXT:
                    raise QueueError(f"queue {self.index}: descriptor {at} may not be indirect")
                table, limit = self._indirect(address, length)
                seen, at, indirect = 0, 0, True
                continue
            seen += 1
            if seen > limit:
                raise QueueError(f"queue {self.index}: the chain of descriptor {head} has a loop")
            total += length
            if total > CHAIN_MAX:
                raise QueueError(f"queue {self.index}: a chain of {total:#x} bytes or more")
            self._add(chain, address, length, flags)
            if not flags & DESC_F_NEXT:
                return chain
            at = following
            if at >= limit:
                raise QueueError(f"queue {self.index}: next descriptor {at} of {limit}")

    def _indirect(self, address: int, length: int) -> tuple[bytes, int]:
        """A copy of an indirect table, and how many descriptors it has."""
        count, rest = divmod(length, 16)
        if rest or not 0 < count <= INDIRECT_MAX:
            raise QueueError(f"queue {self.index}: an indirect table of {length} bytes")
        views = self.dma.readable(address, length)
        if views is None:
            raise QueueError(
                f"queue {self.index}: indirect table at {address:#x}, {length} bytes, "
                "is not all memory"
            )
        return b"".join(views), count

    def _add(self, chain: Chain, address: int, length: int, flags: int) -> None:
        """Add one buffer to a chain."""
        if not length:
            raise QueueError(f"queue {self.index}: a buffer of no bytes at {address:#x}")
        if flags & DESC_F_WRITE:
            views = self.dma.writable(address, length)
            if views is not None:
                chain.writable += views
                chain.places.append((address, length))
        else:
            if chain.writable:
                raise QueueError(f"queue {self.index}: a readable buffer behind a writable one")
            views = self.dma.readable(address, length)
            if views is not None:
                chain.readable += views
        if views is None:
            raise QueueError(
                f"queue {self.index}: buffer at {address:#x}, {length} bytes, is not all memory"
            )

    # -- back to the driver -------------------------------------------------------

    def push(self, chain: Chain, written: int) -> None:
        """Give a chain back, ``written`` bytes of it written; `publish` lets the driver see it."""
        state = self.state
        left = written
        for address, length in chain.places:
            if left <= 0:
                break
            self.dma.wrote(address, min(length, left))
            left -= length
        slot = state.next_used & (state.size - 1)
        USED.pack_into(self._open().used, USED_RING + 8 * slot, chain.head, written)
        state.next_used = state.next_used + 1 & 0xFFFF

    def publish(self) -> bool:
        """Let the driver see what was given back; returns whether it wants an interrupt for it."""
        state = self.state
        rings = self._open()
        old, new = state.published, state.next_used
        if state.event_idx:  # be told of the next chain (2.7.10), or of one that has been
            event = state.next_avail - state.muted & 0xFFFF
            U16.pack_into(rings.used, USED_RING + 8 * state.size, event)
        else:
            U16.pack_into(rings.used, 0, USED_F_NO_NOTIFY if state.muted else 0)
        U16.pack_into(rings.used, USED_IDX, new)
        self.dma.wrote(state.device, rings.used_size)
        if new == old:
            return False
        state.published = new
        if state.event_idx:
            event = U16.unpack_from(rings.avail, AVAIL_RING + 2 * state.size)[0]
            wanted: bool = new - event - 1 & 0xFFFF < new - old & 0xFFFF
        else:
            wanted = not U16.unpack_from(rings.avail)[0] & AVAIL_F_NO_INTERRUPT
        if wanted:
            self.statistics.interrupts += 1
        else:
            self.statistics.suppressed += 1
        return wanted
