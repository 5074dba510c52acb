# SPDX-License-Identifier: GPL-2.0-or-later
"""What the gdb server answers, packet by packet."""

from __future__ import annotations

import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vmm.boards import Options, create
from vmm.debug.gdb.framing import LIMIT
from vmm.debug.gdb.stub import Stub
from vmm.debug.session import Session
from vmm.debug.shell import run_command
from vmm.machine.guest_memory import read_virtual

BOARDS = [("leon3", "sparc"), ("virt", "arm"), ("pc", "x86")]
each_board = pytest.mark.parametrize(("board", "architecture"), BOARDS)
STACK = {"sparc": "o6", "arm": "r13", "x86": "esp"}
DEVICES = {"leon3": 0x80000100, "virt": 0x09000000, "pc": 0xE0000000}


class Gdb:
    """A stub of a fresh machine, and what it sent by itself."""

    def __init__(self, board: str, kernel: Path) -> None:
        self.machine = create(Options(board, kernel=kernel))
        self.session = Session(self.machine)
        self.sent: list[bytes] = []
        self.stub = Stub(self.session, self.sent.append, self.monitor)

    def monitor(self, line: str) -> list[str]:
        return run_command(self.session, line)

    def __call__(self, packet: str | bytes) -> str:
        reply = self.stub.handle(packet.encode() if isinstance(packet, str) else packet)
        assert reply is not None
        return reply.decode("ascii")

    def document(self, kind: str, annex: str) -> ElementTree.Element:
        """A document, read in pieces."""
        text = ""
        while True:
            piece = self(f"qXfer:{kind}:read:{annex}:{len(text):x},101")
            text += piece[1:]
            if piece[0] == "l":
                return ElementTree.fromstring(text)
            assert piece[0] == "m" and len(piece) == 1 + 0x101

    def address(self, name: str) -> int:
        symbol = self.machine.symbols.find(name)
        assert symbol is not None
        return symbol.address

    def to_main(self) -> int:
        main = self.address("main")
        assert self(f"Z0,{main:x},4") == "OK"
        assert "swbreak:;" in self("c")
        assert self(f"z0,{main:x},4") == "OK"
        return main

    def count(self) -> int:
        return self.machine.engine.count


@pytest.fixture
def gdb(guest) -> Gdb:
    return Gdb("virt", guest("arm/hello"))


