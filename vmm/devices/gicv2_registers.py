# SPDX-License-Identifier: GPL-2.0-or-later
"""The two register frames of a GICv2 (ARM IHI 0048B, chapter 4).

`Distributor` (GICD) and `CpuInterface` (GICC) are views of one `GicV2`; both are
banked by the processor that makes the access.  The manual allows byte accesses
to GICD_IPRIORITYR, GICD_ITARGETSR and the SGI pending registers only; here, as
in QEMU, any width reaches its byte lanes of every register.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.devices.device import Register, Unknown
from vmm.devices.gicv2_state import CTLR_BITS, IDLE_PRIORITY, PRIVATE, SGI_SET, SGIS, Bank, State

if TYPE_CHECKING:
    from vmm.devices.gicv2 import GicV2

ALL = 0xFFFFFFFF

GICD_CTLR, GICD_TYPER, GICD_IIDR = 0x000, 0x004, 0x008
GICD_IGROUPR, GICD_ISENABLER, GICD_ICENABLER = 0x080, 0x100, 0x180
GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER = 0x200, 0x280, 0x300, 0x380
GICD_IPRIORITYR, GICD_ITARGETSR, GICD_ICFGR = 0x400, 0x800, 0xC00
GICD_SGIR, GICD_CPENDSGIR, GICD_SPENDSGIR = 0xF00, 0xF10, 0xF20
GICD_IDENTITY = bytes((0x04, 0, 0, 0, 0x90, 0xB4, 0x2B, 0x00, 0x0D, 0xF0, 0x05, 0xB1))

GICC_CTLR, GICC_PMR, GICC_BPR, GICC_IAR = 0x00, 0x04, 0x08, 0x0C
GICC_EOIR, GICC_RPR, GICC_HPPIR, GICC_ABPR = 0x10, 0x14, 0x18, 0x1C
GICC_AIAR, GICC_AEOIR, GICC_AHPPIR = 0x20, 0x24, 0x28
GICC_APR, GICC_NSAPR, GICC_IIDR, GICC_DIR = 0xD0, 0xE0, 0xFC, 0x1000
IIDR = 0x0002043B  # an Arm GICv2


def _lanes(offset: int, size: int) -> int:
    """The bits of a 32-bit register that an access touches."""
    return ((1 << 8 * size) - 1) << 8 * (offset & 3) & ALL


class Distributor:
    """GICD: 4 KiB."""

    size = 0x1000
    registers = (
        Register(GICD_CTLR, "GICD_CTLR"),
        Register(GICD_TYPER, "GICD_TYPER", "ro"),
        Register(GICD_IIDR, "GICD_IIDR", "ro"),
        Register(GICD_IGROUPR, "GICD_IGROUPR0"),
        Register(GICD_ISENABLER, "GICD_ISENABLER0", "rw", SGI_SET),
        Register(GICD_ICENABLER, "GICD_ICENABLER0", "rw", SGI_SET),
        Register(GICD_ISPENDR, "GICD_ISPENDR0"),
        Register(GICD_ICPENDR, "GICD_ICPENDR0"),
        Register(GICD_ISACTIVER, "GICD_ISACTIVER0"),
        Register(GICD_ICACTIVER, "GICD_ICACTIVER0"),
        Register(GICD_IPRIORITYR, "GICD_IPRIORITYR0"),
        Register(GICD_ITARGETSR, "GICD_ITARGETSR0", "ro"),
        Register(GICD_ICFGR, "GICD_ICFGR0", "rw", 0xAAAAAAAA),
        Register(GICD_SGIR, "GICD_SGIR", "wo"),
        Register(GICD_CPENDSGIR, "GICD_CPENDSGIR0"),
        Register(GICD_SPENDSGIR, "GICD_SPENDSGIR0"),
        *(Register(0xFD0 + 4 * i, f"ID{i}", "ro", v) for i, v in enumerate(GICD_IDENTITY)),
    )

    def __init__(self, gic: GicV2) -> None:
        self.gic = gic
        self.name = f"{gic.name}.distributor"
        self.unknown = Unknown(self.name)

    @property
    def state(self) -> State:
        return self.gic.state

    @state.setter
    def state(self, state: State) -> None:
        self.gic.state = state

    def reset(self) -> None:
        self.gic.reset()

    def resume(self) -> None:
        self.gic.resume()

    def read(self, offset: int, size: int) -> int:
        if size == 8:
            return self.read(offset, 4) | self.read(offset + 4, 4) << 32
        value = self._read(self.gic.current_cpu(), offset & ~3, size)
        return (value & _lanes(offset, size)) >> 8 * (offset & 3)

    def write(self, offset: int, size: int, value: int) -> None:
        if size == 8:
            self.write(offset, 4, value & ALL)
            self.write(offset + 4, 4, value >> 32)
            return
        lanes = _lanes(offset, size)
        word = value << 8 * (offset & 3) & lanes
        self._write(self.gic.current_cpu(), offset & ~3, word, lanes)
        self.gic.update()

    # -- reading ------------------------------------------------------------

    def _read(self, cpu: int, offset: int, size: int) -> int:
        gic = self.gic
        if offset == GICD_CTLR:
            return gic.state.ctlr
        if offset == GICD_TYPER:
            return gic.lines // 32 - 1 | (gic.processors - 1) << 5
        if offset == GICD_IIDR:
            return 0
        if GICD_IGROUPR <= offset < GICD_IPRIORITYR:
            return self._read_set(cpu, offset)
        if GICD_IPRIORITYR <= offset < GICD_ITARGETSR:
            first = offset - GICD_IPRIORITYR
            if first >= gic.lines:
                return 0
            return int.from_bytes(gic.bank(cpu, first).priority[first : first + 4], "little")
        if GICD_ITARGETSR <= offset < GICD_ICFGR:
            first = offset - GICD_ITARGETSR
            targets = (self._targets(cpu, first + i) << 8 * i for i in range(4))
            return sum(targets)
        if GICD_ICFGR <= offset < 0xD00:
            first = (offset - GICD_ICFGR) * 4
            edge = gic.bank(cpu, first).edge if first < gic.lines else 0
            return sum(2 << 2 * i for i in range(16) if edge >> first + i & 1)
        if GICD_CPENDSGIR <= offset < 0xF30:
            first = offset & 0xF
            return int.from_bytes(bytes(gic.state.sources[cpu][first : first + 4]), "little")
        if 0xFD0 <= offset < 0x1000:
            return GICD_IDENTITY[(offset - 0xFD0) >> 2]
        return 0 if offset == GICD_SGIR else self.unknown.read(offset, size)

    def _read_set(self, cpu: int, offset: int) -> int:
        first = (offset & 0x7F) * 8
        if first >= self.gic.lines:
            return 0
        bank = self.gic.bank(cpu, first)
        base = offset & ~0x7F
        if base == GICD_IGROUPR:
            bits = bank.group1
        elif base in (GICD_ISENABLER, GICD_ICENABLER):
            bits = bank.enabled
        elif base in (GICD_ISPENDR, GICD_ICPENDR):
            bits = bank.pending()
        else:
            bits = bank.active
        return bits >> first & ALL

    def _targets(self, cpu: int, intid: int) -> int:
        gic = self.gic
        if gic.processors == 1 or intid >= gic.lines:
            return 0  # a uniprocessor's are zero and ignore writes
        if intid < PRIVATE:
            return 1 << cpu
        return sum(1 << i for i, spis in enumerate(gic.state.targets) if spis >> intid & 1)

    # -- writing ------------------------------------------------------------

    def _write(self, cpu: int, offset: int, value: int, lanes: int) -> None:
        gic = self.gic
        if offset == GICD_CTLR:
            gic.state.ctlr = value & 3
        elif GICD_IGROUPR <= offset < GICD_IPRIORITYR:
            self._write_set(cpu, offset, value, lanes)
        elif GICD_IPRIORITYR <= offset < GICD_ITARGETSR:
            for intid, byte in self._bytes(offset - GICD_IPRIORITYR, value, lanes):
                gic.bank(cpu, intid).priority[intid] = byte
        elif GICD_ITARGETSR <= offset < GICD_ICFGR:
            for intid, byte in self._bytes(offset - GICD_ITARGETSR, value, lanes):
                self._target(intid, byte)
        elif GICD_ICFGR <= offset < 0xD00:
            self._configure(cpu, (offset - GICD_ICFGR) * 4, value, lanes)
        elif offset == GICD_SGIR:
            self._send(cpu, value)
        elif GICD_CPENDSGIR <= offset < 0xF30:
            for number, byte in self._bytes(offset & 0xF, value, lanes):
                self._pend_sgi(cpu, number, byte, set_it=offset >= GICD_SPENDSGIR)
        else:
            self.unknown.write(offset, 4, value)

    def _bytes(self, first: int, value: int, lanes: int) -> list[tuple[int, int]]:
        """(INTID, byte) of each byte lane that is written and exists."""
        return [
            (first + i, value >> 8 * i & 0xFF)
            for i in range(4)
            if lanes >> 8 * i & 1 and first + i < self.gic.lines
        ]

    def _write_set(self, cpu: int, offset: int, value: int, lanes: int) -> None:
        first = (offset & 0x7F) * 8
        if first >= self.gic.lines:
            return
        bank = self.gic.bank(cpu, first)
        bits = value << first
        base = offset & ~0x7F
        not_sgi = bits & ~SGI_SET
        if base == GICD_IGROUPR:
            bank.group1 = bank.group1 & ~(lanes << first) | bits
        elif base == GICD_ISENABLER:
            bank.enabled |= bits
        elif base == GICD_ICENABLER:
            bank.enabled &= ~not_sgi
        elif base == GICD_ISPENDR:
            bank.latched |= not_sgi
        elif base == GICD_ICPENDR:
            bank.latched &= ~not_sgi
        elif base == GICD_ISACTIVER:
            bank.active |= bits
        else:
            bank.active &= ~bits

    def _target(self, intid: int, mask: int) -> None:
        if self.gic.processors == 1 or intid < PRIVATE:
            return
        targets = self.gic.state.targets
        for cpu in range(self.gic.processors):
            bit = 1 << intid
            targets[cpu] = targets[cpu] | bit if mask >> cpu & 1 else targets[cpu] & ~bit

    def _configure(self, cpu: int, first: int, value: int, lanes: int) -> None:
        if first < SGIS or first >= self.gic.lines:
            return
        bank: Bank = self.gic.bank(cpu, first)
        for i in range(16):
            if not lanes >> 2 * i & 2:
                continue
            bit = 1 << first + i
            bank.edge = bank.edge | bit if value >> 2 * i & 2 else bank.edge & ~bit

    def _send(self, cpu: int, value: int) -> None:
        everyone = (1 << self.gic.processors) - 1
        kind = value >> 24 & 3
        targets = {0: value >> 16 & 0xFF, 1: everyone & ~(1 << cpu), 2: 1 << cpu}.get(kind)
        if targets is None:
            self.unknown.note(f"GICD_SGIR: reserved target list filter in {value:#x}")
            return
        self.gic.send_sgi(cpu, targets, value & 0xF)

    def _pend_sgi(self, cpu: int, number: int, mask: int, set_it: bool) -> None:
        sources = self.gic.state.sources[cpu]
        existing = (1 << self.gic.processors) - 1
        sources[number] = (sources[number] | mask) & existing if set_it else sources[number] & ~mask
        bank = self.gic.state.private[cpu]
        bit = 1 << number
        bank.latched = bank.latched | bit if sources[number] else bank.latched & ~bit


class CpuInterface:
    """GICC: 8 KiB, the second page for GICC_DIR alone."""

    size = 0x2000
    registers = (
        Register(GICC_CTLR, "GICC_CTLR"),
        Register(GICC_PMR, "GICC_PMR"),
        Register(GICC_BPR, "GICC_BPR"),
        Register(GICC_IAR, "GICC_IAR", "ro", 0x3FF),
        Register(GICC_EOIR, "GICC_EOIR", "wo"),
        Register(GICC_RPR, "GICC_RPR", "ro", 0xFF),
        Register(GICC_HPPIR, "GICC_HPPIR", "ro", 0x3FF),
        Register(GICC_ABPR, "GICC_ABPR", "rw", 1),
        Register(GICC_AIAR, "GICC_AIAR", "ro", 0x3FF),
        Register(GICC_AEOIR, "GICC_AEOIR", "wo"),
        Register(GICC_AHPPIR, "GICC_AHPPIR", "ro", 0x3FF),
        *(Register(GICC_APR + 4 * i, f"GICC_APR{i}") for i in range(4)),
        *(Register(GICC_NSAPR + 4 * i, f"GICC_NSAPR{i}") for i in range(4)),
        Register(GICC_IIDR, "GICC_IIDR", "ro", IIDR),
        Register(GICC_DIR, "GICC_DIR", "wo"),
    )

    def __init__(self, gic: GicV2) -> None:
        self.gic = gic
        self.name = f"{gic.name}.interface"
        self.unknown = Unknown(self.name)

    @property
    def state(self) -> None:
        """Nothing of its own: the distributor's state is the whole GIC's."""
        return None

    def reset(self) -> None:
        """The distributor's reset is the whole GIC's."""

    def resume(self) -> None:
        """The distributor's resume is the whole GIC's."""

    def read(self, offset: int, size: int) -> int:
        cpu = self.gic.current_cpu()
        value = self._read(cpu, offset & ~3, size)
        return (value & _lanes(offset, size)) >> 8 * (offset & 3)

    def _read(self, cpu: int, offset: int, size: int) -> int:
        gic = self.gic
        interface = gic.state.interfaces[cpu]
        if offset in (GICC_IAR, GICC_AIAR):
            return gic.acknowledge(cpu, aliased=offset == GICC_AIAR)
        if offset in (GICC_HPPIR, GICC_AHPPIR):
            intid, _ = gic.highest_pending(cpu)
            shown = gic.visible(cpu, intid, aliased=offset == GICC_AHPPIR)
            if shown < SGIS:
                sources = gic.state.sources[cpu][shown]
                shown |= max(0, (sources & -sources).bit_length() - 1) << 10
            return shown
        if offset == GICC_RPR:
            running = gic.running_priority(cpu)
            return 0xFF if running == IDLE_PRIORITY else running
        for base, group in ((GICC_APR, 0), (GICC_NSAPR, 1)):
            if base <= offset < base + 16:
                return interface.apr[group] >> 8 * (offset - base) & ALL
        values = {
            GICC_CTLR: interface.ctlr,
            GICC_PMR: interface.pmr,
            GICC_BPR: interface.bpr,
            GICC_ABPR: interface.abpr,
            GICC_IIDR: IIDR,
            GICC_EOIR: 0,
            GICC_AEOIR: 0,
            GICC_DIR: 0,
        }
        return values[offset] if offset in values else self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        gic = self.gic
        cpu = gic.current_cpu()
        interface = gic.state.interfaces[cpu]
        if offset == GICC_CTLR:
            interface.ctlr = value & CTLR_BITS
        elif offset == GICC_PMR:
            interface.pmr = value & 0xFF
        elif offset == GICC_BPR:
            interface.bpr = value & 7
        elif offset == GICC_ABPR:
            interface.abpr = max(1, value & 7)
        elif offset in (GICC_EOIR, GICC_AEOIR):
            gic.end(cpu, value, aliased=offset == GICC_AEOIR)
        elif offset == GICC_DIR:
            gic.deactivate(cpu, value)
        elif GICC_APR <= offset < GICC_APR + 16 or GICC_NSAPR <= offset < GICC_NSAPR + 16:
            group = int(offset >= GICC_NSAPR)
            shift = 8 * (offset & 0xC)
            keep = interface.apr[group] & ~(ALL << shift)
            interface.apr[group] = keep | (value & ALL) << shift
        else:
            self.unknown.write(offset, size, value)
        gic.update()
