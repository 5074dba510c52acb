# SPDX-License-Identifier: GPL-2.0-or-later
"""The trap shell and snapshots on a system that nobody of ours wrote: Debian's Linux on virt."""

from __future__ import annotations

import re
from pathlib import Path

from vmm import Machine
from vmm.debug.session import Session
from vmm.debug.shell.screen import PlainScreen
from vmm.debug.shell.shell import Shell
from vmm.machine.outcome import Ending
from vmm.state import snapshot

IMAGES = Path(__file__).resolve().parent.parent.parent / "build" / "linux" / "arm"
USER, SUPERVISOR = 0x10, 0x13  # CPSR.M


def linux() -> Machine:
    return Machine("virt", kernel=IMAGES / "vmlinuz", initrd=IMAGES / "initrd", ram="256M",
                   append="console=ttyAMA0 loglevel=8", ledger=True)


def test_from_the_first_system_call_back_over_an_exception_return() -> None:
    with linux() as m:
        m.run(until="Run /init as init process", timeout=20)
        machine = m.machine
        answer: list[str] = []
        shell = Shell(Session(machine), PlainScreen(answer.append))

        def do(line: str) -> str:
            answer.clear()
            shell.execute(line)
            return "\n".join(answer)

        call = do("trap svc")
        assert "from User mode; r7 = 0x2d" in call  # brk, which any C library asks for first
        registers = machine.processor.registers
        first = machine.engine.count
        assert (registers["cpsr"] & 0x1F, registers["spsr"] & 0x1F) == (SUPERVISOR, USER)
        caller = registers["r14"] - 2  # Thumb code

        walked = do(f"walk {caller:#x}")
        assert "first level (TTBR0)" in walked and "small page" in walked
        physical = int(re.search(r"physical address ([0-9a-f]{8}), rights r--/r-x", walked)[1], 16)
        assert machine.bus.read_memory(physical, 2) == b"\x00\xdf"  # svc #0
        assert re.search(r"c0[0-9a-f]{6}-[0-9a-f]{8} -> 040[0-9a-f]+ +\d+ MiB", do("pagetable"))

        do("trap return")
        returned = machine.engine.count
        assert (machine.processor.pc, registers["cpsr"] & 0x1F) == (caller + 2, USER)
        do("rstep")
        assert machine.engine.count == returned - 1
        assert registers["cpsr"] & 0x1F == SUPERVISOR
        assert "movs pc, lr" in do("disassemble")
        do("rtrap svc")
        assert machine.engine.count == first


def test_a_booted_system_goes_on_from_a_snapshot_as_it_would_have_gone_on(tmp_path: Path) -> None:
    file = tmp_path / "booted"
    with linux() as m:
        m.run(until="userland:", timeout=30)
        m.run(until="# ", timeout=5)
        snapshot.save(snapshot.take(m.machine), file)
        booted = m.count

        def go_on(on: Machine) -> tuple[int, list[tuple[int, ...]]]:
            on.type("cat /proc/uptime; sha256sum /bin/busybox; poweroff -f\n")
            assert on.run(timeout=20).ending is Ending.EXIT
            return on.count, [trap for trap in on.ledger.records() if trap[0] > booted]

        with Machine.reopen(file, ledger=True) as again:
            assert again.count == booted
            assert go_on(again) == go_on(m)
