# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from vmm.devices import fw_cfg
from vmm.devices.fw_cfg import FwCfg


class Bench:
    def __init__(self) -> None:
        self.memory = bytearray(0x1000)
        self.device = FwCfg(self.load, self.store)

    def load(self, address: int, count: int) -> bytes:
        if address + count > len(self.memory):
            raise ValueError("not memory")
        return bytes(self.memory[address : address + count])

    def store(self, address: int, data: bytes) -> None:
        if address + len(data) > len(self.memory):
            raise ValueError("not memory")
        self.memory[address : address + len(data)] = data

    def select(self, key: int) -> None:
        self.device.write(fw_cfg.SELECTOR, 2, (key & 0xFF) << 8 | key >> 8)

    def take(self, count: int) -> bytes:
        return bytes(self.device.read(fw_cfg.DATA, 1) for _ in range(count))

    def dma(self, control: int, length: int, target: int, at: int = 0x100) -> int:
        """Run one transfer; the control word that is left."""
        request = control.to_bytes(4, "big") + length.to_bytes(4, "big") + target.to_bytes(8, "big")
        self.memory[at : at + 16] = request
        self.device.write(fw_cfg.DMA_HIGH, 4, 0)
        self.device.write(fw_cfg.DMA_LOW, 4, int.from_bytes(at.to_bytes(4, "big"), "little"))
        return int.from_bytes(self.memory[at : at + 4], "big")


def test_signature_and_features() -> None:
    bench = Bench()
    bench.select(fw_cfg.SIGNATURE)
    assert bench.take(4) == b"QEMU"
    bench.select(fw_cfg.ID)
    assert bench.take(4) == b"\x03\0\0\0"


def test_wide_reads_keep_the_order_in_memory() -> None:
    bench = Bench()
    bench.device.add_file("opt/x", b"abcdefgh!")
    bench.select(0x20)
    assert bench.device.read(fw_cfg.DATA, 8).to_bytes(8, "little") == b"abcdefgh"
    assert bench.device.read(fw_cfg.DATA, 4).to_bytes(4, "little") == b"!\0\0\0"


def test_directory_lists_files_by_name() -> None:
    bench = Bench()
    bench.device.add_file("opt/two", b"22")
    bench.device.add_file("etc/one", b"1")
    bench.select(fw_cfg.FILE_DIR)
    assert bench.take(4) == b"\0\0\0\2"
    entries = [bench.take(64) for _ in range(2)]
    assert entries[0] == b"\0\0\0\x01\0\x20\0\0" + b"etc/one".ljust(56, b"\0")
    assert entries[1][:8] == b"\0\0\0\x02\0\x21\0\0"
    bench.select(0x21)
    assert bench.take(3) == b"22\0"


def test_unknown_items_read_as_zero() -> None:
    bench = Bench()
    bench.select(0x3F)
    assert bench.take(4) == bytes(4)


def test_dma_signature() -> None:
    device = Bench().device
    assert device.read(fw_cfg.DMA_HIGH, 8).to_bytes(8, "little") == b"QEMU CFG"
    assert device.read(fw_cfg.DMA_LOW, 4).to_bytes(4, "little") == b" CFG"


def test_dma_selects_and_reads() -> None:
    bench = Bench()
    bench.device.add_file("opt/x", b"0123456789")
    assert bench.dma(0x20 << 16 | 8 | 2, 12, 0x800) == 0
    assert bench.memory[0x800:0x80C] == b"0123456789\0\0"


def test_dma_skips_and_goes_on() -> None:
    bench = Bench()
    bench.device.add_file("opt/x", b"0123456789")
    assert bench.dma(0x20 << 16 | 8 | 4, 4, 0) == 0
    assert bench.dma(2, 3, 0x800) == 0
    assert bench.memory[0x800:0x803] == b"456"


def test_dma_write_is_an_error() -> None:
    assert Bench().dma(16, 4, 0x800) == fw_cfg.CONTROL_ERROR


def test_dma_outside_memory_is_an_error_for_the_guest() -> None:
    bench = Bench()
    assert bench.dma(fw_cfg.SIGNATURE << 16 | 8 | 2, 0xFFFFFFFF, 0x800) == fw_cfg.CONTROL_ERROR
    bench.device.write(fw_cfg.DMA_HIGH, 8, 0xFFFFFFFFFFFFFFFF)
    assert bench.device.unknown.counts["note", -1] == 2


def test_names_and_numbers_are_checked() -> None:
    device = Bench().device
    with pytest.raises(ValueError, match="55"):
        device.add_file("x" * 56, b"")
    with pytest.raises(ValueError, match="0x20"):
        device.add_item(0x20, b"")


def ports(bench: Bench) -> fw_cfg.FwCfgPorts:
    bench.device.add_file("opt/x", b"0123456789")
    return fw_cfg.FwCfgPorts(bench.device)


def test_ports_select_in_the_processors_order_and_read_bytes() -> None:
    device = ports(Bench())
    device.write(0, 2, fw_cfg.SIGNATURE)
    assert bytes(device.read(1, 1) for _ in range(4)) == b"QEMU"
    device.write(0, 2, 0x20)
    assert bytes(device.read(1, 1) for _ in range(3)) == b"012"


def test_ports_have_a_big_endian_dma_address() -> None:
    bench = Bench()
    device = ports(bench)
    assert device.read(4, 4).to_bytes(4, "little") == b"QEMU"
    bench.memory[0x100:0x110] = (0x20 << 16 | 8 | 2).to_bytes(4, "big") + bytes(
        (0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 8, 0)
    )
    device.write(8, 4, int.from_bytes((0x100).to_bytes(4, "big"), "little"))
    assert bench.memory[0x800:0x805] == b"01234"
    assert bench.memory[0x100:0x104] == bytes(4)


def test_ports_report_what_they_do_not_have() -> None:
    device = ports(Bench())
    device.write(1, 1, 5)
    assert device.read(0, 1) == 0xFF
    assert device.unknown.counts["write", 1] == 1
    assert device.unknown.counts["read", 0] == 1


def test_a_dma_request_that_cannot_be_answered_is_the_guests_mistake() -> None:
    bench = Bench()

    def read_only(address: int, data: bytes) -> None:
        raise ValueError("ROM")

    bench.device.write_memory = read_only
    bench.dma(8, 0, 0)
    assert bench.device.unknown.counts["note", -1] == 1
