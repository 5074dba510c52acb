# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the outside enters a machine: keys, frames of a network, bytes of a pipe.

Nothing of the outside reaches a device but through a channel, so whoever
wants to know what entered, and when, or to enter it again, listens there
(`vmm.state.inputs`).
"""

from __future__ import annotations

from collections.abc import Callable


class Channel:
    """One way into one machine, for pieces of bytes: a frame stays a frame.

    ``name`` is unique in its machine and stands in recordings; ``enter`` takes a piece into
    the device at once.
    """

    def __init__(self, name: str, enter: Callable[[bytes], None]) -> None:
        self.name = name
        self.enter = enter
        self.on_arrive: Callable[[Channel, bytes], None] | None = None  # who has it enter later

    def arrive(self, data: bytes) -> None:
        """A piece comes from outside."""
        if self.on_arrive is not None:
            self.on_arrive(self, data)
        else:
            self.enter(data)
