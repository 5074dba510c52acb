# SPDX-License-Identifier: GPL-2.0-or-later
"""A beacon: flashes once a period and interrupts at each flash.

offset 0  PERIOD   microseconds; writing starts the beacon, 0 stops it
offset 4  FLASHES  flashes so far, read only
offset 8  END      writing ends the run with the value as exit status
"""

from vmm.boards.site import Site


class Beacon:
    size = 0x10

    def __init__(self, site: Site) -> None:
        self.site = site
        self.irq = site.line()
        self.lamps = site.number("lamps", 1)
        self.period = self.flashes = 0
        self.event = None

    def read(self, offset: int, size: int) -> int:
        return {0: self.period, 4: self.flashes}.get(offset, 0)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == 0:
            self.period = value
            self.site.clock.cancel(self.event)
            self.next()
        elif offset == 8:
            self.site.end(value)

    def next(self) -> None:
        if self.period:
            when = self.site.clock.now() + self.period * 1000  # nanoseconds of virtual time
            self.event = self.site.clock.at(when, self.flash)

    def flash(self) -> None:
        self.flashes += self.lamps
        self.irq.pulse()
        self.next()
