# SPDX-License-Identifier: GPL-2.0-or-later
"""Pre-virtualization: patched guests do what bare ones do; wrong notes are refused."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import GUESTS, Seen, bare, virtual, watch

from vmm import Instructions, Machine
from vmm.boards import Options, create
from vmm.machine.sites import OWNER, SITE, read_sites
from vmm.monitor import Monitor, MonitorError, virtualize

TOP = Path(__file__).parents[2]
sys.path.append(str(TOP / "tests" / "toolchain"))
from assembly import build_guest  # noqa: E402

INLINE = {"cli", "sti", "pushf", "popf", "read_cr"}


def run(board: str, kernel: Path, technique: str | None, **options: object) -> tuple[Seen, Monitor]:
    """A guest's file, bare if ``technique`` is None."""
    machine = create(Options(board=board, kernel=kernel))
    monitor = virtualize(machine, technique, **options) if technique else None
    return watch(machine), monitor  # type: ignore[return-value]


def own_guest(architecture: str, name: str, folder: Path) -> Path:
    """One of the guests beside this test, annotated."""
    return build_guest(architecture, name, folder, Path(__file__).parent / "guests" / name)


def test_nucleus_is_the_same_with_its_interrupt_flag_in_the_wedge() -> None:
    """Instructions are others, so preemption comes elsewhere; nothing of it is printed."""
    seen, monitor = virtual("pc", "x86/nucleus-previrt-quick", "previrt")
    original = bare("pc", "x86/nucleus-quick")
    assert (seen.console, seen.outcome) == (original.console, original.outcome)
    technique = monitor.technique
    assert set(technique.patched) == INLINE and technique.patched.total() > 50
    # What is left when flags and control registers are read in the wedge exits for memory.
    assert monitor.counters.total < seen.instructions / 1000


def test_without_a_wedge_or_inlining_all_sites_are_done_where_they_stand() -> None:
    """Then each instruction is one of the guest's: even the ledger is the bare one."""
    seen, monitor = virtual("pc", "x86/nucleus-previrt-quick", "previrt", inline=False)
    assert seen == bare("pc", "x86/nucleus-previrt-quick")
    assert not monitor.technique.patched


@pytest.mark.parametrize(("board", "architecture"), [("leon3", "sparc"), ("virt", "arm")])
def test_nucleus_is_the_same_in_every_trap_where_nothing_is_inlined(board, architecture) -> None:
    guest = f"{architecture}/nucleus-previrt-quick"
    seen, monitor = virtual(board, guest, "previrt")
    assert seen == bare(board, guest)
    assert seen.console == bare(board, f"{architecture}/nucleus-quick").console
    assert monitor.technique.direct.total() > 100


def test_a_sparc_guest_is_the_same_in_every_trap(tmp_path) -> None:
    kernel = build_guest("sparc", "traps", tmp_path)
    seen, monitor = run("leon3", kernel, "previrt")
    assert seen == run("leon3", kernel, None)[0]
    assert monitor.technique.direct["write_psr"] > 20


@pytest.mark.parametrize("inline", [True, False])
def test_patched_instructions_leave_all_registers_and_flags_right(tmp_path, inline) -> None:
    kernel = own_guest("x86", "flags_x86", tmp_path)
    seen, monitor = run("pc", kernel, "previrt", inline=inline)
    original, _ = run("pc", kernel, None)
    assert seen.console.count(b"trial") == 10
    assert (seen.console, seen.outcome) == (original.console, original.outcome)
    assert set(monitor.technique.patched) == (INLINE if inline else set())


def test_what_a_guest_spoils_is_its_own(tmp_path) -> None:
    """Every word of the VCPU page, then the code: a crash of that guest, at its own instruction."""
    kernel = own_guest("x86", "spoiler_x86", tmp_path)
    seen, _ = run("pc", kernel, "previrt")
    assert seen.console == b"the page is spoilt\nthe wedge is spoilt\n"
    assert "triple fault" in seen.outcome.text
    assert run("pc", kernel, None)[0].console.endswith(b"not the monitor\n")


