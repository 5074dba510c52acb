# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import copy

import pytest

from vmm.devices import gicv2_registers as reg
from vmm.devices.gicv2 import GicV2

UART = 33


class Bench:
    """A GIC that is switched on, with every priority at 0x80 and group 0 as IRQ."""

    def __init__(self, processors: int = 1, lines: int = 96) -> None:
        self.cpu = 0
        self.irq = [False] * processors
        self.fiq = [False] * processors
        self.gic = GicV2(processors, lines, self.set_irq, self.set_fiq, lambda: self.cpu)
        for cpu in range(processors):
            self.cpu = cpu
            self.c_write(reg.GICC_PMR, 0xFF)
            self.c_write(reg.GICC_CTLR, 1)
            for intid in range(32):
                self.priority(intid, 0x80)
        self.cpu = 0
        for intid in range(32, lines):
            self.priority(intid, 0x80)
            self.gic.distributor.write(reg.GICD_ITARGETSR + intid, 1, 1)
        self.d_write(reg.GICD_CTLR, 1)

    def set_irq(self, cpu: int, level: bool) -> None:
        self.irq[cpu] = level

    def set_fiq(self, cpu: int, level: bool) -> None:
        self.fiq[cpu] = level

    def d_read(self, offset: int) -> int:
        return self.gic.distributor.read(offset, 4)

    def d_write(self, offset: int, value: int) -> None:
        self.gic.distributor.write(offset, 4, value)

    def c_read(self, offset: int) -> int:
        return self.gic.interface.read(offset, 4)

    def c_write(self, offset: int, value: int) -> None:
        self.gic.interface.write(offset, 4, value)

    def priority(self, intid: int, value: int) -> None:
        self.gic.distributor.write(reg.GICD_IPRIORITYR + intid, 1, value)

    def enable(self, intid: int) -> None:
        self.d_write(reg.GICD_ISENABLER + intid // 32 * 4, 1 << intid % 32)

    def edge(self, intid: int) -> None:
        offset = reg.GICD_ICFGR + intid // 16 * 4
        self.d_write(offset, self.d_read(offset) | 2 << intid % 16 * 2)

    def bit(self, base: int, intid: int) -> int:
        return self.d_read(base + intid // 32 * 4) >> intid % 32 & 1

    def acknowledge(self) -> int:
        return self.c_read(reg.GICC_IAR)

    def end(self, value: int) -> None:
        self.c_write(reg.GICC_EOIR, value)

    def sgi_to_self(self, number: int) -> None:
        self.d_write(reg.GICD_SGIR, 2 << 24 | number)


def test_level_interrupt_follows_its_wire() -> None:
    bench = Bench()
    line = bench.gic.spi(1)
    line.set(True)
    assert not bench.irq[0]
    bench.enable(UART)
    assert bench.irq[0]
    line.set(False)
    assert not bench.irq[0]
    assert bench.acknowledge() == 1023


def test_level_interrupt_is_pending_again_after_its_end() -> None:
    bench = Bench()
    bench.enable(UART)
    line = bench.gic.spi(1)
    line.set(True)
    assert bench.acknowledge() == UART
    assert not bench.irq[0]
    assert bench.bit(reg.GICD_ISACTIVER, UART)
    assert bench.bit(reg.GICD_ISPENDR, UART)  # active and pending
    bench.end(UART)
    assert bench.irq[0]
    assert bench.acknowledge() == UART
    line.set(False)
    bench.end(UART)
    assert not bench.irq[0]


def test_edge_interrupt_latches_once() -> None:
    bench = Bench()
    bench.edge(UART)
    bench.enable(UART)
    bench.gic.spi(1).pulse()
    assert bench.irq[0]
    assert bench.acknowledge() == UART
    assert not bench.bit(reg.GICD_ISPENDR, UART)
    bench.gic.spi(1).pulse()  # arrives while active: one more
    bench.end(UART)
    assert bench.acknowledge() == UART
    bench.end(UART)
    assert bench.acknowledge() == 1023


def test_clearing_pending_does_not_clear_a_level() -> None:
    bench = Bench()
    bench.gic.spi(1).set(True)
    bench.d_write(reg.GICD_ICPENDR + 4, 2)
    assert bench.bit(reg.GICD_ISPENDR, UART)


def test_software_pending_outlives_the_level() -> None:
    bench = Bench()
    bench.enable(UART)
    bench.d_write(reg.GICD_ISPENDR + 4, 2)
    line = bench.gic.spi(1)
    line.set(True)
    line.set(False)
    assert bench.irq[0]
    bench.d_write(reg.GICD_ICPENDR + 4, 2)
    assert not bench.irq[0]


def test_order_is_by_priority_then_by_number() -> None:
    bench = Bench()
    bench.priority(5, 0x40)
    for number in (7, 3, 5):
        bench.sgi_to_self(number)
    taken = []
    for _ in range(3):
        taken.append(bench.acknowledge())
        bench.end(taken[-1])
    assert taken == [5, 3, 7]


def test_priority_mask_is_exclusive() -> None:
    bench = Bench()
    bench.c_write(reg.GICC_PMR, 0x80)
    bench.sgi_to_self(1)
    assert not bench.irq[0]
    assert bench.c_read(reg.GICC_HPPIR) == 1023
    bench.c_write(reg.GICC_PMR, 0x81)
    assert bench.irq[0]
    assert bench.c_read(reg.GICC_HPPIR) == 1


def test_only_a_higher_priority_preempts() -> None:
    bench = Bench()
    bench.priority(6, 0xA0)
    bench.priority(7, 0xA0)
    bench.priority(8, 0x40)
    bench.sgi_to_self(6)
    assert bench.acknowledge() == 6
    assert bench.c_read(reg.GICC_RPR) == 0xA0
    bench.sgi_to_self(7)
    assert not bench.irq[0]
    bench.sgi_to_self(8)
    assert bench.irq[0]
    assert bench.acknowledge() == 8
    assert bench.c_read(reg.GICC_RPR) == 0x40
    bench.end(8)
    assert bench.c_read(reg.GICC_RPR) == 0xA0
    assert not bench.irq[0]
    bench.end(6)
    assert bench.irq[0]
    assert bench.c_read(reg.GICC_RPR) == 0xFF


@pytest.mark.parametrize(("point", "preempts"), [(0, True), (4, True), (5, False), (7, False)])
def test_binary_point_groups_priorities(point: int, preempts: bool) -> None:
    bench = Bench()
    bench.c_write(reg.GICC_BPR, point)
    bench.priority(6, 0xA0)
    bench.priority(7, 0x80)
    bench.sgi_to_self(6)
    bench.acknowledge()
    bench.sgi_to_self(7)
    assert bench.irq[0] is preempts


def test_split_end_of_interrupt() -> None:
    bench = Bench()
    bench.c_write(reg.GICC_CTLR, 0x201)
    bench.sgi_to_self(1)
    bench.acknowledge()
    bench.end(1)
    assert bench.c_read(reg.GICC_RPR) == 0xFF
    assert bench.bit(reg.GICD_ISACTIVER, 1)
    bench.sgi_to_self(1)
    assert not bench.irq[0]  # still active
    bench.c_write(reg.GICC_DIR, 1)
    assert bench.irq[0]


def test_deactivate_needs_the_split_mode() -> None:
    bench = Bench()
    bench.sgi_to_self(1)
    bench.acknowledge()
    bench.c_write(reg.GICC_DIR, 1)
    assert bench.bit(reg.GICD_ISACTIVER, 1)


def test_group_0_as_fiq_and_group_1_as_irq() -> None:
    bench = Bench()
    bench.d_write(reg.GICD_IGROUPR, 1 << 12)
    bench.d_write(reg.GICD_CTLR, 3)
    bench.c_write(reg.GICC_CTLR, 0xB)
    bench.sgi_to_self(12)
    assert (bench.irq[0], bench.fiq[0]) == (True, False)
    assert bench.acknowledge() == 1022  # AckCtl is clear
    assert bench.c_read(reg.GICC_AIAR) == 12
    bench.c_write(reg.GICC_AEOIR, 12)
    bench.sgi_to_self(11)
    assert (bench.irq[0], bench.fiq[0]) == (False, True)
    assert bench.acknowledge() == 11


def test_a_disabled_group_holds_nothing_back() -> None:
    bench = Bench()
    bench.d_write(reg.GICD_IGROUPR, 1 << 1)
    bench.priority(1, 0x10)
    bench.sgi_to_self(1)
    bench.sgi_to_self(2)
    assert bench.acknowledge() == 2


def test_private_interrupts_are_banked() -> None:
    bench = Bench(processors=2)
    bench.enable(30)
    bench.gic.ppi(1, 14).set(True)
    assert bench.irq == [False, False]
    bench.cpu = 1
    assert bench.bit(reg.GICD_ISPENDR, 30)
    assert not bench.bit(reg.GICD_ISENABLER, 30)
    bench.enable(30)
    assert bench.irq == [False, True]
    assert bench.acknowledge() == 30
    bench.cpu = 0
    assert not bench.bit(reg.GICD_ISACTIVER, 30)


def test_targets_choose_the_processor() -> None:
    bench = Bench(processors=4)
    bench.enable(UART)
    bench.gic.distributor.write(reg.GICD_ITARGETSR + UART, 1, 0b1010)
    bench.gic.spi(1).set(True)
    assert bench.irq == [False, True, False, True]
    bench.cpu = 3
    assert bench.acknowledge() == UART
    assert bench.irq == [False, False, False, False]
    assert bench.gic.distributor.read(reg.GICD_ITARGETSR + UART, 1) == 0b1010
    assert bench.d_read(reg.GICD_ITARGETSR) == 0x08080808


def test_one_processor_has_no_target_registers() -> None:
    bench = Bench()
    bench.gic.distributor.write(reg.GICD_ITARGETSR + UART, 1, 0)
    bench.enable(UART)
    bench.gic.spi(1).set(True)
    assert bench.irq[0]
    assert bench.d_read(reg.GICD_ITARGETSR + 32) == 0


@pytest.mark.parametrize(
    ("value", "reached"),
    [(0x00050003, {0, 2}), (0x01000003, {0, 2, 3}), (0x02000003, {1}), (0x03000003, set())],
)
def test_sgi_filters(value: int, reached: set[int]) -> None:
    bench = Bench(processors=4)
    bench.cpu = 1
    bench.d_write(reg.GICD_SGIR, value)
    assert {cpu for cpu in range(4) if bench.irq[cpu]} == reached


def test_sgis_of_two_sources_are_two_interrupts() -> None:
    bench = Bench(processors=3)
    for source in (2, 1):
        bench.cpu = source
        bench.d_write(reg.GICD_SGIR, 0x00010004)
    bench.cpu = 0
    first = bench.acknowledge()
    assert first == 1 << 10 | 4
    assert bench.acknowledge() == 1023  # the second waits for the end of the first
    bench.end(first)
    assert bench.acknowledge() == 2 << 10 | 4


def test_sgi_pending_registers() -> None:
    bench = Bench(processors=2)
    bench.gic.distributor.write(reg.GICD_SPENDSGIR + 5, 1, 0b10)
    assert bench.irq[0]
    assert bench.gic.distributor.read(reg.GICD_CPENDSGIR + 5, 1) == 0b10
    bench.gic.distributor.write(reg.GICD_CPENDSGIR + 5, 1, 0b10)
    assert not bench.irq[0]


def test_sgis_cannot_be_disabled_or_pended_by_the_set_registers() -> None:
    bench = Bench()
    bench.d_write(reg.GICD_ICENABLER, 0xFFFFFFFF)
    bench.d_write(reg.GICD_ISPENDR, 1)
    assert bench.d_read(reg.GICD_ISENABLER) == 0xFFFF
    assert not bench.irq[0]


def test_configuration_of_sgis_is_fixed() -> None:
    bench = Bench()
    bench.d_write(reg.GICD_ICFGR, 0)
    assert bench.d_read(reg.GICD_ICFGR) == 0xAAAAAAAA


def test_type_register() -> None:
    assert Bench(processors=4, lines=288).d_read(reg.GICD_TYPER) == 8 | 3 << 5


def test_end_without_an_active_interrupt_is_ignored() -> None:
    bench = Bench()
    bench.end(5)
    bench.end(1023)
    assert bench.c_read(reg.GICC_RPR) == 0xFF


def test_interrupts_beyond_the_last_do_not_exist() -> None:
    bench = Bench(lines=64)
    bench.d_write(reg.GICD_ISENABLER + 8, 0xFFFFFFFF)
    assert bench.d_read(reg.GICD_ISENABLER + 8) == 0
    with pytest.raises(ValueError, match="SPI 32"):
        bench.gic.spi(32)


def test_restored_state_drives_the_outputs() -> None:
    bench = Bench()
    bench.sgi_to_self(1)
    saved = copy.deepcopy(bench.gic.state)
    bench.acknowledge()
    bench.end(1)
    assert not bench.irq[0]
    bench.gic.distributor.state = saved
    bench.gic.distributor.resume()
    assert bench.irq[0]


def test_reset_keeps_the_wires() -> None:
    bench = Bench()
    bench.enable(UART)
    bench.gic.spi(1).set(True)
    bench.gic.reset()
    assert not bench.irq[0]
    assert bench.bit(reg.GICD_ISPENDR, UART)
