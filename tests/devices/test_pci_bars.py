# SPDX-License-Identifier: GPL-2.0-or-later
"""Base address registers: sizes, addresses, when a function answers, what firmware assigns."""

import pytest

from vmm.devices.pci import ConfigRegister, ConfigSpace, identity
from vmm.devices.pci_bars import Bars, assign, io_bar, memory_bar


class Function:
    """A function with ports and memory, which remembers where they are."""

    def __init__(self) -> None:
        self.ports: int | None = None
        self.memory: int | None = None
        self.bars = Bars({"BAR0": self._ports, "BAR4": self._memory})
        self.config = ConfigSpace("function", (
            *identity(1, 2, 3, 0),
            ConfigRegister(0x04, "PCICMD", 2, 0, writable=0x7),
            io_bar(0, 0x20), memory_bar(4, 0x4000),
        ), lambda register, before: self.bars.changed(self.config, register))

    def _ports(self, base: int | None) -> None:
        self.ports = base

    def _memory(self, base: int | None) -> None:
        self.memory = base


def test_all_ones_tell_the_size() -> None:
    config = Function().config
    for offset in (0x10, 0x20, 0x14):
        config.write(offset, 4, 0xFFFFFFFF)
    assert [config.read(offset, 4) for offset in (0x10, 0x20, 0x14)] == [0xFFFFFFE1, 0xFFFFC000, 0]


def test_a_function_answers_where_it_is_put_while_its_command_allows() -> None:
    function = Function()
    function.config.write(0x20, 4, 0xE0000000)
    assert function.memory is None
    function.config.write(0x04, 2, 3)
    assert (function.ports, function.memory) == (None, 0xE0000000)  # no ports at 0
    function.config.write(0x10, 4, 0xC000)
    function.config.write(0x20, 4, 0xE0012345)
    assert (function.ports, function.memory) == (0xC000, 0xE0010000)
    function.config.write(0x04, 2, 1)
    assert (function.ports, function.memory) == (0xC000, None)


def test_firmware_assigns_aligned_addresses_that_do_not_overlap() -> None:
    functions = [Function(), Function()]
    plain = ConfigSpace("plain", identity(1, 2, 3, 0))
    assign([functions[0].config, plain, functions[1].config], 0xC004, 0xE0000010)
    assert [f.ports for f in functions] == [0xC020, 0xC040]
    assert [f.memory for f in functions] == [0xE0004000, 0xE0008000]


@pytest.mark.parametrize("size", [8, 24])
def test_a_size_is_a_power_of_two_and_not_too_small(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        memory_bar(0, size)
