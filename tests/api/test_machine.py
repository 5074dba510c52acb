# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's machine: conditions, memory, hooks, and what is refused."""

from __future__ import annotations

import json
import re

import pytest

import vmm
from vmm import (
    At,
    Ending,
    Instructions,
    Line,
    Machine,
    NotMemory,
    Seconds,
    Text,
    Unexpected,
)

BOARDS = [("leon3", "sparc"), ("virt", "arm"), ("pc", "x86")]
each_board = pytest.mark.parametrize(("board", "architecture"), BOARDS)


def test_package_exports_the_library_and_nothing_else() -> None:
    assert all(getattr(vmm, name).__name__ == name for name in vmm.__all__)
    assert set(vmm.__all__) <= set(dir(vmm))
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = vmm.nothing_such


@each_board
def test_counts_and_times_are_moments_since_reset(guest, board, architecture) -> None:
    with Machine(board, kernel=guest(f"{architecture}/hello")) as m:
        m.run(Instructions(1000))
        assert (m.count, m.reached) == (1000, Instructions(1000))
        m.run(Instructions(1000))
        assert m.count == 1000
        moment = Seconds(m.seconds + 20e-6 if board == "leon3" else m.seconds + 500e-9)
        m.run(moment)
        assert m.reached is moment
        assert m.seconds == pytest.approx(moment.seconds, abs=30e-9)
        m.step(3)
        before = m.count
        assert m.run(Seconds(0)).ending is Ending.STOPPED
        assert m.count == before


@each_board
def test_a_text_is_looked_for_behind_the_one_before(guest, board, architecture) -> None:
    with Machine(board, kernel=guest(f"{architecture}/hello")) as m:
        m.run("e")
        assert m.output.lower() == "he"
        m.run([Text(b"memory"), Text("l")])
        assert m.output.lower() == "hel"
        m.run("l")
        assert m.output.lower() == "hell"
        count = m.count
        assert m.run(until="memory").ending is Ending.STOPPED
        assert m.output.endswith("\nmemory")
        assert m.run("nowhere").ending is Ending.EXIT and m.reached is None
        assert m.count > count


def test_what_was_printed_before_the_call_counts_if_unmatched(guest) -> None:
    with Machine("virt", kernel=guest("arm/hello")) as m:
        m.run()
        count = m.count
        m.run("Hello")
        m.run("memory")
        assert (m.reached, m.count) == (Text("memory"), count)  # nothing ran


@each_board
def test_at_stops_before_and_goes_on(guest, board, architecture) -> None:
    with Machine(board, kernel=guest(f"{architecture}/hello")) as m:
        m.run(At("print"))
        first = m.count
        assert (m.pc, m.symbol(m.pc)) == (m.address("print"), "print")
        m.run([At("print"), Text("no such text")])
        assert m.count > first and m.reached == At("print")
        assert m.run().ending is Ending.EXIT


def test_limits_are_for_one_run(guest) -> None:
    with Machine("virt", kernel=guest("hostile/arm/spin")) as m:
        assert m.run(timeout=0.001).ending is Ending.TIME
        assert m.seconds == pytest.approx(0.001)
        assert m.run(timeout=0.001).ending is Ending.TIME
        assert m.seconds == pytest.approx(0.002)
        assert m.run(wall_timeout=0.01).text == "wall-clock limit of 0.01 s reached"
        m.run(Instructions(m.count + 50_000_000))  # no limit is left over
        assert isinstance(m.reached, Instructions)


@each_board
def test_hooks_change_nothing(guest, board, architecture) -> None:
    kernel = guest(f"{architecture}/traps")
    with Machine(board, kernel=kernel) as plain, Machine(board, kernel=kernel) as watched:
        seen: list[object] = []
        watched.on_trap()(seen.append)
        watched.on_access()(seen.append)
        watched.on_line()(seen.append)
        assert watched.run() == plain.run()
        assert watched.count == plain.count
        assert watched.output == plain.output
        assert watched.machine.engine.recent_traps() == plain.machine.engine.recent_traps()
        traps = [one for one in seen if isinstance(one, vmm.Trap)]
        counted = plain.statistics()["traps"]
        assert isinstance(counted, dict)
        assert {t.name for t in traps} >= counted.keys()
        exits = watched.statistics()["exits"]
        assert isinstance(exits, dict) and exits["hot_reads"] == 0
        assert sum(isinstance(one, vmm.Access) for one in seen) == sum(
            exits[f"{space}_{what}"] for space in ("mmio", "port") for what in ("reads", "writes")
        )
        lines = [one for one in seen if isinstance(one, str)]
        assert lines == plain.output.replace("\r", "").splitlines()


