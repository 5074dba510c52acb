# SPDX-License-Identifier: GPL-2.0-or-later
"""A doorbell that is rung at times that the board file says.

port 0  reads how often it has rung and was not yet answered; writing answers once
"""

from vmm.boards.site import Site


class Doorbell:
    size = 1

    def __init__(self, site: Site) -> None:
        self.irq = site.line()
        self.waiting = 0
        rings = site.table.get("rings", [])
        if not isinstance(rings, list) or not all(isinstance(ring, int) for ring in rings):
            raise site.error("rings", "wants a list of microseconds")
        for ring in rings:
            site.clock.at(ring * 1000, self.ring)

    def ring(self) -> None:
        self.waiting += 1
        self.irq.set(True)

    def read(self, offset: int, size: int) -> int:
        return self.waiting

    def write(self, offset: int, size: int, value: int) -> None:
        self.waiting = max(self.waiting - 1, 0)
        self.irq.set(self.waiting > 0)
