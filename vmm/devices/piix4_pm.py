# SPDX-License-Identifier: GPL-2.0-or-later
"""Power management of the Intel PIIX4 (82371AB data sheet 290562, function 3), for ACPI 1.0.

The fixed hardware: the 24-bit timer at 3.579545 MHz with its overflow event,
power-button and global-release status, SCI, and the sleep control that turns
the machine off; the general-purpose status registers, for which the board has
no event sources; and the two APM ports.  There is no SMM: as QEMU does then,
DEVACTB says from the start that an SMI handler has been installed, and the APM
commands of ACPI tables (0xF1, 0xF0) switch SCI_EN without one.  The SMBus
host, device activity monitors and clock throttling are not modelled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown
from vmm.devices.pci import STATUS_DEVSEL_MEDIUM, ConfigRegister, ConfigSpace, identity
from vmm.machine.clock import Clock, Event
from vmm.machine.line import Line

VENDOR, DEVICE, REVISION = 0x8086, 0x7113, 0x03
OTHER_BRIDGE = 0x068000
PM_SIZE = 0x40
PMIOSE = 0x01  # of PMREGMISC: the I/O registers answer
APMC_EN = 1 << 25  # of DEVACTB: writes to APMC cause SMI
SCI_IRQ = 9

CONFIG = (
    *identity(VENDOR, DEVICE, REVISION, OTHER_BRIDGE),
    ConfigRegister(0x04, "PCICMD", 2, 0, writable=0x0001),
    ConfigRegister(0x06, "PCISTS", 2, STATUS_DEVSEL_MEDIUM | 0x80, clears=0xF800),
    ConfigRegister(0x3C, "INTLN", 1, 0, writable=0xFF),
    ConfigRegister(0x3D, "INTPN", 1, 1),
    ConfigRegister(0x40, "PMBA", 4, 0x00000001, writable=0x0000FFC0),
    ConfigRegister(0x58, "DEVACTB", 4, APMC_EN, writable=0x0FFFFFFF),
    ConfigRegister(0x80, "PMREGMISC", 1, 0, writable=PMIOSE),
)

FREQUENCY, TIMER_BITS = 3_579_545, 24
PMSTS, PMEN, PMCNTRL, PMTMR, GPSTS, GPEN, GLBCTL = 0x00, 0x02, 0x04, 0x08, 0x0C, 0x0E, 0x28
TMROF, GBL, PWRBTN, RTC, RSM = 1 << 0, 1 << 5, 1 << 8, 1 << 10, 1 << 15
EVENTS = TMROF | GBL | PWRBTN | RTC
SCI_EN, BRLD_EN, GBL_RLS, SUS_TYP, SUS_EN = 1 << 0, 1 << 1, 1 << 2, 7 << 10, 1 << 13
SUS_OFF = 0 << 10
GLBCTL_WRITABLE = 0x06010001
ACPI_ENABLE, ACPI_DISABLE = 0xF1, 0xF0  # APM commands, as in the FADT of QEMU and SeaBIOS

REGISTERS = (
    Register(PMSTS, "PMSTS"), Register(PMEN, "PMEN"), Register(PMCNTRL, "PMCNTRL"),
    Register(PMTMR, "PMTMR", "ro"), Register(GPSTS, "GPSTS"), Register(GPEN, "GPEN"),
    Register(GLBCTL, "GLBCTL"),
)


@dataclass(slots=True)
class PowerState:
    """The I/O registers."""

    status: int = 0
    enable: int = 0
    control: int = 0
    gp_enable: int = 0
    global_control: int = 0
    half: int = 0  # half periods of the timer that TMROF has been worked out for
    apm_command: int = 0
    apm_status: int = 0


class PowerManagement:
    """The I/O registers at PMBA, and the configuration space as ``config``.

    ``on_place(base)`` moves the registers (None takes them away); ``on_off`` is
    told of the sleep state that turns the machine off.
    """

    name = "piix4-pm"
    size = PM_SIZE
    registers = REGISTERS

    def __init__(
        self,
        clock: Clock,
        sci: Line,
        on_place: Callable[[int | None], None],
        on_off: Callable[[], None],
    ) -> None:
        self.clock = clock
        self.sci = sci
        self.on_place = on_place
        self.on_off = on_off
        self.config = ConfigSpace("piix4-pm-config", CONFIG, self._config_changed)
        self.apm = ApmPorts(self)
        self.unknown = Unknown(self.name)
        self.state = PowerState(half=self._halves())
        self._event: Event | None = None

    def reset(self) -> None:
        self.state = PowerState(half=self._halves())
        self.config.reset()
        self._update()

    def resume(self) -> None:
        """After the state was replaced: place, line and event again."""
        self.config.resume()
        self._update()

    def press_power_button(self) -> None:
        """The user asks the guest to turn itself off."""
        self.state.status |= PWRBTN
        self._update()

    def _config_changed(self, register: str, before: int) -> None:
        if register in ("PMBA", "PMREGMISC"):
            enabled = self.config["PMREGMISC"] & PMIOSE
            self.on_place(self.config["PMBA"] & 0xFFC0 if enabled else None)

    # -- the timer --------------------------------------------------------------

    def _halves(self) -> int:
        """How often the timer's top bit has changed: each change sets TMROF_STS."""
        return self.clock.ticks(FREQUENCY) >> (TIMER_BITS - 1)

    def _collect(self) -> None:
        halves = self._halves()
        if halves != self.state.half:
            self.state.half = halves
            self.state.status |= TMROF

    def _update(self) -> None:
        """Drive SCI; while it could come from the timer, wait for that."""
        self._collect()
        s = self.state
        self.clock.cancel(self._event)
        self._event = None
        self.sci.set(bool(s.control & SCI_EN and s.status & s.enable & EVENTS))
        if s.control & SCI_EN and s.enable & ~s.status & TMROF:
            tick = (s.half + 1) << (TIMER_BITS - 1)
            self._event = self.clock.at_tick(FREQUENCY, tick, self._due, "pm timer")

    def _due(self) -> None:
        self._event = None
        self._update()

    # -- registers ----------------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        if offset == PMTMR and size == 4:
            return self.clock.ticks(FREQUENCY) & ((1 << TIMER_BITS) - 1)
        return read_bytes(self._read, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    def _word(self, offset: int) -> int | None:
        """The register that a byte belongs to, shifted so that the byte is lowest."""
        s = self.state
        self._collect()
        for start, size, value in (
            (PMSTS, 2, s.status), (PMEN, 2, s.enable), (PMCNTRL, 2, s.control),
            (PMTMR, 4, self.clock.ticks(FREQUENCY) & ((1 << TIMER_BITS) - 1)),
            (GPSTS, 2, 0), (GPEN, 2, s.gp_enable), (GLBCTL, 4, s.global_control),
        ):
            if start <= offset < start + size:
                return value >> 8 * (offset - start)
        return None

    def _read(self, offset: int) -> int:
        value = self._word(offset)
        return self.unknown.read(offset, 1) if value is None else value & 0xFF

    def _write(self, offset: int, value: int) -> None:
        s = self.state
        shift = 8 * (offset & 3)
        word, mask = value << (shift & 8), 0xFF << (shift & 8)
        if offset in (PMSTS, PMSTS + 1):
            self._collect()
            s.status &= ~(word & (EVENTS | RSM))
        elif offset in (PMEN, PMEN + 1):
            s.enable = s.enable & ~mask | word & EVENTS
        elif offset in (PMCNTRL, PMCNTRL + 1):
            self._control(s.control & ~mask | word)
        elif offset in (GPEN, GPEN + 1):
            s.gp_enable = s.gp_enable & ~mask | word & 0x0F01
        elif GLBCTL <= offset < GLBCTL + 4:
            kept = s.global_control & ~(0xFF << shift)
            s.global_control = kept | value << shift & GLBCTL_WRITABLE
        elif offset not in (GPSTS, GPSTS + 1):
            self.unknown.write(offset, 1, value)
        self._update()

    def _control(self, value: int) -> None:
        """GBL_RLS and SUS_EN act when written and read as zero."""
        self.state.control = value & (SCI_EN | BRLD_EN | SUS_TYP)
        if value & SUS_EN:
            if value & SUS_TYP == SUS_OFF:
                self.on_off()
            else:
                self.unknown.note(f"suspend type {(value & SUS_TYP) >> 10} is not modelled")

    def enable_acpi(self, on: bool) -> None:
        """What an SMI handler would do with the APM commands."""
        self.state.control = self.state.control & ~SCI_EN | (SCI_EN if on else 0)
        self._update()


class ApmPorts:
    """Ports 0xB2 (APMC, a command) and 0xB3 (APMS, a byte for the handler)."""

    name = "apm"
    size = 2
    registers = (Register(0, "APMC"), Register(1, "APMS"))

    def __init__(self, power: PowerManagement) -> None:
        self.power = power
        self.unknown = Unknown(self.name)

    @property
    def state(self) -> PowerState:
        return self.power.state

    def reset(self) -> None:
        """With the function."""

    def resume(self) -> None:
        """With the function."""

    def read(self, offset: int, size: int) -> int:
        values = (self.state.apm_command, self.state.apm_status)
        return read_bytes(lambda at: values[at], offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    def _write(self, offset: int, value: int) -> None:
        if offset == 1:
            self.state.apm_status = value
            return
        self.state.apm_command = value
        if value in (ACPI_ENABLE, ACPI_DISABLE):
            self.power.enable_acpi(value == ACPI_ENABLE)
