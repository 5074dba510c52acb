# SPDX-License-Identifier: GPL-2.0-or-later
"""Board files that are wrong: file, line and key, one line, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.boards import Options, create, find
from vmm.boards.boardfile import BoardFileError, lines_of
from vmm.boards.options import BoardError
from vmm.machine.machine import Machine

BOARD = """\
description = "for tests"
[cpu]
architecture = "arm"
clock = 1_000_000
[memory.ram]
base = 0x1000_0000
size = "64K"
[device.gic]
type = "gicv2"
base = 0x2000_0000
interface = 0x2001_0000
[device.uart]
type = "pl011"
base = 0x3000_0000
irq = "gic:1"
console = true
"""


@pytest.fixture
def board(tmp_path: Path):
    """Build a machine from the text of a board file."""

    def build(text: str, **options: object) -> Machine:
        file = tmp_path / "board.toml"
        file.write_text(text, encoding="utf-8")
        kernel = tmp_path / "kernel.bin"
        kernel.write_bytes(bytes(16))
        find(str(file))
        return create(Options(str(file), kernel=kernel, **options))

    return build


def test_the_board_of_these_tests_is_right(board) -> None:
    machine = board(BOARD)
    assert machine.processor.pc == 0x10000000
    assert machine.bus.devices.find(0x30000000).device.name == "uart"
    assert machine.clock.hz == 1_000_000
    assert machine.bus.memory_at(0x1000FFFF) is not None
    assert machine.bus.memory_at(0x10010000) is None


def test_options_override_the_file(board) -> None:
    machine = board(BOARD, ram=1 << 20, cpu="cortex-a9")
    assert machine.bus.memory_at(0x100FFFFF) is not None
    assert machine.processor.model == "cortex-a9"


WRONG = [
    ("clock = 1_000_000", "clock = 0", "4: cpu.clock: 0 is not from 1 to 100,000,000,000"),
    ("clock = 1_000_000", "clock = 'fast'", "4: cpu.clock: wants a number"),
    ("clock = 1_000_000", "clock = true", "4: cpu.clock: wants a number"),
    ("clock = 1_000_000", "", "2: cpu: clock is missing"),
    ("clock = 1_000_000", "clock = 1\nturbo = 1", "5: cpu.turbo: is not known here"),
    ("clock = 1_000_000", "clock = 1\nmodel = 'z80'", "5: cpu.model: no ARM processor 'z80'"),
    ("clock = 1_000_000", "clock = 1\nstart = 'now'", "5: cpu.start: wants"),
    ('"arm"', '"vax"', "3: cpu.architecture: 'vax' is not one of: sparc, arm, x86"),
    ("clock = 1_000_000", "clokc = 1", "4: cpu.clokc: is not known here; is it clock, which is"),
    ("clock = 1_000_000", "clock = " + "9" * 5000, " a number of thousands of digits"),
    ("[cpu]", "[cpus]", "2: cpus: is not known here; known: description, cpu, memory, device"),
    ("[cpu]", "[cpu", "2: "),
    ("[memory.ram]", "[memory.ram]\nkind = 'tape'", "6: memory.ram.kind"),
    ("[memory.ram]", "[memory.ram]\nkind = 'rom'", "5: memory: a board needs RAM"),
    ("0x1000_0000", "0x1000_0100", "6: memory.ram.base: 0x10000100 is not a multiple"),
    ("0x1000_0000", "0xffff_f000", "7: memory.ram.size: "),
    ('"64K"', '"lots"', "7: memory.ram.size: 'lots': not an amount"),
    ('"64K"', "1000", "7: memory.ram.size: 1000: memory comes in whole pages"),
    ('"64K"', '"64K"\nimage = "none.bin"', "8: memory.ram.image: "),
    ('"64K"', '"64K"\n[memory.more]\nbase = 0x1000_f000\nsize = 4096',
     "9: memory.more.base: more at 0x1000f000 overlaps ram"),
    ('"gicv2"', '"gicv9"', "9: device.gic.type: no device type 'gicv9'; known: apbuart"),
    ('"gicv2"', '"irqmp"', "9: device.gic.type: needs a processor of architecture sparc"),
    ('"gicv2"', '"nowhere:Thing"', "9: device.gic.type: 'nowhere:Thing': ModuleNotFoundError"),
    ('"gicv2"', '"os:Thing"', "9: device.gic.type: 'os:Thing': AttributeError"),
    ('"gicv2"', '"os:sep"', "9: device.gic.type: 'os:sep': AttributeError: os:sep is not a class"),
    ('"gicv2"', '"builtins:repr"', "9: device.gic.type: what it made is no device"),
    ('"gicv2"', '"builtins:len"', "8: device.gic: cannot be built: TypeError"),
    ("interface = 0x2001_0000", "", "8: device.gic: interface is missing"),
    ("interface = 0x2001_0000", "interface = 0x2000_0000", "11: device.gic.interface: "),
    ("interface = 0x2001_0000", "interface = 0xffff_f000", "11: device.gic.interface: "),
    ("interface = 0x2001_0000", "interface = 0x1000_f000", "11: device.gic.interface: shares"),
    ("base = 0x3000_0000", "", "12: device.uart: wants an address"),
    ("base = 0x3000_0000", "port = 0x300", "14: device.uart.port: only x86 has ports"),
    ("base = 0x3000_0000", "base = 0x2000_0000", "14: device.uart.base: uart at 0x20000000 over"),
    ("base = 0x3000_0000", "base = 1_000_000_000_000", "14: device.uart.base: "),
    ('"gic:1"', '"gic"', "15: device.uart.irq: 'gic': a wire is written"),
    ('"gic:1"', '"gig:1"', "15: device.uart.irq: no device 'gig'; known: cpu, gic, uart"),
    ('"gic:1"', '"gic:999"', "15: device.uart.irq: gic has no input '999': inputs are 0 to 63"),
    ('"gic:1"', '"gic:\uff11"', "15: device.uart.irq: gic has no input"),
    ('"gic:1"', '"cpu:5"', "15: device.uart.irq: cpu has no input '5': a processor's pins are irq"),
    ('"gic:1"', '"uart:1"', "12: device.uart: is wired in a circle: uart -> uart"),
    ('"gic:1"', "5", "15: device.uart.irq: wants a text"),
    ("console = true", "console = 1", "16: device.uart.console: wants true or false"),
    ("console = true", "consol = true", "16: device.uart.consol: is not known here; known: "),
    ("console = true", 'console = true\n[device.b]\ntype="pl011"\nbase=0x30001000\nirq="gic:1"',
     "20: device.b.irq: gic:1 is wired to device.uart.irq already"),
    ("console = true", 'console = true\n[device.b]\ntype="pl011"\nbase=0x30001000\nconsole=true',
     "20: device.b.console: uart is the console already"),
    ("[device.uart]", "[devices.uart]", "12: devices: is not known here; known: "),
]


@pytest.mark.parametrize(("old", "new", "text"), WRONG, ids=lambda value: value[:40])
def test_mistakes_are_named_with_their_place(board, tmp_path, old, new, text) -> None:
    assert BOARD.count(old) == 1
    with pytest.raises(BoardFileError) as caught:
        board(BOARD.replace(old, new))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'board.toml'}:{text}"), message
    assert "\n" not in message


def test_a_byte_order_mark_is_no_mistake(board) -> None:
    assert board("\ufeff" + BOARD).clock.hz == 1_000_000


def test_an_initrd_is_refused(board, tmp_path) -> None:
    with pytest.raises(BoardError, match="gets no initrd"):
        board(BOARD, initrd=tmp_path / "board.toml")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('mode')", "sick.py:5: KeyError: 'mode' (device sick, read of 4 at"),
        ("return 'x'", "internal error: TypeError: "),
        ("return self.site.end('x')", "sick.py:5: TypeError: "),
    ],
)
def test_a_device_that_fails_is_named(vmm_command, tmp_path, body, said) -> None:
    (tmp_path / "sick.py").write_text(f"""\