@pytest.mark.parametrize(("board", "guest", "technique"), [
    ("pc", "x86/nucleus-previrt-quick", "previrt"), ("pc", "x86/nucleus-para-quick", "para"),
    ("virt", "arm/nucleus-previrt-quick", "previrt"),
    ("leon3", "sparc/nucleus-previrt-quick", "previrt")])
def test_a_snapshot_goes_on_as_the_run_did(board, guest, technique) -> None:
    """The VCPU page is in the guest's memory, and comes back with it."""
    with Machine(board, kernel=GUESTS / f"{guest}.elf") as m:
        virtualize(m.machine, technique)
        m.run(Instructions(2_500_000))
        snapshot = m.snapshot()
        m.run()
        end = m.output, m.count
        m.restore(snapshot)
        m.run()
        assert (m.output, m.count) == end


# -- notes that lie -------------------------------------------------------------------------


def notes(data: bytes) -> list[int]:
    """File offsets of the descriptors of site notes in an ELF file."""
    header = struct.pack("<3I", len(OWNER), 0, SITE)
    found, at = [], 0
    while (at := data.find(header[:4], at)) >= 0:
        if data[at + 8 : at + 12] == header[8:] and data[at + 12 : at + 16] == OWNER:
            found.append(at + 16)
        at += 4
    return found


def edited(data: bytes, at: int, field: str, value: int) -> bytes:
    """With a number of the descriptor at ``at`` changed."""
    offset, code = {"address": (0, "<I"), "length": (4, "<B"), "padded": (5, "<B"),
                    "kind": (6, "<B"), "code": (8, "<B")}[field]
    new = bytearray(data)
    struct.pack_into(code, new, at + offset, value)
    return bytes(new)


LIES: list[tuple[str, Callable[[bytes, list[int]], bytes]]] = [
    ("not in loaded code", lambda d, n: edited(d, n[0], "address", 0x70000000)),
    ("not in loaded code", lambda d, n: edited(d, n[0], "address", 0xFFFFFFFE)),
    ("overlaps", lambda d, n: edited(
        d, n[1], "address", struct.unpack_from("<I", d, n[0])[0] + 1)),
    ("padding is no padding", lambda d, n: edited(
        d, n[0], "address", struct.unpack_from("<I", d, n[0])[0] - 1)),
    ("but there is", lambda d, n: edited(d, n[0], "kind", 2 + (d[n[0] + 6] == 2))),
    ("no x86 instruction has kind 250", lambda d, n: edited(d, n[0], "kind", 250)),
    ("bytes in a site of", lambda d, n: edited(d, n[0], "padded", 0)),
    ("bytes in a site of", lambda d, n: edited(d, n[0], "length", 0)),
    ("not the instruction", lambda d, n: edited(d, n[0], "code", 0xF4 ^ (d[n[0] + 8] == 0xF4))),
]


@pytest.mark.parametrize(("words", "lie"), LIES)
def test_a_note_that_lies_is_refused_in_one_line(tmp_path, words, lie) -> None:
    data = (GUESTS / "x86" / "nucleus-previrt.elf").read_bytes()
    found = notes(data)
    assert len(found) == len(read_sites(data, "x86"))
    kernel = tmp_path / "liar.elf"
    kernel.write_bytes(lie(data, found))
    machine = create(Options(board="pc", kernel=kernel))
    with pytest.raises(MonitorError) as refused:
        virtualize(machine, "previrt")
    message = str(refused.value)
    assert message.startswith(f"{kernel}: ") and "\n" not in message
    assert words in message


def test_a_guest_without_notes_is_refused() -> None:
    machine = create(Options(board="pc", kernel=GUESTS / "x86" / "hello.elf"))
    with pytest.raises(MonitorError, match="toolchain/afterburn"):
        virtualize(machine, "previrt")
