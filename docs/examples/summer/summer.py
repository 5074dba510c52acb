# SPDX-License-Identifier: GPL-2.0-or-later
"""A unit that adds up the words of a piece of memory, four nanoseconds a word.

offset  0  ADDRESS  physical address of the first word
offset  4  WORDS    writing starts the unit: so many 32-bit words
offset  8  SUM      the sum; reading lowers the interrupt
offset 12  STATUS   1 busy, 2 done, 4 the piece was not all memory
offset 16  END      writing ends the run with the value as exit status
"""

import struct

from vmm.boards.site import Site

BUSY, DONE, ERROR = 1, 2, 4


class Summer:
    size = 0x1000

    def __init__(self, site: Site) -> None:
        self.site = site
        self.irq = site.line()
        self.address = self.words = self.sum = self.status = 0

    def read(self, offset: int, size: int) -> int:
        if offset == 8:
            self.irq.set(False)
        return {0: self.address, 4: self.words, 8: self.sum, 12: self.status}.get(offset, 0)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == 0:
            self.address = value
        elif offset == 4:
            self.words, self.status = value, BUSY
            self.site.clock.at(self.site.clock.now() + 4 * value, self.finish)
        elif offset == 16:
            self.site.end(value)

    def finish(self) -> None:
        try:
            data = self.site.read_memory(self.address, 4 * self.words)
        except ValueError:  # a guest's mistake is the unit's error status
            self.status = DONE | ERROR
        else:
            self.sum = sum(struct.unpack(f"<{self.words}I", data)) & 0xFFFFFFFF
            self.status = DONE
        self.irq.set(True)