class Sick:
    size = 4
    def __init__(self, site): self.site = site
    def read(self, offset, size):
        {body}
    def write(self, offset, size, value): pass
""")
    file, kernel = tmp_path / "board.toml", tmp_path / "kernel"
    file.write_text(BOARD + "[device.sick]\ntype = 'sick:Sick'\nbase = 0x4000_0000\n")
    kernel.write_bytes(bytes.fromhex("0101a0e3 000090e5"))  # mov r0, #0x40000000; ldr
    done = vmm_command("run", "-M", file, "-kernel", kernel, "--timeout", 1)
    line = done.stderr.decode()
    assert done.returncode == 125 and line.count("\n") == 1
    assert said in line and "device sick, read of 4 at 0x40000000" in line
    assert "VMM_DEBUG=1" in line


def test_the_command_reports_one_line_and_status_125(vmm_command, tmp_path) -> None:
    file = tmp_path / "board.toml"
    for text, named in ((BOARD.replace("pl011", "pl01"), ":13: device.uart.type"), ("[", ":1: ")):
        file.write_text(text)
        done = vmm_command("run", "-M", file, "-kernel", file)
        assert done.returncode == 125
        assert done.stderr.count(b"\n") == 1
        assert f"vmm: {file}{named}".encode() in done.stderr
    done = vmm_command("run", "-M", tmp_path / "none.toml", "-kernel", file)
    assert (done.returncode, done.stderr.count(b"\n")) == (125, 1)
    file.write_bytes(b"\xff\xfe")
    assert b"not text" in vmm_command("run", "-M", file, "-kernel", file).stderr


def test_lines_are_found_in_every_way_to_write_toml() -> None:
    text = '''a = 1
[ x . "y" ]  # comment
b.c = 2
"d e" = """
[not.a.table]
f = 3
"""
g = { h = 4 }
'''
    lines = lines_of(text)
    assert lines["a",] == 1 and lines["x", "y"] == 2 and lines["x", "y", "b", "c"] == 3
    assert lines["x", "y", "d e"] == 4 and lines["x", "y", "g"] == 8
    assert ("x", "y", "f") not in lines and ("not", "a", "table") not in lines


def test_entry_points_are_device_types(board, tmp_path, monkeypatch) -> None:
    site = tmp_path / "site"
    (site / "mine-1.dist-info").mkdir(parents=True)
    (site / "mine-1.dist-info" / "METADATA").write_text("Name: mine\nVersion: 1\n")
    (site / "mine-1.dist-info" / "entry_points.txt").write_text(
        "[vmm.devices]\nlamp = mine_lamp:Lamp\n")
    (site / "mine_lamp.py").write_text(
        "class Lamp:\n    size = 4\n    def __init__(self, site): self.on = site.number('on', 0)\n"
        "    def read(self, offset, size): return self.on\n"
        "    def write(self, offset, size, value): self.on = value\n")
    monkeypatch.syspath_prepend(str(site))
    machine = board(BOARD + '[device.l]\ntype = "lamp"\nbase = 0x40000000\non = 7\n')
    assert machine.bus.read(0x40000000, 4) == 7


def test_modules_of_one_name_beside_two_boards_are_two(tmp_path) -> None:
    values = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "same.py").write_text(
            f"class Lamp:\n    size = 4\n    def __init__(self, site): pass\n"
            f"    def read(self, offset, size): return {len(values)}\n"
            f"    def write(self, offset, size, value): pass\n")
        (folder / "board.toml").write_text(
            BOARD + '[device.l]\ntype = "same:Lamp"\nbase = 0x40000000\n')
        (folder / "kernel.bin").write_bytes(bytes(16))
        machine = create(Options(str(folder / "board.toml"), kernel=folder / "kernel.bin"))
        values.append(machine.bus.read(0x40000000, 4))
    assert values == [0, 1]


def test_rom_image_and_bios_start_at_reset(tmp_path) -> None:
    (tmp_path / "rom.bin").write_bytes(b"ROM!")
    (tmp_path / "other.bin").write_bytes(b"BIOS")
    (tmp_path / "board.toml").write_text(
        '[cpu]\narchitecture = "x86"\nclock = 1000\n[memory.ram]\nbase = 0\nsize = "64K"\n'
        '[memory.rom]\nbase = 0xffff_0000\nsize = "64K"\nkind = "rom"\nimage = "rom.bin"\n'
        'load = "end"\n')
    file = str(tmp_path / "board.toml")
    machine = create(Options(file))
    assert machine.bus.read_memory(0xFFFFFFFC, 4) == b"ROM!"
    assert machine.linear_pc == 0xFFFFFFF0
    machine = create(Options(file, bios=tmp_path / "other.bin"))
    assert machine.bus.read_memory(0xFFFFFFFC, 4) == b"BIOS"


def test_sparc_pins_request_the_highest_level(tmp_path) -> None:
    (tmp_path / "wires.py").write_text(
        "class Wires:\n    size = 16\n    def __init__(self, site): self.l = site.lines('irq', 2)\n"
        "    def read(self, offset, size): return 0\n"
        "    def write(self, offset, size, value): self.l[offset // 4].set(value)\n")
    (tmp_path / "board.toml").write_text(
        '[cpu]\narchitecture = "sparc"\nclock = 1000\n[memory.ram]\nbase = 0\nsize = "64K"\n'
        '[device.w]\ntype = "wires:Wires"\nbase = 0x80000000\nirq = ["cpu:3", "cpu:9"]\n')
    (tmp_path / "kernel.bin").write_bytes(bytes(16))
    machine = create(Options(str(tmp_path / "board.toml"), kernel=tmp_path / "kernel.bin"))
    requested = []
    machine.processor.request = requested.append
    for offset, value in ((0, 1), (4, 1), (0, 0), (4, 0)):
        machine.bus.write(0x80000000 + offset, 4, value)
    assert requested == [3, 9, 9, 0]