def test_access_hooks_see_device_address_and_value(guest) -> None:
    with Machine("pc", kernel=guest("x86/hello")) as m:
        written = bytearray()

        @m.on_access("uart16550")
        def access(one: vmm.Access) -> None:
            if one.write and one.address == 0x3F8 and one.port:
                written.append(one.value)

        m.run()
        assert m.output.encode() in bytes(written)


def test_an_error_in_a_hook_comes_out_of_run(guest) -> None:
    with Machine("leon3", kernel=guest("sparc/hello")) as m:
        @m.on_line()
        def line(text: str) -> None:
            raise LookupError(text)

        with pytest.raises(LookupError, match="hello from SPARC"):
            m.run()


def test_memory_by_both_kinds_of_addresses(guest) -> None:
    """The traps guest of x86 maps pages; a read over two pages goes through both translations."""
    with Machine("virt", kernel=guest("arm/hello")) as m:
        m.memory.write(0x40300FFE, b"abcd")
        assert m.physical.read(0x40300FFE, 4) == b"abcd"
        m.physical.write_int(0x40300FFC, 0x1234, 2)
        assert m.memory.read_int(0x40300FFC) == 0x62611234
        with pytest.raises(NotMemory, match="0x09000000 are not memory"):
            m.memory.read(0x09000000, 4)
        end = 0x40000000 + (128 << 20)
        with pytest.raises(NotMemory):
            m.memory.write(end - 2, b"abcd")
        assert m.memory.read(end - 2, 2) == bytes(2)  # nothing was written
        with pytest.raises(NotMemory, match="beyond"):
            m.physical.read(0xFFFFFFFF, 2)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"board": "toaster"}, "toaster"),
        ({"board": "leon3"}, "nothing to run"),
        ({"board": "leon3", "kernel": "/nowhere.elf"}, "/nowhere.elf"),
        ({"board": "leon3", "kernel": "x", "ram": "lots"}, "not an amount of memory"),
        ({"board": "leon3", "kernel": "x", "ram": 5000}, "whole pages"),
        ({"board": "leon3", "kernel": "x", "cpu": "z80"}, "z80"),
        ({"board": "virt", "kernel": "x", "properties": {"colour": "red"}}, "colour"),
    ],
)
def test_what_does_not_fit_is_a_value_error(arguments, text) -> None:
    with pytest.raises(ValueError, match=text):
        Machine(**arguments)


def test_names_that_do_not_exist_are_refused(guest) -> None:
    with Machine("leon3", kernel=guest("sparc/hello")) as m:
        with pytest.raises(KeyError, match="no symbol 'mian'"):
            m.run(At("mian"))
        with pytest.raises(ValueError, match="no trap 'lunch'"):
            m.on_trap("lunch")(lambda trap: None)
        with pytest.raises(ValueError, match=r"no device 'toaster'; known: .*apbuart"):
            m.on_access("toaster")(lambda access: None)
        with pytest.raises(TypeError, match="until=5"):
            m.run(5)
        with pytest.raises(ValueError, match="empty"):
            m.run("")
        with pytest.raises(KeyError, match="no register 'eax'"):
            _ = m.registers["eax"]
    with pytest.raises(ValueError, match="closed"):
        m.run()


def test_expect_returns_what_was_printed(guest) -> None:
    with Machine("virt", kernel=guest("arm/hello")) as m:
        assert m.expect("Hello") == "Hello"
        found = m.expect(re.compile(r"(\w+): (\d+) MiB"))
        assert found.groups() == ("memory", "128")
        assert m.output.endswith("\n") and isinstance(m.reached, Line)
        assert m.run().ending is Ending.EXIT


def test_lines_and_texts_are_used_up_in_the_order_of_their_ends(guest) -> None:
    with Machine("virt", kernel=guest("arm/hello")) as m:
        m.run()
        whole = Line(re.compile("Hello"))
        m.run([whole, Text("memory")])
        assert m.reached is whole
        m.run([Line(re.compile("memory")), Text("memory")])
        assert m.reached == Text("memory")
        m.run(Line(re.compile("^: 128 MiB")))  # the rest of that line
        assert isinstance(m.reached, Line)


def test_what_is_not_printed_is_an_assertion_error(guest) -> None:
    with Machine("virt", kernel=guest("arm/hello")) as m:
        with pytest.raises(Unexpected, match=r"expected 'login:'; got: limit of 2000 ins.*after"):
            m.expect("login:", instructions=2000)
        assert m.count == 2000
        with pytest.raises(Unexpected, match="got: virtual time limit of 1e-07 s"):
            m.expect("login:", timeout=1e-7)
        with pytest.raises(Unexpected, match=r"expected 'log.n'; got: the guest.*memory: 128"):
            m.expect(re.compile("log.n"))


