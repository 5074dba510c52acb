# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine as easy from Python as from the command line.

    from vmm import Machine

    with Machine("leon3", kernel="hello.elf") as m:
        print(m.run(), m.output)

This is a thin face of `vmm.machine.machine.Machine`, which is there as
``m.machine`` for what is not here.  docs/library.md has examples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, overload

from vmm import boards
from vmm.api import networks
from vmm.api.coverage import Coverage
from vmm.api.hooks import AccessHook, Hooks, LineHook, TrapHook, decorator
from vmm.api.ledger import Ledger
from vmm.api.limits import call_at, check, limit_virtual, limit_wall
from vmm.api.printed import Printed, unexpected
from vmm.api.snapshot import Snapshot
from vmm.api.until import At, Condition, Instructions, Line, Seconds, Text, Until, conditions
from vmm.api.virtualization import Shadow, Technique, Virtualization, virtualize
from vmm.boards import attachments, size
from vmm.boards.options import Options
from vmm.cpu.registers import RegisterFile
from vmm.debug.trace.files import Tracing
from vmm.machine import diagnosis
from vmm.machine.clock import NS
from vmm.machine.guest_memory import Memory
from vmm.machine.machine import Machine as RealMachine
from vmm.machine.outcome import Outcome
from vmm.machine.statistics import statistics
from vmm.state import snapshot as state


