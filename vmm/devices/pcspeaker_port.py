# SPDX-License-Identifier: GPL-2.0-or-later
"""System control port B, 0x61 (IBM PC/AT Technical Reference).

Bit 0 is the gate of timer counter 2, bit 1 lets its output to the speaker,
bits 2 and 3 disable parity and channel checks (kept, nothing fails here), bit
4 toggles with every refresh of memory (each 15 us, from virtual time), bit 5
is the output of counter 2.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

from vmm.devices.device import Register, Unknown
from vmm.devices.i8254 import FREQUENCY, I8254
from vmm.devices.shared import Shared, SharedState
from vmm.machine.clock import Clock

GATE2, SPEAKER, WRITABLE, REFRESH, OUT2 = 0x01, 0x02, 0x0F, 0x10, 0x20
REFRESH_DIVIDER = 18  # what firmware gives counter 1
CHANNEL = 2


class PcSpeakerState(Shared):
    """The bits last written, `struct vmm_pc_speaker`."""

    control: int
    _fields_ = (("control", C.c_uint32),)


class PcSpeakerPort(SharedState[PcSpeakerState]):
    """``on_sound`` is told whether the speaker is driven by the counter."""

    name = "pcspeaker-port"
    size = 1
    registers = (Register(0, "SCPB"),)

    def __init__(
        self, clock: Clock, pit: I8254, on_sound: Callable[[bool], None] | None = None
    ) -> None:
        self.clock = clock
        self.pit = pit
        self.on_sound = on_sound
        self.unknown = Unknown(self.name)
        self.state = PcSpeakerState()

    def reset(self) -> None:
        self.state = PcSpeakerState()
        self.pit.gate(CHANNEL, False)

    def resume(self) -> None:
        """The gate is kept by the timer itself."""

    def read(self, offset: int, size: int) -> int:
        if offset != 0:
            return self.unknown.read(offset, size, 0xFF)
        refresh = REFRESH if self.clock.ticks(FREQUENCY) // REFRESH_DIVIDER & 1 else 0
        return self.state.control | refresh | (OUT2 if self.pit.output(CHANNEL) else 0)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset != 0:
            self.unknown.write(offset, size, value)
            return
        before, self.state.control = self.state.control, value & WRITABLE
        self.pit.gate(CHANNEL, bool(value & GATE2))
        sounds = SPEAKER | GATE2
        if self.on_sound is not None and (before & sounds == sounds) != (value & sounds == sounds):
            self.on_sound(value & sounds == sounds)
