# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest memory in snapshots: pages are copied once and shared for as long as they stand.

The content of one `Frames` is a row of *chunks*, each a tuple of pages.  A page
is an immutable copy, or None while it holds zeros.  Taking a snapshot copies
only the pages stored to since the one before; all others, and whole chunks,
are shared.  Putting one back writes only pages that were stored to since, or
that differ between the two snapshots.
"""

from __future__ import annotations

from vmm.machine.bus import Memory, Shadow
from vmm.machine.machine import Machine
from vmm.memory.frames import PAGE, Frames
from vmm.native import library as native

CHUNK = 64  # pages
Page = bytes | None
Chunk = tuple[Page, ...]
Image = tuple[Chunk, ...]  # of one Frames

ZERO = bytes(PAGE)
EMPTY: Chunk = (None,) * CHUNK


def all_frames(machine: Machine) -> list[Frames]:
    """The machine's frames, each once, in a fixed order."""
    found: list[Frames] = []
    for memory in places(machine):
        if not any(memory.frames is one for one in found):
            found.append(memory.frames)
    return found


def _page(frames: Frames, number: int) -> Page:
    data = bytes(frames.view[number * PAGE : (number + 1) * PAGE])
    return None if data == ZERO else data


def places(machine: Machine) -> list[Memory | Shadow]:
    """Everything that frames are reached by."""
    return [*machine.bus.memory, *machine.bus.shadows]


class Keeper:
    """Follows one machine's memory from snapshot to snapshot."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.frames = all_frames(machine)
        self.present: list[Image] = []  # of the snapshot last taken or put back
        self._places: list[tuple[int, int, Memory | Shadow, Frames]] = [
            (place.base, place.end, place, place.frames)
            for place in places(machine)
        ]

    # -- what has changed -----------------------------------------------------------

    def _dirty(self) -> list[set[int]]:
        """For each Frames, the pages stored to since the last snapshot was taken or put back."""
        by_frames = {id(frames): set(frames.touched or ()) for frames in self.frames}
        for entry in self._stored_pages():
            address = (entry & ~native.DIRTY_BEHIND) * PAGE
            wanted = Shadow if entry & native.DIRTY_BEHIND else Memory
            for base, end, place, frames in self._places:
                if base <= address < end and isinstance(place, wanted):
                    by_frames[id(frames)].add((place.offset + address - base) // PAGE)
        return [by_frames[id(frames)] for frames in self.frames]

    def _stored_pages(self) -> list[int]:
        return [
            entry for processor in self.machine.processors
            for entry in processor.engine.stored_pages()
        ]

    def _clean(self) -> None:
        for frames in self.frames:
            frames.touched = set()
        for processor in self.machine.processors:
            processor.engine.track_stores()

    # -- taking ----------------------------------------------------------------------

    def take(self) -> list[Image]:
        """The memory's content now; the pages are clean afterwards, and the TLB is empty."""
        if not self.present:
            self.present = [self._whole(frames) for frames in self.frames]
        else:
            self.present = [
                self._changed(frames, image, dirty)
                for frames, image, dirty in zip(
                    self.frames, self.present, self._dirty(), strict=True
                )
            ]
        self._clean()
        return list(self.present)

    @staticmethod
    def _whole(frames: Frames) -> Image:
        pages: list[Page] = [None] * (-(-frames.size // (PAGE * CHUNK)) * CHUNK)
        for numbers in frames.populated():
            for number in numbers:
                pages[number] = _page(frames, number)
        chunks = (tuple(pages[at : at + CHUNK]) for at in range(0, len(pages), CHUNK))
        return tuple(EMPTY if chunk == EMPTY else chunk for chunk in chunks)

    @staticmethod
    def _changed(frames: Frames, image: Image, dirty: set[int]) -> Image:
        if not dirty:
            return image
        chunks: dict[int, list[Page]] = {}
        for number in dirty:
            chunk, at = divmod(number, CHUNK)
            old = image[chunk][at]
            page = _page(frames, number)
            if page != old:
                chunks.setdefault(chunk, list(image[chunk]))[at] = page
        if not chunks:
            return image
        return tuple(
            tuple(chunks[index]) if index in chunks else chunk for index, chunk in enumerate(image)
        )

    # -- putting back ------------------------------------------------------------------

    def restore(self, images: list[Image]) -> None:
        """Make the memory hold ``images``."""
        machine = self.machine
        if not self.present:
            self.present = self.take()
        for frames, present, image, dirty in zip(
            self.frames, self.present, images, self._dirty(), strict=True
        ):
            wanted = set(dirty)
            for index, (mine, other) in enumerate(zip(present, image, strict=True)):
                if mine is not other:
                    wanted.update(
                        index * CHUNK + at
                        for at, (a, b) in enumerate(zip(mine, other, strict=True)) if a is not b
                    )
            for number in wanted:
                at = number // CHUNK, number % CHUNK
                page = image[at[0]][at[1]] or ZERO
                start = number * PAGE
                # What is known of a clean page need not be read: that alone would allocate it.
                clean = number not in dirty
                held = present[at[0]][at[1]] or ZERO if clean else frames.view[start : start + PAGE]
                if held != page:
                    frames.view[start : start + PAGE] = page
                    self._forget_code(machine, frames, start)
        self.present = list(images)
        self._clean()

    def _forget_code(self, machine: Machine, frames: Frames, start: int) -> None:
        for base, _, place, of in self._places:
            address = base + start - place.offset
            if of is frames and base <= address < place.end:
                for processor in machine.processors:
                    processor.engine.forget_code(address, PAGE)