@each_board
def test_the_description_has_every_register_once_with_its_size(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    gdb.to_main()
    target = gdb.document("features", "target.xml")
    registers = target.findall("feature/reg")
    names = [register.get("name") for register in registers]
    assert len(set(names)) == len(names)
    assert [int(r.get("regnum", "")) for r in registers] == list(range(len(registers)))
    types = {one.get("id") for tag in ("flags", "vector", "union")
             for one in target.findall(f"feature/{tag}")}
    for number, register in enumerate(registers):
        value = gdb(f"p{number:x}")
        assert len(value) == 2 * int(register.get("bitsize", "")) // 8
        kind = register.get("type", "")
        assert kind in types or kind.startswith(("uint", "int", "ieee", "i387", "code", "data"))
    assert gdb(f"p{len(registers):x}") == "E01"
    assert gdb("g") == "".join(
        gdb(f"p{number:x}") for number in range(gdb.stub._target.general))
    wanted = {"sparc": {"psr", "wim", "tbr", "mmu_control"}, "arm": {"cpsr", "sctlr", "spsr_irq"},
              "x86": {"cr0", "gdtr_base", "cs_limit", "xmm0"}}
    assert wanted[architecture] <= set(names)


@each_board
def test_registers_are_in_the_targets_byte_order(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    assert gdb("P1=11223344") == "OK"
    order = {"sparc": "big", "arm": "little", "x86": "little"}[architecture]
    name = {"sparc": "g1", "arm": "r1", "x86": "ecx"}[architecture]
    expected = int.from_bytes(b"\x11\x22\x33\x44", order)  # type: ignore[arg-type]
    assert gdb.machine.processor.registers[name] == expected
    assert gdb("p1") == "11223344"
    values = gdb("g")
    changed = "55" * 4 + values[8:]
    assert gdb(f"G{changed}") == "OK"
    assert gdb("g") == changed or architecture == "sparc"  # %g0 stays what it is
    assert gdb(f"G{changed}00") == gdb("G55") == gdb("P1=1122") == gdb("P1") == "E01"


def test_a_mode_that_does_not_exist_is_refused(gdb) -> None:
    cpsr = 16
    assert gdb(f"P{cpsr:x}=00000000") == "E01"
    assert gdb(f"P{cpsr:x}=d3010000") == "OK"


def test_in_segments_with_a_base_the_pc_is_linear(guest) -> None:
    gdb = Gdb("pc", guest("x86/hello"))
    eip = 8
    assert gdb(f"p{eip:x}") == "f0ffffff"  # the reset vector, FFFF0000 + FFF0
    assert gdb(f"P{eip:x}=e0ffffff") == "OK"
    assert gdb.machine.processor.registers["eip"] == 0xFFE0


@each_board
def test_memory(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    main = gdb.to_main()
    code = read_virtual(gdb.machine, main, 64)
    assert code is not None
    assert gdb(f"m{main:x},40") == code.hex()
    assert gdb(f"M{main:x},2:beef") == "OK"
    assert gdb(b"X%x,3:\x00#" % main) == "E01"
    assert gdb(b"X%x,2:\x00#" % main) == "OK"
    assert gdb(f"m{main:x},4") == (b"\x00#" + code[2:4]).hex()
    assert gdb(f"X{main:x},0:") == "OK"


@each_board
def test_device_registers_are_not_read_by_the_debugger(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    reads = []
    gdb.machine.engine.handlers.read = lambda *access: reads.append(access) or 0
    device = DEVICES[board]
    assert gdb(f"m{device:x},4") == gdb(f"M{device:x},1:00") == "E0e"
    assert gdb(f"qCRC:{device:x},4") == "E0e"
    assert not reads


def test_memory_ends_where_it_ends(gdb) -> None:
    ram = next(m for m in gdb.machine.bus.memory if not m.rom and m.base == 0x40000000)
    end = ram.base + ram.size
    assert len(gdb(f"m{end - 16:x},40")) == 32
    assert gdb(f"m{end:x},1") == "E0e"
    assert gdb(f"M{end - 1:x},2:0000") == "E0e"
    assert gdb(f"m{ram.base:x},ffffffffffff") == gdb(f"m{ram.base:x},{LIMIT:x}")
    for nowhere in ("100000000,1", "ffffffffffffffff,1"):
        assert gdb(f"m{nowhere}") == "E0e"
    assert gdb("m,1") == gdb("m0") == gdb("m0,") == gdb("m-1,1") == gdb("m0x10,1") == "E01"
    assert gdb("m11111111111111111,1") == "E01"


def test_the_checksum_of_memory(gdb) -> None:
    main = gdb.to_main()
    data = read_virtual(gdb.machine, main, 100)
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    assert gdb(f"qCRC:{main:x},64") == f"C{value:x}"
    assert value != zlib.crc32(data)


@each_board
def test_the_memory_map_has_no_holes(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    areas = [(m.get("type"), int(m.get("start", ""), 16), int(m.get("length", ""), 16))
             for m in gdb.document("memory-map", "").findall("memory")]
    at = 0
    for _, start, length in areas:
        assert start == at and length > 0
        at = start + length
    assert at == 1 << 32
    for memory in gdb.machine.bus.memory:
        assert any(kind == ("rom" if memory.rom else "ram") and start <= memory.base < start + n
                   for kind, start, n in areas)


def test_steps_and_where_they_lead(gdb) -> None:
    main = gdb.to_main()
    count = gdb.count()
    reply = gdb("vCont;s:1;c")
    assert reply.startswith("T05") and reply.endswith("thread:1;")
    assert (gdb.count(), gdb.machine.linear_pc) == (count + 1, main + 4)
    assert gdb("s").startswith("T05")
    assert gdb.count() == count + 2


def test_a_step_out_of_a_range(gdb) -> None:
    main = gdb.to_main()
    gdb(f"vCont;r{main:x},{main + 12:x}:1")
    assert not main <= gdb.machine.linear_pc < main + 12
    assert gdb("vCont;r1:1") == gdb("vCont;r,:1") == "E01"


def test_a_breakpoint_inside_a_range_stops_the_step(gdb) -> None:
    main = gdb.to_main()
    gdb(f"Z1,{main + 4:x},4")
    gdb(f"vCont;r{main:x},{main + 16:x}:1")
    assert gdb.machine.linear_pc == main + 4


@each_board
def test_watchpoints_say_what_was_touched(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    gdb.to_main()
    stack = gdb.machine.processor.registers[STACK[architecture]]
    low = stack - 0x100
    assert gdb(f"Z2,{low:x},100") == "OK"
    assert gdb(f"Z2,{low:x},100") == "OK"  # again: the same one
    before = read_virtual(gdb.machine, low, 0x100)
    reply = gdb("c")
    assert "watch:" in reply and "rwatch" not in reply
    touched = int(reply.partition("watch:")[2].partition(";")[0], 16)
    assert low <= touched < stack
    if architecture == "arm":  # gdb wants to see the store not yet made
        assert read_virtual(gdb.machine, low, 0x100) == before
        gdb(f"z2,{low:x},100")
        gdb("s")
        gdb(f"Z2,{low:x},100")
    assert read_virtual(gdb.machine, low, 0x100) != before
    assert gdb(f"z2,{low:x},100") == "OK"
    assert "replaylog:end" in gdb("c")


@each_board
def test_backwards_to_a_breakpoint_and_step_by_step(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    main = gdb.to_main()
    count, values = gdb.count(), gdb("g")
    for _ in range(10):
        gdb("s")
    after = gdb("g")
    for left in reversed(range(10)):
        assert gdb("bs").startswith("T05")
        assert gdb.count() == count + left
    assert gdb("g") == values
    for _ in range(10):
        gdb("s")
    assert gdb("g") == after
    gdb(f"Z0,{main:x},4")
    assert "swbreak:;" in gdb("bc")
    assert gdb.count() == count
    gdb(f"z0,{main:x},4")
    assert "replaylog:begin;" in gdb("bc")
    assert gdb.count() == 0


@each_board
def test_backwards_to_where_a_watched_store_is_yet_to_come(guest, board, architecture) -> None:
    gdb = Gdb(board, guest(f"{architecture}/hello"))
    gdb.to_main()
    stack = gdb.machine.processor.registers[STACK[architecture]]
    low = stack - 0x100
    before = read_virtual(gdb.machine, low, 0x100)
    gdb(f"Z2,{low:x},100")
    assert "watch:" in gdb("c")
    if architecture == "arm":
        gdb(f"z2,{low:x},100")
        gdb("s")
        gdb(f"Z2,{low:x},100")
    count = gdb.count()
    assert read_virtual(gdb.machine, low, 0x100) != before
    assert "watch:" in gdb("bc")
    assert gdb.count() < count
    assert read_virtual(gdb.machine, low, 0x100) == before
    assert "watch:" in gdb("c")  # a continue from there meets it anew


def test_the_guests_end_can_be_left_backwards(guest) -> None:
    gdb = Gdb("virt", guest("arm/hello"))
    assert "replaylog:end;" in gdb("c")
    end = gdb.count()
    assert gdb("bs").startswith("T05")
    assert gdb.count() == end - 1
    assert "replaylog:end;" in gdb("c")
    assert gdb("c") == "W00"


def test_a_change_begins_another_future(gdb) -> None:
    gdb.to_main()
    count = gdb.count()
    assert gdb("P4=78563412") == "OK"
    for _ in range(3):
        gdb("s")
    for _ in range(3):
        gdb("bs")
    assert gdb.count() == count
    assert gdb("p4") == "78563412"


def test_points_that_make_no_sense(gdb) -> None:
    assert gdb("Z9,0,4") == gdb("Z5,0,4") == ""
    for bad in ("Z0", "Z0,", "Z0,0", "Z0,x,4", "Z2,0,0", "Z2,ffffffff,2", "Z0,100000000,4",
                "Z2,0,100000001"):
        assert gdb(bad) == "E01"
    assert gdb("z0,1234,4") == "OK"  # not set: nothing to remove


def test_more_points_than_anybody_needs_are_refused(gdb) -> None:
    replies = {gdb(f"Z0,{address:x},4") for address in range(0, 4 * 5000, 4)}
    assert replies == {"OK", "E01"}
    gdb.stub.points.clear()
    assert len(gdb.session.breakpoints) == 0


def test_the_guests_end_can_be_looked_at_and_then_is_the_exit(guest) -> None:
    gdb = Gdb("pc", guest("x86/hello"))
    assert "replaylog:end;" in gdb("c")
    assert b"with status 1" in bytes.fromhex(gdb.sent[0][1:].decode())
    assert gdb("m100000,4") != "E0e"
    assert gdb("c") == gdb("vCont;s:1") == "W01"


def test_the_processor_is_the_one_thread(gdb) -> None:
    assert (gdb("qfThreadInfo"), gdb("qsThreadInfo"), gdb("qC")) == ("m1", "l", "QC1")
    assert gdb("Hg1") == gdb("Hc-1") == gdb("Hg0") == gdb("T1") == "OK"
    assert gdb("Hg2") == gdb("T2") == gdb("Hx1") == gdb("H") == "E01"
    assert bytes.fromhex(gdb("qThreadExtraInfo,1")) == b"CPU 0 cortex-a15 of virt"


def test_what_is_supported(gdb) -> None:
    supported = gdb("qSupported:multiprocess+;swbreak+").split(";")
    assert {"ReverseStep+", "ReverseContinue+", "qXfer:features:read+", "QStartNoAckMode+",
            f"PacketSize={LIMIT:x}"} <= set(supported)
    assert gdb("b") == gdb("bx") == ""
    assert gdb("vCont?") == "vCont;c;C;s;S;r"
    assert gdb("vMustReplyEmpty") == gdb("qUnknown") == gdb("!") == gdb("") == gdb("~") == ""
    assert gdb("qAttached") == "1"
    assert gdb("?").startswith("T05")
    assert gdb("QStartNoAckMode") == "OK"


def test_monitor_commands(gdb) -> None:
    def monitor(line: str) -> str:
        gdb.sent.clear()
        assert gdb("qRcmd," + line.encode().hex()) == "OK"
        return b"".join(bytes.fromhex(packet[1:].decode()) for packet in gdb.sent).decode()

    assert "trap, t" in monitor("help")
    assert "0 instructions, 0 traps" in monitor("info")
    assert monitor("registers cpsr").startswith("cpsr = 000001d3\n")
    assert monitor("frob") == "error: no command 'frob'; help lists them\n"
    assert monitor("python 1").startswith("error: python is not for gdb's monitor")
    assert monitor("break main") and "main" in monitor("run")
    assert gdb.machine.linear_pc == gdb.address("main")
    assert gdb("qRcmd,6") == gdb("qRcmd,zz") == "E01"


def test_documents_are_read_inside_their_bounds(gdb) -> None:
    assert gdb("qXfer:features:read:target.xml:ffffff,10") == "l"
    assert gdb("qXfer:features:read:../../etc/passwd:0,10") == "E00"
    assert gdb("qXfer:features:read:target.xml:0") == "E01"
    assert gdb("qXfer:auxv:read::0,10") == gdb("qXfer:features:write:target.xml:0:00") == ""


def test_the_debugger_goes(gdb) -> None:
    assert gdb("D") == "OK" and gdb.stub.detached
    assert gdb.stub.handle(b"k") is None and gdb.stub.killed
