# SPDX-License-Identifier: GPL-2.0-or-later
"""Value change dumps hold what the lines did, and no more."""

from __future__ import annotations

import io
from itertools import pairwise

from traced import boot

from vmm.debug.trace.feed import Feed
from vmm.debug.trace.vcd import Vcd, code, word
from vmm.machine.machine import Machine


def dump(machine: Machine, run) -> str:
    file = io.StringIO()
    feed = Feed(machine)
    writer = Vcd(feed, file)
    run()
    feed.close()
    writer.finish()
    return file.getvalue()


def parse(text: str) -> dict[str, list[tuple[int, int]]]:
    """Changes of each variable by its full name; anything that is not VCD fails."""
    scopes: list[str] = []
    names: dict[str, str] = {}
    changes: dict[str, list[tuple[int, int]]] = {}
    time = -1
    header, _, body = text.partition("$enddefinitions $end\n")
    for line in header.splitlines():
        match line.split():
            case ["$timescale", "1", "ns", "$end"]:
                pass
            case ["$scope", "module", name, "$end"]:
                scopes.append(name)
            case ["$upscope", "$end"]:
                scopes.pop()
            case ["$var", "wire", "1", identifier, name, "$end"]:
                assert identifier not in names
                names[identifier] = ".".join((*scopes, name))
            case other:
                raise AssertionError(other)
    assert not scopes and len(set(names.values())) == len(names)
    for line in body.splitlines():
        if line.startswith("#"):
            assert int(line[1:]) > time
            time = int(line[1:])
        elif line not in ("$dumpvars", "$end"):
            changes.setdefault(names[line[1:]], []).append((time, int(line[0])))
    assert changes.keys() == set(names.values())
    return changes


def test_the_lines_of_a_run(guest) -> None:
    machine = boot(guest, "sparc", "timers")
    seen: list[tuple[int, int]] = []
    feed = Feed(machine)
    feed.on_lines(lambda cycle, named, level: named.name == "irqmp.6" and seen.append(
        (feed.nanoseconds(cycle), level)))
    machine.run(until=1_600_000)
    feed.close()
    machine = boot(guest, "sparc", "timers")
    changes = parse(dump(machine, lambda: machine.run(until=1_600_000)))
    timer = changes["leon3.gptimer.irqmp.6"]
    assert timer[0] == (0, 0)
    assert [time for time, level in timer if level] == [time for time, level in seen if level]
    # A pulse has no length; it is drawn one nanosecond wide.
    assert timer[2] == (timer[1][0] + 1, 0)
    assert all(a[1] != b[1] for a, b in pairwise(timer))


def test_every_line_of_a_board_has_a_name(guest) -> None:
    machine = boot(guest, "x86", "hello")
    changes = parse(dump(machine, lambda: machine.run(until=10)))
    assert {"pc.i8254.IRQ0", "pc.uart16550.COM1"} <= changes.keys()
    assert {"pc.local-apic.LINT0", "pc.local-apic.INTR"} <= changes.keys()


def test_changes_at_one_instant(guest) -> None:
    machine = boot(guest, "sparc", "hello")
    line = machine.bus.devices.find(0x80000200).device.line(1)

    def drive() -> None:
        line.set(True)
        machine.engine.native.idle += 4  # cycles of 25 ns
        line.set(False)
        line.set(True)  # a pulse down
        machine.engine.native.idle += 4
        line.set(False)
        line.pulse()
        line.pulse()  # of these the last level counts, and that is no pulse

    changes = parse(dump(machine, drive))["leon3.irqmp.irqmp.1"]
    assert changes == [(0, 0), (0, 1), (100, 0), (101, 1), (200, 0)]


def test_identifiers_are_printable_and_unique() -> None:
    codes = [code(number) for number in range(10_000)]
    assert len(set(codes)) == len(codes)
    assert all("!" <= character <= "~" for one in codes for character in one)
    assert word("port 0x92") == "port_0x92"
