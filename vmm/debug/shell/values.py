# SPDX-License-Identifier: GPL-2.0-or-later
"""Watching values that no watchpoint of the engine reaches: registers, whole devices.

The engine tells of no write to a register, so the guest runs one instruction
at a time and the value is compared after each: some two thousand instructions a
second, and only forwards.  The guest cannot tell.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass, replace

from vmm.debug.breakpoints import Breakpoint
from vmm.debug.shell.shell import Shell
from vmm.debug.stops import Stop, Why
from vmm.machine import diagnosis
from vmm.machine.machine import Machine

Read = Callable[[Machine], object]


@dataclass(slots=True)
class ValueWatch:
    """A value that is compared after every instruction."""

    name: str  # as the user deletes it: v1, v2, ...
    text: str  # as the user wrote it
    read: Read
    enabled: bool = True
    last: object = None


def device_state(device: object) -> object:
    """A device's state as plain values, to be compared and shown."""
    state = getattr(device, "state", None)
    if isinstance(state, C.Structure):
        return plain(state)
    return asdict(state) if is_dataclass(state) and not isinstance(state, type) else state


def plain(value: object) -> object:
    """What a C structure or array holds, as dictionaries and lists; anything else as it is."""
    if isinstance(value, C.Structure):
        return {field[0]: plain(getattr(value, field[0])) for field in value._fields_}
    if isinstance(value, C.Array):
        return [plain(one) for one in value]
    return value


def change(before: object, after: object) -> str:
    """What has changed, in words: ``00000000 -> 00000020``, or a state's fields."""
    if isinstance(before, int) and isinstance(after, int):
        return f"{before:08x} -> {after:08x}"
    if isinstance(before, dict) and isinstance(after, dict):
        return ", ".join(
            f"{key} {shown(before[key])} -> {shown(after[key])}"
            for key in before if before[key] != after.get(key)
        )
    return f"{shown(before)} -> {shown(after)}"


def shown(value: object) -> str:
    """A value of a device's state as people read it."""
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    return f"{value:#x}" if value > 9 else str(value)


def run_watching(shell: Shell, to_count: int | None, to_time: int | None) -> Stop:
    """`Session.run`, but one instruction at a time while a value is watched."""
    session, machine = shell.session, shell.machine
    watched = [watch for watch in shell.value_watches if watch.enabled]
    if not watched:
        return session.run(to_count=to_count, to_time=to_time)
    for watch in watched:
        watch.last = watch.read(machine)
    while True:
        pc = machine.linear_pc
        stop = session.run(to_count=machine.engine.count + 1, to_time=to_time)
        for watch in watched:
            now = watch.read(machine)
            if now != watch.last:
                text = f"{watch.text} ({watch.name}): {change(watch.last, now)}"
                watch.last = now
                session.last = replace(
                    stop, why=Why.WATCHPOINT,
                    text=f"{text}, by the instruction at {diagnosis.place(machine, pc)}",
                )
                return session.last
        if stop.why is not Why.COUNT:
            return stop
        reached = breakpoint_here(shell)
        if reached is not None:
            reached.hits += 1
            text = f"breakpoint {reached.number} at {diagnosis.place(machine, reached.address)}"
            session.last = replace(stop, why=Why.BREAKPOINT, breakpoint=reached, text=text)
            return session.last
        if to_count is not None and machine.engine.count >= to_count:
            return stop


def breakpoint_here(shell: Shell) -> Breakpoint | None:
    """The breakpoint at the next instruction: a run that begins there would pass it."""
    machine = shell.machine
    for one in shell.session.breakpoints:
        if one.kind == "code" and one.enabled and one.address == machine.linear_pc and (
            one.condition is None or one.condition(machine)
        ):
            return one
    return None
