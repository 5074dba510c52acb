# SPDX-License-Identifier: GPL-2.0-or-later
"""How the native layer calls Python: one handler for each thing that it reports.

A handler runs inside the engine, at a boundary where guest state is exact.
What a handler raises stops the engine and is raised again by `Engine.run`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.cpu.engine import Engine


def _no_trap(kind: int) -> int:
    return native.NATIVE


def _no_event() -> bool:
    return False


@dataclass(slots=True)
class Handlers:
    """Who is told of what.  Each has a default that does nothing of note."""

    trap: Callable[[int], int] = _no_trap  # kind -> NATIVE, HANDLED or STOP
    event: Callable[[], bool] = _no_event  # a look at a boundary -> stop?
    halt: Callable[[], bool] = lambda: True  # asleep -> stop? (False: woken)
    read: Callable[[int, int], int] = lambda address, size: 0
    write: Callable[[int, int, int], None] = lambda address, size, value: None
    port_in: Callable[[int, int], int] = lambda port, size: (1 << 8 * size) - 1
    port_out: Callable[[int, int, int], None] = lambda port, size, value: None
    acknowledge: Callable[[int], int] = lambda level: 0
    sysreg: Callable[[int, bool, int], int] = lambda register, write, value: 0
    ledger: Callable[[list[tuple[int, int, int, int, int]]], None] = lambda records: None
    # (virtual address, size) -> what memory holds there; None where that cannot be read quietly
    peek: Callable[[int, int], int | None] = lambda address, size: None
    # a snapshot was taken or put back: whatever was derived from state must be made anew
    derived: Callable[[], None] = lambda: None
    address_line: Callable[[], None] = lambda: None  # x86: the A20 gate has changed


def connect(engine: Engine) -> list[object]:
    """Give the native layer its callbacks; they look the handler up at each call."""
    # The callbacks live in C, where Python's collector cannot follow: they must not own us.
    own = cast("Callable[[], Engine]", weakref.ref(engine))

    def trap(_: object, kind: int) -> int:
        h = own()
        try:
            return h.handlers.trap(kind)
        except BaseException as error:
            h.fail(error)
            return native.STOP

    def event(_: object) -> int:
        h = own()
        try:
            return h.handlers.event()
        except BaseException as error:
            h.fail(error)
            return 1

    def halt(_: object) -> int:
        h = own()
        try:
            return h.handlers.halt()
        except BaseException as error:
            h.fail(error)
            return 1

    def read(_: object, address: int, size: int) -> int:
        h = own()
        try:
            return h.handlers.read(address, size)
        except BaseException as error:
            h.fail(error)
            return 0

    def write(_: object, address: int, size: int, value: int) -> None:
        h = own()
        try:
            h.handlers.write(address, size, value)
        except BaseException as error:
            h.fail(error)

    def port_in(_: object, port: int, size: int) -> int:
        h = own()
        try:
            return h.handlers.port_in(port, size)
        except BaseException as error:
            h.fail(error)
            return 0

    def port_out(_: object, port: int, size: int, value: int) -> None:
        h = own()
        try:
            h.handlers.port_out(port, size, value)
        except BaseException as error:
            h.fail(error)

    def acknowledge(_: object, level: int) -> int:
        h = own()
        try:
            return h.handlers.acknowledge(level)
        except BaseException as error:
            h.fail(error)
            return -1

    def sysreg(_: object, register: int, is_write: int, value: int) -> int:
        h = own()
        try:
            return h.handlers.sysreg(register, bool(is_write), value)
        except BaseException as error:
            h.fail(error)
            return 0

    def ledger(_: object) -> None:
        h = own()
        try:
            h.drain_ledger()
        except BaseException as error:
            h.fail(error)

    def watch(_: object) -> None:
        h = own()
        try:
            h.note_access()
        except BaseException as error:
            h.fail(error)

    n = engine.native
    n.on_watch = native.ON_WATCH(watch)
    n.on_trap = native.ON_TRAP(trap)
    n.on_event = native.ON_EVENT(event)
    n.on_halt = native.ON_EVENT(halt)
    n.on_read = native.ON_READ(read)
    n.on_write = native.ON_WRITE(write)
    n.on_in = native.ON_IN(port_in)
    n.on_out = native.ON_OUT(port_out)
    n.on_acknowledge = native.ON_ACKNOWLEDGE(acknowledge)
    n.on_sysreg = native.ON_SYSREG(sysreg)
    n.on_ledger = native.ON_LEDGER(ledger)
    return [n.on_trap, n.on_event, n.on_halt, n.on_read, n.on_write, n.on_in, n.on_out,
            n.on_acknowledge, n.on_sysreg, n.on_ledger, n.on_watch]