@each_board
def test_the_ledger_counts_and_selects(guest, board, architecture) -> None:
    kernel = guest(f"{architecture}/traps")
    with Machine(board, kernel=kernel, ledger=True) as m, Machine(board, kernel=kernel) as plain:
        assert m.run() == plain.run()
        ledger = m.ledger
        assert ledger.counts() == plain.statistics()["traps"]
        assert len(ledger) == ledger.count() == ledger.counts().total()
        first = ledger[0]
        assert ledger.select(pc=first.pc)[0] == first
        assert first in ledger.select(first.name, before=first.count + 1)
        assert ledger.select(first.name, before=first.count) == []
        named = next(trap for trap in ledger if m.symbol(trap.pc))
        assert named in ledger.select(pc=m.symbol(named.pc).partition("+")[0])
        assert all(trap.count >= 5000 for trap in ledger.select(since=5000))
        with pytest.raises(ValueError, match="no trap 'lunch'"):
            ledger.count("lunch")
        with pytest.raises(ValueError, match="keeps no ledger"):
            _ = plain.ledger


def test_traces_begin_and_end_where_they_are_told_to(guest, tmp_path) -> None:
    with Machine("leon3", kernel=guest("sparc/hello")) as m:
        m.step(100)
        accesses = []
        m.on_access("apbuart")(accesses.append)
        with m.trace(f"jsonl:{tmp_path / 'x.jsonl'}", f"vcd:{tmp_path / 'x.vcd'}"):
            m.run("hello")
        traced = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
        before = len(accesses)
        m.run()
        assert traced[0]["count"] == 100 and traced[-1]["text"].startswith("the guest has printed")
        uart = [e for e in traced if e.get("device") == "apbuart" and "address" in e]
        assert len(uart) == before < len(accesses)  # the hook goes on
        with pytest.raises(ValueError, match="no format 'x'"):
            m.trace("x:y")


@each_board
def test_coverage_counts_every_instruction(guest, board, architecture) -> None:
    kernel = guest(f"{architecture}/hello")
    with Machine(board, kernel=kernel, coverage=True) as m, Machine(board, kernel=kernel) as plain:
        assert m.run() == plain.run()
        assert m.count == plain.count == sum(m.coverage.counts().values())
        assert m.coverage.count("main") == 1 and m.coverage.count(m.address("main")) == 1
        lines = m.coverage.lines(f"{architecture}/hello/main.c")
        assert 1 in lines.values() and len(set(lines.values())) > 1
        with pytest.raises(KeyError, match=r"no source file 'nothing\.c'"):
            m.coverage.lines("nothing.c")
        with pytest.raises(KeyError, match="no symbol 'mian'"):
            m.coverage.count("mian")
        with pytest.raises(ValueError, match="counts no instructions"):
            _ = plain.coverage


@each_board
def test_a_snapshot_is_a_moment_to_go_back_to(guest, board, architecture) -> None:
    with Machine(board, kernel=guest(f"{architecture}/hello")) as m:
        m.run("e")
        moment, count = m.snapshot(), m.count
        m.run()
        end = (m.count, m.output, m.registers.snapshot())
        m.restore(moment)
        assert (m.count, m.outcome) == (count, None)
        m.run("l")  # what was printed before the snapshot is still used up
        assert m.output.lower() == "hel"
        m.run()
        assert (m.count, m.output, m.registers.snapshot()) == end


@pytest.mark.parametrize(
    ("limit", "value"),
    [("timeout", -1), ("timeout", float("nan")), ("timeout", float("inf")), ("instructions", -1),
     ("wall_timeout", -0.5)],
)
def test_limits_that_are_none_are_refused(guest, limit, value) -> None:
    with Machine("virt", kernel=guest("arm/hello")) as m:
        with pytest.raises(ValueError, match=f"^{limit}={value}: a limit is a number from 0 on$"):
            m.run(**{limit: value})
        with pytest.raises(ValueError, match="count=-1"):
            m.step(-1)
        assert m.count == 0
        assert m.run().status == 0


def test_a_hook_can_neither_run_nor_close_the_machine(guest) -> None:
    with Machine("virt", kernel=guest("arm/hello")) as m:
        refused = []

        @m.on_line()
        def line(text: str) -> None:
            for call in (m.run, m.step, m.close):
                with pytest.raises(ValueError, match=r"a hook cannot (run|close) the machine"):
                    call()
                refused.append(call)

        assert m.run().status == 0
        assert len(refused) == 3 * m.output.count("\n")
    m.close()  # closing twice is no mistake
    with pytest.raises(ValueError, match="this machine is closed"):
        m.run()