class Machine:
    """One board with its guest loaded, ready to run.

    ``board`` is a name (`vmm run -M help`) or the path of a board file (docs/boards.md);
    ``ram`` is bytes or a text such as ``"64M"``; ``properties`` are the board's, as in
    ``-M virt,secure=on``; with ``boot_menu`` a PC's firmware offers its menu, and with
    ``debugcon`` it has the debug port whose text is `debug_output`; ``drives``, ``devices`` and
    ``objects`` are texts as after ``-drive``, ``-device`` and ``-object``, and ``netdevs`` as
    after ``-netdev`` (docs/networks.md; what they touch outside ends with `close`).
    ``technique``, ``shadow``, ``assist_controls`` and ``trusted`` are the options of these names
    (docs/techniques.md): with a technique the guest runs virtualized, and ``profile`` keeps
    where its exits came from.  ``ledger`` keeps every trap and ``coverage`` counts every
    instruction, for the properties of that name.  What does not fit is a ValueError of one line.
    """

    _virtualization: Virtualization | None

    def __init__(
        self,
        board: str | Path,
        *,
        kernel: str | Path | None = None,
        bios: str | Path | None = None,
        initrd: str | Path | None = None,
        cpu: str | None = None,
        ram: int | str | None = None,
        processors: int = 1,
        reboots: bool = False,
        append: str = "",
        properties: Mapping[str, str] | None = None,
        boot_menu: bool = False,
        debugcon: bool = False,
        drives: Sequence[str] = (),
        devices: Sequence[str] = (),
        objects: Sequence[str] = (),
        netdevs: Sequence[str] = (),
        technique: Technique | None = None,
        shadow: Shadow | None = None,
        assist_controls: Sequence[str] = (),
        trusted: bool = False,
        profile: bool = False,
        ledger: bool = False,
        coverage: bool = False,
    ) -> None:
        if ram is not None:
            ram = size.memory_size(ram) if isinstance(ram, str) else size.checked(ram)
        self._stand_on(
            boards.create(
                Options(
                    str(board), dict(properties or {}), cpu, ram,
                    None if kernel is None else Path(kernel),
                    None if bios is None else Path(bios), append,
                    None if initrd is None else Path(initrd), processors, reboots=reboots,
                    boot_menu=boot_menu, debugcon=debugcon,
                    **attachments.options(drives, devices, objects),
                )
            ), ledger, coverage,
        )
        self._plugged = networks.plug(self.machine, netdevs)
        self._virtualization = virtualize(
            self.machine, technique, shadow, assist_controls, trusted, profile)

    @classmethod
    def reopen(cls, file: str | Path, *, ledger: bool = False, coverage: bool = False) -> Self:
        """A machine in the state that a snapshot's file has; SnapshotError if it cannot be used.

        Such files are written by `vmm run --save-snapshot`, and for failed tests.
        """
        machine = cls.__new__(cls)
        machine._stand_on(state.build(state.load(file)), ledger, coverage)
        return machine

    def _stand_on(self, machine: RealMachine, ledger: bool, coverage: bool) -> None:
        self._machine: RealMachine | None = machine
        self.outcome: Outcome | None = None  # of the last run
        self.reached: Condition | None = None  # which condition ended the last run, if one did
        self.physical = Memory(machine, None)
        self.memory = Memory(machine, machine.processor.translate)
        self._hooks = Hooks(machine)
        self._ledger = Ledger(machine) if ledger else None
        self._coverage = Coverage(machine) if coverage else None
        self._virtualization = None
        self._printed = Printed()
        self._plugged = ExitStack()  # networks
        machine.console.sinks.append(self._print)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the machine's memory back; it cannot be used any more.  Not from a hook."""
        if self._machine is None:
            return
        if self._machine.engine.native.running:
            raise ValueError("a hook cannot close the machine: it runs")
        self._plugged.close()
        self._machine = self._virtualization = None
        del self.physical, self.memory, self._hooks, self._ledger, self._coverage

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._machine is None

    @property
    def machine(self) -> RealMachine:
        """The machine itself: bus, devices, clock, engine."""
        if self._machine is None:
            raise ValueError("this machine is closed")
        return self._machine

    # -- running ------------------------------------------------------------------

    def run(
        self,
        until: Until | list[Until] | tuple[Until, ...] | None = None,
        *,
        timeout: float | None = None,
        instructions: int | None = None,
        wall_timeout: float | None = None,
    ) -> Outcome:
        """Run until one of the conditions holds, or the guest ends.

        ``until`` is a text to be printed, a compiled regular expression for a line, `Instructions`,
        `Seconds` or `At`, or a list of these; `reached` then says which it was (None: the
        guest ended, or a limit did).  ``timeout`` limits virtual seconds, ``instructions``
        their number and ``wall_timeout`` real seconds, from now; the outcome then is that
        of a time limit.  A run that has stopped goes on with the next call.
        """
        wanted = conditions(until)
        machine = self.machine
        check(machine, timeout=timeout, instructions=instructions, wall_timeout=wall_timeout)
        self.reached = None
        self._printed.look_for([one for one in wanted if isinstance(one, (Text, Line))])
        if self._printed.reached is not None:
            self.reached = self._printed.reached
            self.outcome = Outcome.stopped(self._printed.text)
            return self.outcome
        counts = [one for one in wanted if isinstance(one, Instructions)]
        limit = None if instructions is None else Instructions(self.count + instructions)
        counts += [] if limit is None else [limit]
        first = min(counts, key=lambda one: one.count, default=None)
        places = {self.address(one.place): one for one in wanted if isinstance(one, At)}
        machine.set_breakpoints(places)
        with ExitStack() as stack:
            for one in wanted:
                if isinstance(one, Seconds):
                    call_at(stack, machine, round(one.seconds * NS), partial(self._reach, one))
            if timeout is not None:
                limit_virtual(stack, machine, timeout)
            if wall_timeout is not None:
                limit_wall(stack, machine, wall_timeout)
            self.outcome = machine.run(None if first is None else first.count)
        self._printed.stop_looking()
        if machine.stopped_at_breakpoint:
            self.reached = places[machine.linear_pc]
        elif first is not None and self.reached is None and machine.stopped_at_count:
            if first is limit:
                self.outcome = Outcome.time(f"limit of {instructions} instructions reached")
            else:
                self.reached = first
        return self.outcome

    @overload
    def expect(
        self, wanted: str, *, timeout: float | None = None, instructions: int | None = None,
        wall_timeout: float | None = None,
    ) -> str: ...
    @overload
    def expect(
        self, wanted: re.Pattern[str], *, timeout: float | None = None,
        instructions: int | None = None, wall_timeout: float | None = None,
    ) -> re.Match[str]: ...
    def expect(
        self, wanted: str | re.Pattern[str], *, timeout: float | None = None,
        instructions: int | None = None, wall_timeout: float | None = None,
    ) -> str | re.Match[str]:
        """Run until a text, or a whole line with a pattern, is printed; `Unexpected` if it is not.

        Each search begins behind what the one before it matched.  The limits are those of `run`.
        Returns the text, or the pattern's match.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        outcome = self.run(
            wanted, timeout=timeout, instructions=instructions, wall_timeout=wall_timeout)
        if self.reached is None:
            raise unexpected(wanted, outcome, self.output)
        if isinstance(wanted, str):
            return wanted
        assert self._printed.match is not None
        return self._printed.match

    def step(self, count: int = 1) -> Outcome:
        """Run ``count`` instructions (fewer if the guest ends)."""
        check(self.machine, count=count)
        return self.run(Instructions(self.count + count))

    def stop(self, text: str = "stopped") -> None:
        """From a hook: end the run at the next instruction boundary."""
        self.machine.stop(Outcome.stopped(text))

    def _reach(self, condition: Seconds) -> None:
        if self.machine.outcome is None:
            self.reached = condition
            self.stop(f"{condition.seconds:g} virtual seconds have gone by")

    # -- the console ----------------------------------------------------------------

    @property
    def output(self) -> str:
        """What the guest has printed (of a long run, the end)."""
        return self.machine.console.tail.decode(errors="replace")

    @property
    def debug_output(self) -> str:
        """What firmware has printed on its debug port (of much, the end)."""
        return self.machine.debug.tail.decode(errors="replace")

    def type(self, text: str | bytes) -> None:
        """Type on the guest's console; it takes the text as fast as its serial port has room."""
        self.machine.console.type(text.encode() if isinstance(text, str) else text)

    def _print(self, data: bytes) -> None:
        self._printed.add(data)
        if self.reached is None and self._printed.reached is not None:
            self.reached = self._printed.reached
            self.stop(self._printed.text)

    # -- the processor --------------------------------------------------------------

    @property
    def registers(self) -> RegisterFile:
        """Registers by the names of the architecture's manual: ``m.registers["psr"]``."""
        return self.machine.processor.registers

    @property
    def pc(self) -> int:
        """Address of the next instruction (x86: linear)."""
        return self.machine.linear_pc

    @pc.setter
    def pc(self, address: int) -> None:
        base = self.machine.linear_pc - self.machine.processor.pc  # x86: of the code segment
        self.machine.processor.set_pc((address - base) & 0xFFFFFFFF)

    @property
    def count(self) -> int:
        """Instructions begun since reset."""
        return self.machine.engine.count

    @property
    def seconds(self) -> float:
        """Virtual time since reset."""
        return self.machine.clock.now() / NS

    @property
    def ledger(self) -> Ledger:
        """Every trap since reset; ValueError if the machine was not built with ``ledger=True``."""
        if self._ledger is None:
            raise ValueError("this machine keeps no ledger: Machine(..., ledger=True)")
        return self._ledger

    @property
    def coverage(self) -> Coverage:
        """What has run since reset; ValueError if the machine was not built with it."""
        if self._coverage is None:
            raise ValueError("this machine counts no instructions: Machine(..., coverage=True)")
        return self._coverage

    @property
    def virtualization(self) -> Virtualization:
        """What its monitor does; ValueError if the machine was built without a technique."""
        if self._virtualization is None:
            raise ValueError("this machine's guest is not virtualized: Machine(..., technique=)")
        return self._virtualization

    # -- snapshots --------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The full state of the machine as it is now, to which `restore` brings it back."""
        return Snapshot(state.take(self.machine), self._printed.unmatched)

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the machine back to a snapshot that was taken from it; SnapshotError if not.

        What was recorded in the `ledger` since then stays there.
        """
        state.restore(self.machine, snapshot.state)
        self._printed.unmatched = snapshot.unmatched
        self.outcome = self.reached = None

    # -- symbols and reports ----------------------------------------------------------

    def address(self, place: str | int) -> int:
        """The address of a symbol (an address is one already); KeyError if there is none."""
        if isinstance(place, int):
            return place
        symbol = self.machine.symbols.find(place)
        if symbol is None:
            raise KeyError(f"no symbol {place!r} in what was loaded")
        return symbol.address

    def symbol(self, address: int) -> str:
        """The symbol at an address, such as ``main+0x10``, or an empty string."""
        return self.machine.symbols.name(address)

    def disassemble(self, place: str | int | None = None, count: int = 8) -> list[str]:
        """Up to ``count`` instructions as text, from the pc if no place is given."""
        at = self.pc if place is None else self.address(place)
        lines = self.machine.processor.disassemble(at, count)
        return [f"{address:08x}  {text}" for address, _, text in lines]

    def report(self) -> list[str]:
        """Registers, code and last traps, as `vmm run` shows them after a crash."""
        return diagnosis.report(self.machine)

    def statistics(self) -> dict[str, object]:
        """Counters of instructions, traps and exits, as `--stats` writes them."""
        found = statistics(self.machine)
        if self._virtualization is not None:
            found["virtualization"] = self._virtualization.statistics()
        return found

    def trace(self, *requests: str) -> Tracing:
        """Begin traces as `vmm run --trace` writes them: ``m.trace("jsonl:run.jsonl")``.

        They end when what is returned is closed; it is a context manager.  ValueError says
        what cannot be traced, docs/traces.md what can.
        """
        return Tracing(self._hooks.feed, *requests)

    # -- hooks ------------------------------------------------------------------------

    def on_trap(self, *names: str) -> Callable[[TrapHook], TrapHook]:
        """Decorator: call the function with a `Trap` before each of these (none given: any).

        If it returns True it has dealt with the trap: the guest does not get it and goes on
        at the pc, which the hook may have moved.
        """
        return decorator(partial(self._hooks.add_trap, names))

    def on_access(self, *devices: str) -> Callable[[AccessHook], AccessHook]:
        """Decorator: call the function with an `Access` after each to these devices (or any)."""
        return decorator(partial(self._hooks.add_access, devices))

    def on_line(self) -> Callable[[LineHook], LineHook]:
        """Decorator: call the function with every line the guest prints."""
        return decorator(self._hooks.add_line)
