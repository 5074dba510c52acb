# SPDX-License-Identifier: GPL-2.0-or-later
"""The live line: virtual time, speed and traps, on a terminal's stderr.

The terminal may be the one the guest prints on.  So the line is drawn only
while the console's cursor is at the start of a line, and is cleared before
the guest prints again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from vmm.machine.machine import Machine

PERIOD = 0.25  # seconds between drawings
CLEAR = b"\r\x1b[K"


class Progress:
    """Draws how a machine gets on, whenever it looks outside."""

    def __init__(
        self, machine: Machine, descriptor: int, free: Callable[[], bool] = lambda: True
    ) -> None:
        """``free`` says whether the cursor is where a line may be drawn."""
        self.machine = machine
        self.descriptor = descriptor
        self.free = free
        self._drawn = False
        self._at = time.monotonic()
        self._instructions = 0
        self._traps = 0

    def look(self) -> None:
        """Draw, if it is time to."""
        now = time.monotonic()
        elapsed = now - self._at
        if elapsed < PERIOD or not self.free():
            return
        instructions = self.machine.engine.count
        traps = sum(self.machine.engine.native.traps)
        text = (
            f"{self.machine.clock.now() / 1e9:.3f} s virtual  "
            f"{(instructions - self._instructions) / elapsed / 1e6:.1f} MIPS  "
            f"{(traps - self._traps) / elapsed:,.0f} traps/s"
        )
        os.write(self.descriptor, CLEAR + text.encode())
        self._drawn = True
        self._at, self._instructions, self._traps = now, instructions, traps

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            os.write(self.descriptor, CLEAR)
            self._drawn = False
