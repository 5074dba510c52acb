# SPDX-License-Identifier: GPL-2.0-or-later
"""The PC's one-port devices: exit, A20 and reset, debug console."""

from vmm.devices.debug_exit import DebugExit
from vmm.devices.debugcon import Debugcon
from vmm.devices.port92 import Port92


def test_debug_exit_status_is_odd() -> None:
    statuses: list[int] = []
    device = DebugExit(statuses.append)
    device.write(0, 4, 0)
    device.write(0, 1, 5)
    assert statuses == [1, 11]
    assert device.read(0, 4) == 0


def test_port92_tells_changes_of_a20_and_edges_of_reset() -> None:
    gates: list[bool] = []
    resets: list[int] = []
    port = Port92(gates.append, lambda: resets.append(1))
    port.write(0, 1, 0x02)
    port.write(0, 1, 0x02)
    port.write(0, 1, 0x03)
    port.write(0, 1, 0x01)
    assert gates == [True, False]
    assert len(resets) == 1
    assert port.read(0, 1) == 0x01
    port.state.value = 0x02
    port.resume()
    assert gates[-1] is True


def test_debugcon_prints_and_identifies_itself() -> None:
    text = bytearray()
    port = Debugcon(text.extend)
    for byte in b"ok":
        port.write(0, 1, byte)
    assert bytes(text) == b"ok"
    assert port.read(0, 1) == 0xE9
