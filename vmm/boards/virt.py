"""ARM `virt` board, with the addresses of QEMU's board of that name.

PL011 (DDI 0183), GICv2 (IHI 0048) with a v2m frame, generic timer at
62.5 MHz, PL031 (DDI 0224), PL061 (DDI 0190), two CFI flash banks, fw_cfg,
32 virtio-mmio slots, PSCI.  An instruction takes one nanosecond; of several processors
one runs at a time (vmm.machine.turns).  Properties: ``virtualization=on``, ``secure=on``;
with ``highmem=off`` there is a PCI host, which QEMU else has above 4 GiB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from vmm.boards import virt_slots
from vmm.boards.options import BoardError, Options
from vmm.boards.psci import Psci
from vmm.boards.semihosting import Semihosting
from vmm.boards.virt_load import FLASH_BANK, load
from vmm.boards.virt_tree import PCI_BUSES, Address, has_pci
from vmm.cpu.arm import traps
from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.arm.timer import Banked, TimerRegisters
from vmm.devices.cfi_flash import CfiFlash
from vmm.devices.fw_cfg import FwCfg
from vmm.devices.generic_timer import HYPERVISOR, PHYSICAL, SECURE, VIRTUAL, GenericTimer
from vmm.devices.gicv2 import GicV2
from vmm.devices.gicv2m import GicV2m
from vmm.devices.gpex import Ecam
from vmm.devices.pci import PciBus
from vmm.devices.pl011 import Pl011
from vmm.devices.pl031 import Pl031
from vmm.devices.pl061 import Pl061
from vmm.machine.bus import Bus
from vmm.machine.machine import Machine
from vmm.machine.models import model
from vmm.machine.outcome import Outcome
from vmm.memory.frames import Contents
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.boards import BoardInfo

HZ = 1_000_000_000
TIMER_HZ = 62_500_000
RAM_MAX = 0x1_0000_0000 - Address.RAM
SECURE_RAM_SIZE = 0x01000000
SPI_LINES = 288  # GIC interrupt identifiers
UART_SPI, RTC_SPI, GPIO_SPI, MSI_FIRST_SPI, MSI_COUNT = 1, 2, 7, 48, 64
# Private interrupts of the generic timer, in the order of generic_timer.NAMES.
TIMER_PPIS = (14, 11, 10, 13)
HVC_CONDUIT, SMC_CONDUIT = traps.HVC, traps.SMC


def _switch(options: Options, name: str) -> bool:
    value = options.properties.get(name, "off")
    if value not in ("on", "off"):
        raise BoardError(f"board virt: {name} is on or off, not {value!r}")
    return value == "on"


def build(board: BoardInfo, options: Options) -> Machine:
    """Build a virt machine and load its programs."""
    ram = options.ram or board.default_ram
    if ram > RAM_MAX:
        raise BoardError(f"board virt takes at most {RAM_MAX >> 20} MiB of RAM, not {ram >> 20}")
    for name in options.properties:
        if name not in ("virtualization", "secure", "gic-version", "highmem"):
            raise BoardError(
                f"board virt has no property {name!r}; known: virtualization, secure, highmem")
    if options.properties.get("gic-version", "2") != "2":
        raise BoardError("board virt has a GICv2 only")
    if options.properties.get("highmem", "on") not in ("on", "off"):
        raise BoardError(
            f"board virt: highmem is on or off, not {options.properties['highmem']!r}")
    virtualization, secure = _switch(options, "virtualization"), _switch(options, "secure")
    processors = [
        ArmProcessor(options.cpu or board.default_cpu, virtualization, secure)
        for _ in range(options.processors)
    ]
    processor = processors[0]
    bus = Bus("little")
    machine = Machine("virt", processor, bus, HZ)
    if len(processors) > 1:
        _share(machine, processors)
    clock, console = machine.clock, machine.console
    bus.add_memory(Address.RAM, ram, "RAM")
    banks = [
        bus.add_memory(base, FLASH_BANK, f"flash{i}", rom=True)
        for i, base in enumerate((Address.FLASH, Address.FLASH + FLASH_BANK))
    ]

    if secure:
        bus.add_memory(Address.SECURE_RAM, SECURE_RAM_SIZE, "secure RAM", secure=True)
    gic = _interrupt_controller(machine, processors)
    uart = Pl011(clock, gic.spi(UART_SPI), console.put, on_room=console.feed)
    console.receiver = uart
    fw_cfg = FwCfg(machine.dma_read, machine.dma_write)
    devices = bus.devices
    for bank in banks:
        base = bank.base
        flash = CfiFlash(
            Contents(bank.frames, bank.offset, bank.size),
            partial(machine.set_rom_mode, base, FLASH_BANK),
            name=bank.name,
        )
        devices.place(base, flash)
    devices.place(Address.GIC_DISTRIBUTOR, gic.distributor)
    devices.place(Address.GIC_INTERFACE, gic.interface)
    messages = [gic.spi(MSI_FIRST_SPI + i) for i in range(MSI_COUNT)]
    devices.place(Address.GIC_V2M, GicV2m(messages, MSI_FIRST_SPI + 32))
    devices.place(Address.UART, uart)
    devices.place(Address.RTC, Pl031(clock, gic.spi(RTC_SPI)))
    devices.place(Address.FW_CFG, fw_cfg)
    devices.place(Address.GPIO, Pl061(gic.spi(GPIO_SPI)))
    virt_slots.place(machine, options, gic)
    if has_pci(options):
        devices.place(Address.PCI_ECAM, Ecam(PciBus(), PCI_BUSES))
        bus.windows.append((Address.PCI_MEMORY, Address.PCI_ECAM - Address.PCI_MEMORY))
    machine.connect()
    model(machine, native.MODEL_GIC_DISTRIBUTOR, gic.distributor, gic.state,
          Address.GIC_DISTRIBUTOR)
    model(machine, native.MODEL_GIC_INTERFACE, gic.interface, gic.state,
          Address.GIC_INTERFACE)
    gic.native_input = _inputs(machine, gic)
    if processor.description.generic_timer:
        _timers(machine, processors, gic)
    _services(machine, processors, options, virtualization, secure)
    for each in processors:
        each.reset()
    load(machine, processor, options, ram)
    return machine


def _share(machine: Machine, processors: list[ArmProcessor]) -> None:
    """More than one processor: each knows its number, and the machine lets them take turns."""
    for number, processor in enumerate(processors):
        processor.set_affinity(number)
    machine.share(processors[1:])


def _interrupt_controller(machine: Machine, processors: list[ArmProcessor]) -> GicV2:
    """The GIC, its outputs at the processors' inputs."""
    def irq(cpu: int, level: bool) -> None:
        processors[cpu].irq(level)
        if level and machine.turns is not None:
            machine.turns.soon()

    def fiq(cpu: int, level: bool) -> None:
        processors[cpu].fiq(level)
        if level and machine.turns is not None:
            machine.turns.soon()

    return GicV2(len(processors), SPI_LINES, irq, fiq, machine.current)


