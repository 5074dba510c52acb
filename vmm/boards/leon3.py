"""LEON3 board, with the addresses of GRLIB template designs (QEMU: leon3_generic).

GRLIB IP Core User's Manual: AMBA plug and play, APBUART, IRQMP, GPTIMER,
MCTRL; and as many virtio-mmio slots as there are devices for them, listed in
the plug and play area as cores of vendor 0x09 (contributed), device 0x7A0.
The processor runs at 40 MHz and takes one cycle an instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.boards import boot, virtio
from vmm.boards.options import BoardError, Options
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.devices import ambapp
from vmm.devices.apbuart import Apbuart
from vmm.devices.gptimer import Gptimer
from vmm.devices.irqmp import Irqmp
from vmm.devices.leon_mctrl import LeonMctrl
from vmm.devices.virtio.mmio import SIZE, VirtioMmio
from vmm.machine.bus import Bus
from vmm.machine.machine import Machine
from vmm.machine.models import model
from vmm.machine.outcome import Outcome
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.boards import BoardInfo

HZ = 40_000_000
PROM, PROM_SIZE = 0x00000000, 0x100000
RAM, RAM_MAX = 0x40000000, 0x40000000
MCTRL, APBUART, IRQMP, GPTIMER = 0x80000000, 0x80000100, 0x80000200, 0x80000300
APB_PNP, AHB_PNP = 0x800FF000, 0xFFFFF000
UART_IRQ, TIMER_IRQ = 3, 6
VIRTIO, VIRTIO_IRQ, VIRTIO_SLOTS = 0x80001000, 8, 6
EXIT_TRAP = 0x80  # ta 0


def build(board: BoardInfo, options: Options) -> Machine:
    """Build a LEON3 machine and load its programs."""
    ram = options.ram or board.default_ram
    if ram > RAM_MAX:
        raise BoardError(f"board leon3 takes at most {RAM_MAX >> 20} MiB of RAM, not {ram >> 20}")
    if options.properties:
        raise BoardError(f"board leon3 has no property {next(iter(options.properties))!r}")
    processor = SparcProcessor(options.cpu or board.default_cpu)
    bus = Bus("big")
    machine = Machine("leon3", processor, bus, HZ)
    bus.add_memory(PROM, PROM_SIZE, "PROM", rom=True)
    bus.add_memory(RAM, ram, "RAM")

    irqmp = Irqmp(processor.request)
    processor.on_acknowledge = irqmp.acknowledge
    console = machine.console
    uart = Apbuart(irqmp.line(UART_IRQ), console.put, on_room=console.feed)
    console.receiver = uart
    timer = Gptimer(machine.clock, [irqmp.line(TIMER_IRQ), irqmp.line(TIMER_IRQ + 1)], TIMER_IRQ,
                    frequency=HZ)
    bus.devices.place(MCTRL, LeonMctrl())
    bus.devices.place(APBUART, uart)
    bus.devices.place(IRQMP, irqmp)
    bus.devices.place(GPTIMER, timer)
    cores = ambapp.LEON3_APB + _virtio(machine, options, irqmp)
    bus.devices.place(APB_PNP, ambapp.apb_area(cores))
    bus.devices.place(AHB_PNP, ambapp.ahb_area(ambapp.LEON3_MASTERS, ambapp.LEON3_SLAVES))
    machine.connect()
    model(machine, native.MODEL_IRQMP, irqmp, irqmp.state, IRQMP)
    model(machine, native.MODEL_GPTIMER, timer, timer.state, GPTIMER,
          levels=(irqmp.state, TIMER_IRQ, timer.timers), timer=timer.timer)
    processor.reset()

    machine.ending_hook = lambda reason: _exit_by_trap(processor, reason)
    if options.bare:
        return machine
    if options.kernel is not None:
        image = boot.read_kernel(options.kernel, "sparc", RAM)
        boot.place(machine, image)
        if options.bios is None:
            boot.board_firmware(machine, "leon3", {
                "boot_entry": image.entry,
                "boot_stack": RAM + ram - 96 - 0x20,
                "boot_ram_size": ram,
            })
    if options.bios is not None:
        machine.load_bytes(PROM, boot.flat_firmware(options.bios, PROM_SIZE), str(options.bios))
    if options.kernel is None and options.bios is None:
        raise BoardError("nothing to run: give -kernel FILE or -bios FILE")
    return machine


def _virtio(machine: Machine, options: Options, irqmp: Irqmp) -> tuple[ambapp.Core, ...]:
    """Place the virtio devices of ``options``; how plug and play lists them."""
    found = virtio.build(machine, options, virtio.MMIO)
    if len(found) > VIRTIO_SLOTS:
        raise BoardError(f"board leon3 has {VIRTIO_SLOTS} virtio slots, not {len(found)}")
    cores = []
    for slot, device in enumerate(found):
        base, irq = VIRTIO + slot * SIZE, VIRTIO_IRQ + slot
        machine.bus.devices.place(base, VirtioMmio(device, irqmp.line(irq), "big"))
        bank = ambapp.Bar(base >> 8 & 0xFFF, -SIZE >> 8 & 0xFFF, ambapp.APB_IO)
        cores.append(ambapp.Core(ambapp.CONTRIB, ambapp.VIRTIO, irq=irq, bars=(bank,)))
    return tuple(cores)


def _exit_by_trap(processor: SparcProcessor, reason: int) -> Outcome | None:
    """`ta 0` with traps disabled ends a LEON program; %g1 = 1 says %g2 is its exit status."""
    if reason != native.REASON_ERROR_MODE or processor.engine.native.reason_trap != EXIT_TRAP:
        return None
    registers = processor.registers
    status = registers["g2"] if registers["g1"] == 1 else 0
    return Outcome.exit(status, f"the guest ended itself (ta 0) with status {status & 0xFF}")
