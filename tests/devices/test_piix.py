# SPDX-License-Identifier: GPL-2.0-or-later
"""PIIX3: interrupt routing and reset control.  PIIX4: the ACPI fixed hardware."""

from __future__ import annotations

from vmm.devices.piix3 import IsaBridge, ResetControl
from vmm.devices.piix4_pm import PowerManagement
from vmm.machine.clock import NS, Clock
from vmm.machine.line import Line

PIRQA, PMBA, PMREGMISC = 0x60, 0x40, 0x80
STATUS, ENABLE, CONTROL, TIMER = 0, 2, 4, 8
TIMER_HZ = 3_579_545
OVERFLOW_NS = (1 << 23) * NS // TIMER_HZ + 1


class Isa:
    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.bridge = IsaBridge(self.line)
        self.config = self.bridge.config

    def line(self, irq: int) -> Line:
        self.lines[irq] = Line()
        return self.lines[irq]

    def high(self) -> list[int]:
        return [irq for irq, line in self.lines.items() if line.level]


def test_isa_bridge_identity_and_defaults() -> None:
    config = Isa().config
    assert config.read(0, 4) == 0x70008086
    assert config.read(8, 4) == 0x06010000
    assert config.read(0x0E, 1) == 0x80  # other functions follow
    assert config.read(PIRQA, 4) == 0x80808080


def test_pirq_reaches_the_irq_it_is_routed_to() -> None:
    isa = Isa()
    isa.bridge.pirq(0).set(True)
    assert isa.high() == []
    isa.config.write(PIRQA, 1, 11)
    assert isa.high() == [11]
    isa.config.write(PIRQA, 1, 10)
    assert isa.high() == [10]
    isa.config.write(PIRQA, 1, 0x8A)
    assert isa.high() == []


def test_pirqs_that_share_an_irq_are_wired_together() -> None:
    isa = Isa()
    isa.config.write(PIRQA, 4, 0x050B0B0B)
    isa.bridge.pirq(0).set(True)
    isa.bridge.pirq(1).set(True)
    isa.bridge.pirq(3).set(True)
    assert isa.high() == [5, 11]
    isa.bridge.pirq(0).set(False)
    assert isa.high() == [5, 11]
    isa.bridge.pirq(1).set(False)
    assert isa.high() == [5]


def test_reserved_irqs_cannot_be_routed_to() -> None:
    isa = Isa()
    for reserved in (0, 1, 2, 8, 13):
        isa.config.write(PIRQA, 1, reserved)
        isa.bridge.pirq(0).set(True)
        assert isa.high() == []


def test_isa_bridge_resumes() -> None:
    isa = Isa()
    isa.config.write(PIRQA, 1, 9)
    isa.bridge.state.pirqs = 1
    isa.bridge.resume()
    assert isa.high() == [9]
    isa.bridge.reset()
    assert isa.high() == []


def test_reset_control_acts_on_the_edge() -> None:
    resets: list[int] = []
    port = ResetControl(lambda: resets.append(1))
    port.write(1, 1, 0x02)
    assert resets == []
    port.write(1, 1, 0x06)
    port.write(1, 1, 0x06)
    assert len(resets) == 1
    assert port.read(1, 1) == 0x06
    port.write(1, 1, 0x00)
    port.write(1, 1, 0xFC)
    assert len(resets) == 2
    assert port.read(1, 1) == 0x04
    assert port.read(0, 1) == 0xFF


class Power:
    def __init__(self) -> None:
        self.clock = Clock(NS)
        self.sci = Line()
        self.places: list[int | None] = []
        self.offs = 0
        self.device = PowerManagement(self.clock, self.sci, self.places.append, self.off)

    def off(self) -> None:
        self.offs += 1

    def get(self, offset: int, size: int = 2) -> int:
        return self.device.read(offset, size)

    def put(self, offset: int, value: int, size: int = 2) -> None:
        self.device.write(offset, size, value)


def test_power_management_identity_and_no_smm() -> None:
    config = Power().device.config
    assert config.read(0, 4) == 0x71138086
    assert config.read(8, 4) == 0x06800003
    assert config.read(0x5B, 1) & 2  # SeaBIOS and QEMU: an SMI handler is there already


def test_registers_move_with_pmba_and_answer_when_enabled() -> None:
    power = Power()
    config = power.device.config
    config.write(PMBA, 4, 0xFFFFB001)
    assert config.read(PMBA, 4) == 0x0000B001
    assert power.places == [None]
    config.write(PMREGMISC, 1, 1)
    config.write(PMBA, 2, 0x0641)
    config.write(PMREGMISC, 1, 0)
    assert power.places == [None, 0xB000, 0x0640, None]


def test_timer_counts_24_bits_at_3_58_mhz() -> None:
    power = Power()
    assert power.get(TIMER, 4) == 0
    power.clock.advance(NS)
    assert power.get(TIMER, 4) == TIMER_HZ
    assert power.get(TIMER, 2) == TIMER_HZ & 0xFFFF
    assert power.get(TIMER + 2, 1) == TIMER_HZ >> 16
    power.clock.advance(4 * NS)
    assert power.get(TIMER, 4) == 5 * TIMER_HZ & 0xFFFFFF


def test_overflow_status_is_set_at_each_change_of_the_top_bit_and_cleared_by_one() -> None:
    power = Power()
    power.clock.advance(OVERFLOW_NS - 1000)
    assert power.get(STATUS) == 0
    power.clock.advance(1000)
    assert power.get(STATUS) == 1
    power.put(STATUS, 0x0100)
    assert power.get(STATUS) == 1
    power.put(STATUS, 1)
    assert power.get(STATUS) == 0
    power.clock.advance(OVERFLOW_NS)
    assert power.get(STATUS) == 1


def test_sci_follows_enabled_events() -> None:
    power = Power()
    power.put(ENABLE, 0x0001)
    power.clock.advance(OVERFLOW_NS)
    assert not power.sci.level
    power.put(CONTROL, 1)
    assert power.sci.level
    power.put(STATUS, 1)
    assert not power.sci.level
    power.clock.advance(OVERFLOW_NS)  # by its own event this time
    assert power.sci.level
    power.put(ENABLE, 0)
    assert not power.sci.level
    power.device.press_power_button()
    assert power.get(STATUS) == 0x0101
    power.put(ENABLE + 1, 0x01, 1)
    assert power.sci.level


def test_soft_off_turns_off_and_other_sleeps_do_not() -> None:
    power = Power()
    power.put(CONTROL, 1 << 13 | 1 << 10)
    assert power.offs == 0
    assert power.device.unknown.counts["note", -1] == 1
    power.put(CONTROL + 1, 1 << 5, 1)
    assert power.offs == 1
    assert power.get(CONTROL) == 0


def test_apm_commands_switch_sci() -> None:
    power = Power()
    apm = power.device.apm
    apm.write(0, 1, 0xF1)
    assert power.get(CONTROL) == 1
    apm.write(0, 2, 0x5AF0)
    assert power.get(CONTROL) == 0
    assert apm.read(0, 2) == 0x5AF0


def test_power_management_resumes() -> None:
    power = Power()
    power.put(ENABLE, 0x0001)
    power.device.state.control = 1
    power.device.state.status = 1
    power.device.resume()
    assert power.sci.level
    power.device.reset()
    assert not power.sci.level
    assert power.get(ENABLE) == 0
