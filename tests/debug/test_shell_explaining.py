# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell's commands that explain, and every command of the table from a pipe."""

from __future__ import annotations

import re

import pytest
from shells import BOARDS, Talk

from vmm.debug.shell import table

ALL = pytest.mark.parametrize("board", BOARDS)


@ALL
def test_a_trap_is_shown_in_short_and_explained_in_full(board) -> None:
    talk = Talk(board, "traps")
    assert "no trap" not in talk.error("explain") and "trap" in talk.error("explain")
    short = talk.do("trap")
    full = talk.do("explain")
    assert short[0] == full[0] and re.search(r", after \d+ instructions$", short[0])
    assert short[-1].startswith("=> ") and len(short) < 8 < len(full)
    assert "Entry:" in full and "Changed:" in full
    talk.do("step")
    assert "not stopped at a trap" in talk.error("explain")


def test_the_walk_of_an_address() -> None:
    talk = Talk("leon3", "traps")
    assert "translation is off" in talk.text("walk main")
    talk.do("trap data_access_exception")
    explained = talk.text("explain")
    assert "Walk:" in explained
    lines = talk.do("walk main")
    assert lines[0].startswith("context table") and "=> physical address" in lines[-1]
    assert talk.do("walk main execute supervisor")[-1].startswith("=> physical address")
    listed = talk.do("pagetable")
    assert len(listed) > 1
    start = listed[0].partition("-")[0]
    assert talk.do(f"pagetable 0x{start}..0x{start}+0x1000")[0].startswith(start)
    assert "lunch" in talk.error("walk main lunch")
    assert "FROM..TO" in talk.error("pagetable main")
    assert "walk ADDRESS" in talk.error("walk")


def test_windows_and_mmu_of_sparc() -> None:
    talk = Talk("leon3")
    talk.do("until main")
    lines = talk.do("windows")
    psr, wim = (talk.machine.processor.registers[name] for name in ("psr", "wim"))
    assert lines[0] == f"WIM = {wim:02x}, CWP = {psr & 31}"
    assert len(lines) == 10
    assert talk.do("mmu")[0] == "mmu.control = 00000000"
    assert "sparc processors only" in Talk("virt").error("windows")


def test_cp15_of_arm() -> None:
    talk = Talk("virt")
    names = [line.split()[0] for line in talk.do("cp15") if not line.startswith(" ")]
    assert {"midr", "sctlr", "ttbr0", "vbar", "dacr"} <= set(names)
    value = talk.machine.processor.registers["sctlr"]
    assert talk.do("cp15 sctlr")[0] == f"sctlr = {value:08x}"
    assert "lunch" in talk.error("cp15 lunch")


def test_tables_of_x86() -> None:
    talk = Talk("pc", "traps")
    assert talk.do("idt")[0].startswith("IDTR: base ")
    talk.do("trap")
    vectors = [line[:2] for line in talk.do("idt")[1:]]
    assert vectors == [f"{n:02x}" for n in range(len(vectors))] and len(vectors) > 32
    assert any(" CS " in line for line in talk.do("gdt"))
    assert talk.do("gdt ldt")[0].startswith("LDTR: base ")
    assert talk.do("tss")[0].startswith("TR: selector 0038")
    assert "lunch" in talk.error("gdt lunch")


@ALL
def test_backtrace(board) -> None:
    talk = Talk(board, "traps")
    talk.do("until main")
    frames = talk.do("backtrace")
    assert re.match(r"#0 +[0-9a-f]{8} <main>  .*main\.c:\d+$", frames[0])
    assert talk.do("bt 1") == frames[:1]
    assert "1 or more" in talk.error("bt 0")


TOUR = """\
help trap
until main
trap {returning}
explain
trap return
trap
rtrap
step 2
rstep
next
goto 40
run to 60
rrun to 50
until main
trap {returning}
finish
break main
tbreak main
watch main
rwatch main
awatch main
breakpoints
disable
rcontinue
enable
delete
registers
print $pc
set {register} = 1
x/4xw main
xp/2xw 0x40
disassemble main
symbols main
write {memory} 1 2
assemble {memory} nop
backtrace
walk main
pagetable 0..0x1000
devices
device {device}
interrupts
events
ledger
counters
console
info
inject trap {trap}
intercept on {trap}
type hello
save SESSION
load SESSION
snapshot take here
python m.name
"""
OWN = {
    "leon3": ("windows", "mmu"), "virt": ("cp15",), "pc": ("idt", "gdt", "tss"),
}
WORDS = {
    "leon3": {"returning": "window_*", "register": "g1", "memory": "0x40100000", "device": "irqmp",
              "trap": "illegal_instruction"},
    "virt": {"returning": "svc", "register": "r1", "memory": "0x40100000",
             "device": "gic.distributor", "trap": "svc"},
    "pc": {"returning": "#DB", "register": "ebx", "memory": "0x300000", "device": "i8259-master",
           "trap": "#UD"},
}
ELSEWHERE = {"attach", "balloon", "code", "quit"}  # other tests have them


@ALL
def test_every_command_works_from_a_pipe_and_says_the_same_again(
    vmm_command, guest, board, tmp_path
) -> None:
    tour = TOUR.replace("SESSION", str(tmp_path / "session"))
    script = tour.format(**WORDS[board]) + "\n".join(OWN[board]) + "\nquit 3\n"
    if board == "leon3":
        script = script.replace("inject trap", "set psr.ET = 1\ninject trap")
    done = {table.find(line.split("/")[0].split()[0], BOARDS[board]).names[0]
            for line in script.splitlines()}
    there = {command.names[0] for command in table.available(BOARDS[board])}
    assert there - done == ELSEWHERE - {"quit"} & there
    options = ("-M", board, "-kernel", guest(f"{BOARDS[board]}/traps"), "-serial", "none")
    first = vmm_command("shell", *options, input=script.encode())
    assert (first.returncode, first.stderr) == (3, b"")
    assert b"\x1b" not in first.stdout
    again = vmm_command("shell", *options, input=script.encode())
    assert again.stdout == first.stdout
