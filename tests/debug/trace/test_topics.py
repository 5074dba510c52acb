# SPDX-License-Identifier: GPL-2.0-or-later
"""The text topics say what happens, in order, and -dfilter limits those of code."""

from __future__ import annotations

import pytest
from traced import boot

from vmm.debug.trace import topics
from vmm.debug.trace.feed import Feed
from vmm.machine.machine import Machine


def listen(machine: Machine, wanted: str, until: int, dfilter: str | None = None) -> list[str]:
    lines: list[str] = []
    feed = Feed(machine)
    topics.listen(feed, topics.parse(wanted), lines.append, topics.parse_filter(dfilter))
    machine.run(until=until)
    feed.close()
    return lines


def test_exec_and_in_asm_agree(guest) -> None:
    machine = boot(guest, "sparc", "hello")
    lines = listen(machine, "exec,in_asm", 5000)
    begun = [line.split()[2] for line in lines if line.startswith("exec: ")]
    heads = [line.split()[4] for line in lines if " instructions at " in line]
    counts = [int(line.split()[1]) for line in lines if line.startswith("exec: ")]
    assert counts == sorted(counts) and counts[0] == 0
    assert set(begun) <= set(heads)
    assert lines[0].startswith("in_asm: ") and lines[1].startswith("in_asm: 00000000  ")


def test_cpu_shows_the_registers_at_each_block(guest) -> None:
    machine = boot(guest, "arm", "hello")
    lines = listen(machine, "cpu,exec", 2000)
    at = [i for i, line in enumerate(lines) if line.startswith("exec: ")][3]
    address = lines[at].split()[2]
    shown = " ".join(lines[at + 1 : at + 5])
    assert f"pc    {address}" in shown


def test_the_filter_limits_code_topics(guest) -> None:
    machine = boot(guest, "x86", "hello")
    start = machine.linear_pc
    every = listen(machine, "exec", 3000)
    machine = boot(guest, "x86", "hello")
    some = listen(machine, "exec", 3000, f"{start:#x}+1")
    assert 0 < len(some) < len(every) and set(some) <= set(every)
    assert all(f" {start:08x}" in line for line in some)


def test_irq_and_halt(guest) -> None:
    lines = listen(boot(guest, "sparc", "timers"), "irq,halt,int", 1_600_000)
    first = next(i for i, line in enumerate(lines) if line.startswith("halt: "))
    # The timer's line is a pulse; it woke the processor, which then took the interrupt.
    assert [line.split()[3:] for line in lines[first - 2 : first]] == [
        ["irqmp.6", "1"], ["irqmp.6", "0"],
    ]
    assert lines[first + 1].startswith("int: ") and "interrupt_level_" in lines[first + 1]


@pytest.mark.parametrize(("text", "ranges"), [
    ("0x1000..0x1fff", (range(0x1000, 0x2000),)),
    ("4096+16,0xffffffff-0x10", (range(4096, 4112), range(0xFFFFFFF0, 1 << 32))),
])
def test_ranges_are_written_as_in_qemu(text, ranges) -> None:
    assert topics.parse_filter(text) == ranges


@pytest.mark.parametrize("text", ["0x1000", "1..0", "5-9", "0xffffffff+2", "a..b", "1+0", ","])
def test_a_range_that_is_none_is_refused(text) -> None:
    with pytest.raises(topics.UnknownTopic):
        topics.parse_filter(text)


@pytest.mark.parametrize(("architecture", "kinds", "line"), [
    ("sparc", (0x01, 0x09), "data_access_exception at 40002338 <store_word> for 50000000"),
    ("arm", (3, 4), "data_abort at "),
    ("x86", (14,), "#PF at "),
])
def test_page_faults_have_their_address(guest, architecture, kinds, line) -> None:
    machine = boot(guest, architecture, "traps")
    lines = listen(machine, "mmu", 20_000_000)
    assert len(lines) == sum(machine.engine.native.traps[kind] for kind in kinds) > 10
    assert any(line in one for one in lines)
    plain = boot(guest, architecture, "traps")
    plain.run()
    assert machine.engine.count == plain.engine.count
