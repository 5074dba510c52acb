# SPDX-License-Identifier: GPL-2.0-or-later
"""Device types of board files: our own by name, and those of users.

A type is looked for in `TYPES`, then among installed entry points of the
group ``vmm.devices``, and, if it is written ``module:Class``, in Python
modules, those in the board file's folder first.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmm.boards.site import Site
from vmm.cpu.arm.timer import TimerRegisters
from vmm.devices.apbuart import Apbuart
from vmm.devices.debug_exit import DebugExit
from vmm.devices.debugcon import Debugcon
from vmm.devices.generic_timer import GenericTimer
from vmm.devices.gicv2 import GicV2
from vmm.devices.gptimer import Gptimer
from vmm.devices.i8254 import I8254
from vmm.devices.i8259 import I8259Pair
from vmm.devices.irqmp import Irqmp
from vmm.devices.leon_mctrl import LeonMctrl
from vmm.devices.mc146818 import Mc146818
from vmm.devices.pl011 import Pl011
from vmm.devices.pl031 import Pl031
from vmm.devices.pl061 import Pl061
from vmm.devices.uart16550 import Uart16550
from vmm.machine.line import Line

Factory = Callable[[Site], Any]
GROUP = "vmm.devices"


def numbered(line: Callable[[int], Line], low: int, high: int) -> Callable[[str], Line]:
    """Inputs that are numbers from ``low`` to ``high``."""

    def find(text: str) -> Line:
        if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
            raise LookupError(f"inputs are {low} to {high}")
        return line(int(text))

    return find


def only(site: Site, architecture: str) -> None:
    """Refuse a type on boards of another processor."""
    if site.processor.architecture != architecture:
        raise site.error("type", f"needs a processor of architecture {architecture}")


def irqmp(site: Site) -> Irqmp:
    only(site, "sparc")
    device = Irqmp(site.processor.request)
    site.processor.on_acknowledge = device.acknowledge
    site.inputs = numbered(device.line, 1, 15)
    return device


def gptimer(site: Site) -> Gptimer:
    timers = site.number("timers", 2, 1, 7)
    return Gptimer(site.clock, site.lines("irq", timers), site.number("interrupt", 6, 0, 31),
                   timers, site.number("frequency", site.clock.hz, 1))


def apbuart(site: Site) -> Apbuart:
    return Apbuart(site.line(), site.put, site.feed, site.number("fifo", 8, 2, 32))


def gicv2(site: Site) -> GicV2:
    only(site, "arm")
    cpu = site.processor
    lines = site.number("lines", 96, 32, 1020)
    if lines % 32:
        raise site.error("lines", f"{lines} is not a multiple of 32")
    gic = GicV2(1, lines, lambda _, level: cpu.irq(level), lambda _, level: cpu.fiq(level))
    site.window("base", gic.distributor)
    site.window("interface", gic.interface)
    shared = numbered(gic.spi, 0, lines - 33)
    private = numbered(lambda n: gic.ppi(0, n), 0, 15)

    def find(text: str) -> Line:
        return private(text[3:]) if text.startswith("ppi") else shared(text)

    site.inputs = find
    return gic


def generic_timer(site: Site) -> GenericTimer:
    only(site, "arm")
    cpu = site.processor
    if not cpu.description.generic_timer:
        raise site.error("type", f"{cpu.model} has no generic timer")
    frequency = site.number("frequency", site.clock.hz, 1)
    divider, rest = divmod(site.clock.hz, frequency)
    if rest or divider & (divider - 1):
        raise site.error("frequency", "the clock must be this times a power of two")
    timer = GenericTimer(site.clock, frequency, site.lines("irq", 4), cpu.set_virtual_offset)
    TimerRegisters(cpu, timer, divider)
    return timer


def pl011(site: Site) -> Pl011:
    return Pl011(site.clock, site.line(), site.put, site.feed,
                 frequency=site.number("frequency", 24_000_000, 1))


def uart16550(site: Site) -> Uart16550:
    return Uart16550(site.clock, site.line(), site.put, site.feed)


def i8259(site: Site) -> I8259Pair:
    only(site, "x86")
    pair = I8259Pair(Line(site.processor.intr, "INTR"))
    site.processor.acknowledge = pair.acknowledge
    site.window("master", pair.master, 0x20, ports=True)
    site.window("slave", pair.slave, 0xA0, ports=True)
    site.window("elcr", pair.elcr, 0x4D0, ports=True)
    site.inputs = numbered(pair.line, 0, 15)
    return pair


def i8254(site: Site) -> I8254:
    return I8254(site.clock, (site.line(), None, None))


TYPES: dict[str, Factory] = {
    "apbuart": apbuart,
    "debug-exit": lambda site: DebugExit(site.end),
    "debugcon": lambda site: Debugcon(site.put),
    "generic-timer": generic_timer,
    "gicv2": gicv2,
    "gptimer": gptimer,
    "i8254": i8254,
    "i8259": i8259,
    "irqmp": irqmp,
    "leon-mctrl": lambda site: LeonMctrl(),
    "mc146818": lambda site: Mc146818(site.clock, site.line()),
    "pl011": pl011,
    "pl031": lambda site: Pl031(site.clock, site.line()),
    "pl061": lambda site: Pl061(site.line()),
    "uart16550": uart16550,
}


def own(text: str, folder: Path) -> Factory:
    """What ``module:Class`` names; ImportError or AttributeError if it cannot be had."""
    module_name, _, attribute = text.partition(":")
    beside = folder.resolve() / (module_name.replace(".", "/") + ".py")
    known = sys.modules.get(module_name)
    if known is not None and beside.is_file() and getattr(known, "__file__", "") != str(beside):
        del sys.modules[module_name]  # another board's module of that name
    sys.path.insert(0, str(folder.resolve()))
    try:
        importlib.invalidate_caches()
        found: Any = importlib.import_module(module_name)
    finally:
        sys.path.remove(str(folder.resolve()))
    for name in attribute.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise AttributeError(f"{text} is not a class or function")
    return found  # type: ignore[no-any-return]


def find(site: Site) -> Factory:
    """The factory of a device's type; BoardFileError if there is none."""
    text = site.text("type")
    if text in TYPES:
        return TYPES[text]
    try:
        for entry in importlib.metadata.entry_points(group=GROUP, name=text):
            return entry.load()  # type: ignore[no-any-return]
        if ":" in text:
            return own(text, site.table.file.parent)
    except Exception as error:  # whatever a user's module does when it is loaded
        raise site.error("type", f"{text!r}: {type(error).__name__}: {error}") from error
    raise site.error(
        "type", f"no device type {text!r}; known: {', '.join(sorted(TYPES))}, "
        "entry points of vmm.devices, and module:Class"
    )