def _inputs(machine: Machine, gic: GicV2) -> Callable[[int, int, bool], bool]:
    """The native layer's way to the GIC's inputs: by the engine whose turn it is."""
    inputs = tuple(one.engine.device_registers.gic_input(gic.state) for one in machine.processors)

    def change(cpu: int, intid: int, level: bool) -> bool:
        return inputs[machine.current()](cpu, intid, level)

    return inputs[0] if machine.turns is None else change


def _comparators(processor: ArmProcessor) -> list[int]:
    """Those of its generic timer that the processor has registers of."""
    found = [PHYSICAL, VIRTUAL]
    if processor.virtualization:
        found.append(HYPERVISOR)
    if processor.security:
        found.append(SECURE)
    return found


def _timers(machine: Machine, processors: list[ArmProcessor], gic: GicV2) -> None:
    """Each processor's generic timer."""
    registers = []
    for number, processor in enumerate(processors):
        timer = GenericTimer(
            machine.clock, TIMER_HZ, [gic.ppi(number, ppi) for ppi in TIMER_PPIS],
            processor.set_virtual_offset)
        registers.append(TimerRegisters(processor, timer, HZ // TIMER_HZ))
        machine.on_reset.append(registers[-1].reset)
        for which in _comparators(processor):
            model(machine, native.MODEL_GENERIC_TIMER, timer, timer.state, 0,
                  levels=(gic.state, 16 + TIMER_PPIS[which], which), timer=timer.timers[which],
                  processor=number)
    if machine.turns is not None:
        machine.engine.handlers.sysreg = Banked(registers, machine.current).access


def _services(
    machine: Machine, processors: list[ArmProcessor], options: Options, virtualization: bool,
    secure: bool,
) -> None:
    """PSCI by HVC (by SMC if the guest may be a hypervisor), and semihosting."""
    if options.semihosting:
        for processor in processors:
            processor.engine.native.semihosting = 1
        machine.traps.serve(traps.SEMIHOSTING, Semihosting(machine).trap)
    if secure:
        return  # the guest brings its own firmware to Monitor mode
    psci = Psci(
        machine,
        off=lambda: machine.stop(Outcome.exit(0, "the guest powered off (PSCI)")),
        reset=lambda: machine.guest_reset("the guest asked for a reset (PSCI)"),
    )

    def call(kind: int) -> int:
        psci.call()
        return native.HANDLED

    conduit = SMC_CONDUIT if virtualization else HVC_CONDUIT
    for processor in processors:
        processor.set_firmware_conduit(conduit)
    machine.traps.serve(conduit, call)
