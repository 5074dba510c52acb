"""IBM PC compatible board (QEMU: pc, without disks, network and display).

A local APIC, if the processor has one, with an I/O APIC; two 8259A, an 8254, an
MC146818, an 8042 with PS/2 keyboard and mouse, a 16550A at 0x3F8, ports 0x61, 0x80 and
0x92; the chip set is in pc_chipset.py.  Debug port 0xE9 prints on the console,
port 0x402 (only if somebody listens) is the firmware's, QEMU's isa-debug-exit is
at 0xF4 and fw_cfg at 0x510.  Addresses are the IBM PC/AT Technical Reference's.
Every IRQ is wired to the 8259s and to the I/O APIC, IRQ 0 to its pin 2 and the
others to the pins of their numbers; the 8259s' output is the local APIC's LINT0.
The processor takes one nanosecond an instruction.  Property: ``apic=off``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vmm.boards import pc_boot, pc_chipset, pc_firmware, pc_virtio
from vmm.boards.options import BoardError, Options
from vmm.boards.pc_boot import HIGH_START, LOW_END, ROM_SIZE, ROM_TOP, ROM_WINDOW
from vmm.cpu.x86.models import MODELS
from vmm.cpu.x86.processor import X86Processor
from vmm.devices.debug_exit import DebugExit
from vmm.devices.debugcon import Debugcon
from vmm.devices.fw_cfg import FwCfgPorts
from vmm.devices.i8042 import I8042
from vmm.devices.i8254 import I8254
from vmm.devices.i8259 import I8259Pair
from vmm.devices.io_apic import BASE as IO_APIC_BASE
from vmm.devices.io_apic import IoApic
from vmm.devices.local_apic import LocalApic
from vmm.devices.local_apic_state import BASE as APIC_BASE
from vmm.devices.mc146818 import Mc146818
from vmm.devices.pcspeaker_port import PcSpeakerPort
from vmm.devices.port92 import Port92
from vmm.devices.post_port import PostPort
from vmm.devices.ps2_keyboard import Ps2Keyboard
from vmm.devices.ps2_mouse import Ps2Mouse
from vmm.devices.uart16550 import Uart16550
from vmm.machine.bus import Bus
from vmm.machine.line import Fork, Line, Output, SharedLine
from vmm.machine.machine import Machine
from vmm.machine.models import model
from vmm.machine.outcome import Outcome
from vmm.memory.frames import Frames
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.boards import BoardInfo

HZ = 1_000_000_000
RAM_MAX = 0xC0000000  # devices live above
COM1, COM1_IRQ, PIT_IRQ, RTC_IRQ, KBD_IRQ, AUX_IRQ = 0x3F8, 4, 0, 8, 1, 12
CMOS_EQUIPMENT, CMOS_BOOT_THIRD, CMOS_BOOT = 0x14, 0x38, 0x3D
EQUIPMENT_FPU, EQUIPMENT_MOUSE = 0x02, 0x04
CASCADE = 2  # the slave's interrupt controller, not for devices
FIRMWARE_DEBUG, FW_CFG = 0x402, 0x510
BOOT_ORDER = 0x312  # first disk, then floppy, then CD, a nibble each: QEMU's default


def build(board: BoardInfo, options: Options) -> Machine:
    """Build a PC and load its programs."""
    ram = options.ram or board.default_ram
    if not HIGH_START < ram <= RAM_MAX:
        raise BoardError(
            f"board pc takes more than 1 MiB and at most {RAM_MAX >> 20} MiB of memory, "
            f"not {ram / (1 << 20):g} MiB"
        )
    processor = X86Processor(options.cpu or board.default_cpu)
    has_apic = _has_apic(options, processor)
    bus = Bus("little", floating=0xFF)
    machine = Machine("pc", processor, bus, HZ)
    clock, console = machine.clock, machine.console
    frames = Frames(ram, "RAM")
    bus.add_memory(0, LOW_END, "low RAM", frames=frames)
    bus.add_memory(HIGH_START, ram - HIGH_START, "RAM", frames=frames, offset=HIGH_START)
    rom = Frames(ROM_SIZE, "ROM")
    bus.add_memory(ROM_TOP - ROM_SIZE, ROM_SIZE, "ROM", rom=True, frames=rom)
    bus.add_memory(HIGH_START - ROM_WINDOW, ROM_WINDOW, "ROM below 1 MiB", rom=True, frames=rom,
                   offset=ROM_SIZE - ROM_WINDOW)
    processor.write_physical = bus.write_memory

    intr = Output(processor.intr, lambda: bool(processor.engine.native.intr), "INTR")
    apic = LocalApic(clock, intr, processor.nmi) if has_apic else None
    pic = I8259Pair(intr if apic is None else apic.lint0)
    processor.acknowledge = pic.acknowledge
    io_apic = None
    if apic is not None:
        apic.external = pic.acknowledge
        processor.acknowledge = apic.acknowledge
        io_apic = IoApic(apic.message)
        apic.on_eoi = io_apic.end_of_interrupt
        bus.devices.place(APIC_BASE, apic)
        bus.devices.place(IO_APIC_BASE, io_apic)
    irqs = {
        irq: SharedLine(_wire(pic, io_apic, irq).set, f"IRQ{irq}")
        for irq in range(16) if irq != CASCADE
    }
    irq0 = irqs[PIT_IRQ].source("IRQ0")
    pit = I8254(clock, (irq0, None, None))
    com1 = irqs[COM1_IRQ].source("COM1")
    uart = Uart16550(clock, com1, console.put, on_room=console.feed)
    console.receiver = uart
    rtc = Mc146818(clock, irqs[RTC_IRQ].source("RTC"), ram)
    rtc.set_ram(CMOS_EQUIPMENT, EQUIPMENT_FPU | EQUIPMENT_MOUSE)
    rtc.set_ram(CMOS_BOOT_THIRD, BOOT_ORDER >> 4 & 0xF0)
    rtc.set_ram(CMOS_BOOT, BOOT_ORDER & 0xFF)
    a20 = SharedLine(processor.set_a20, "A20")
    fast_a20 = a20.source("port 0x92")
    keyboard = I8042(
        Ps2Keyboard(), Ps2Mouse(), irqs[KBD_IRQ].source("keyboard"), irqs[AUX_IRQ].source("mouse"),
        a20.source("8042"), lambda: _reset(machine, "keyboard controller"),
    )
    speaker = PcSpeakerPort(clock, pit)
    ports = bus.ports
    ports.place(0x20, pic.master)
    ports.place(0xA0, pic.slave)
    ports.place(0x4D0, pic.elcr)
    ports.place(0x40, pit)
    ports.place(0x60, keyboard.data)
    ports.place(0x61, speaker)
    ports.place(0x64, keyboard.control)
    ports.place(0x70, rtc)
    ports.place(0x80, PostPort())
    ports.place(0x92, Port92(fast_a20.set, lambda: _reset(machine, "port 0x92")))
    ports.place(0xE9, Debugcon(console.put))
    ports.place(0xF4, DebugExit(lambda status: _exit(machine, status)))
    ports.place(COM1, uart)
    if options.debugcon:
        ports.place(FIRMWARE_DEBUG, Debugcon(machine.debug.put))
    ports.place(FW_CFG, FwCfgPorts(pc_chipset.firmware_items(machine, ram, options.boot_menu)))
    chipset = pc_chipset.place(
        machine, frames, lambda irq: irqs[irq].source("PCI"),
        reset=lambda: _reset(machine, "port 0xcf9"),
        off=lambda: machine.stop(Outcome.exit(0, "the guest turned the machine off (ACPI)")),
        message=(lambda address, data: None) if apic is None else apic.write_message,
    )
    pc_virtio.place(machine, options, chipset, has_apic)
    machine.connect()
    if apic is not None and io_apic is not None:
        model(machine, native.MODEL_LOCAL_APIC, apic, apic.state, APIC_BASE,
              timer=apic.timer)
        model(machine, native.MODEL_IO_APIC, io_apic, io_apic.state, IO_APIC_BASE)
    for kind, device, state, port, wire in (
        (native.MODEL_I8259_MASTER, pic.master, pic.state, 0x20, None),
        (native.MODEL_I8259_SLAVE, pic.slave, pic.state, 0xA0, None),
        (native.MODEL_UART16550, uart, uart.state, COM1, (com1, pic.state, COM1_IRQ)),
    ):
        model(machine, kind, device, state, native.PORT | port, width=1, wire=wire)
    model(machine, native.MODEL_I8254, pit, pit.state, native.PORT | 0x40, width=1,
          wire=(irq0, pic.state, PIT_IRQ), timer=pit.timers[0])
    model(machine, native.MODEL_PC_SPEAKER, speaker, speaker.state, native.PORT | 0x61, width=1,
          beside=pit.state)
    processor.reset()
    signature = MODELS[processor.model].signature
    pc_boot.load(machine, options, ram,
                 lambda: pc_firmware.set_up(machine, chipset, has_apic, signature))
    return machine


def _has_apic(options: Options, processor: X86Processor) -> bool:
    properties = dict(options.properties)
    wanted = properties.pop("apic", "on" if processor.has_apic else "off")
    if properties:
        raise BoardError(f"board pc has no property {next(iter(properties))!r}; known: apic")
    if wanted not in ("on", "off"):
        raise BoardError(f"board pc: apic is on or off, not {wanted!r}")
    if wanted == "on" and not processor.has_apic:
        raise BoardError(f"board pc: processor {processor.model} has no local APIC")
    return wanted == "on"


def _wire(pic: I8259Pair, io_apic: IoApic | None, irq: int) -> Line:
    """Where an IRQ goes."""
    if io_apic is None:
        return pic.line(irq)
    pin = native.IRQ0_PIN if irq == PIT_IRQ else irq
    return Fork(pic.line(irq), partial(io_apic.drive, pin))


def _reset(machine: Machine, where: str) -> None:
    machine.guest_reset(f"the guest asked for a reset ({where})")


def _exit(machine: Machine, status: int) -> None:
    text = f"the guest ended itself (port 0xf4) with status {status & 0xFF}"
    machine.stop(Outcome.exit(status, text))
