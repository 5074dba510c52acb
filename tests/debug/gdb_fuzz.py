# SPDX-License-Identifier: GPL-2.0-or-later
"""Throws damaged and malicious packets at a gdb server, over a real connection.

    .venv/bin/python tests/debug/gdb_fuzz.py --packets 100000 --seed 1

The same seed throws the same packets.  The server must survive each of them,
answer only in forms that the protocol has, and answer reads of memory with
what the guest's memory holds and nothing else.
"""

from __future__ import annotations

import argparse
import random
import re
import select
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from vmm.boards import Options, create
from vmm.debug.gdb import GdbServer, listen, parse
from vmm.debug.gdb import link as link_module
from vmm.debug.gdb import server as server_module
from vmm.debug.gdb.framing import Damaged, Reader, encode
from vmm.debug.session import Session
from vmm.machine import machine as machine_module
from vmm.machine.guest_memory import read_virtual

GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
BOARDS = (("leon3", "sparc"), ("virt", "arm"), ("pc", "x86"))
BATCH = 6  # packets sent before the replies are looked at: they must fit into a socket
MOST_PRESSED = 50  # Ctrl-C that nobody has read: more would fill the socket
LOOK = 2000  # instructions between the guest's looks outside: Ctrl-C comes soon
FORMS = re.compile(
    rb"|OK|E[0-9a-f]{2}|QC1|m1|l|vCont;c;C;s;S;r|PacketSize=[^\0]*|C[0-9a-f]{1,8}|1"
    rb"|O?(?:[0-9a-f]{2})*|T[0-9a-f]{2}(?:[0-9a-z]+:[0-9a-f]*;|replaylog:(?:begin|end);)*"
    rb"|[WX][0-9a-f]{2}|[ml]<?.*", re.DOTALL,
)
HEADS = (
    b"?", b"!", b"g", b"G", b"p", b"P", b"m", b"M", b"X", b"c", b"C05", b"s", b"S05", b"bs", b"bc",
    b"b", b"H", b"T", b"D", b"z", b"Z", b"qSupported", b"qXfer:features:read:", b"qXfer:memory-map",
    b"qXfer:features:read:target.xml:", b"qC", b"qfThreadInfo", b"qThreadExtraInfo,", b"qRcmd,",
    b"qCRC:", b"qAttached", b"qSymbol::", b"QStartNoAckMode", b"vCont?", b"vCont;", b"vCont;r",
    b"vMustReplyEmpty", b"vKill;1", b"k", b"R", b"Z0,", b"Z1,", b"Z2,", b"Z3,", b"Z4,", b"z2,",
    b"vRun;", b"vAttach;", b"qSearch:memory:", b"qOffsets", b"QPassSignals:", b"x",
)
ENDS = (b"D", b"k", b"vKill;1")  # they end a session: not too often
NUMBERS = (b"0", b"1", b"4", b"ff", b"fff", b"1000", b"40000000", b"40200000", b"80000000",
           b"100000", b"7fffffff", b"ffffffff", b"100000000", b"ffffffffffffffff", b"-1", b"0x10",
           b"", b"zz", b"00000000000000000000001", b"9000000", b"f0", b"1e", b"20", b"\xd9\xa1")
MARKS = (b",", b":", b";", b"=", b"", b",,", b":::", b"#", b"$", b"}", b"*", b"\x00", b"\x03")
LINES = (
    "help", "info", "registers", "registers pc nil", "nil", "", "trap", "\0\n", "ledger",
    "print pc", "x/4xw pc", "disassemble", "devices", "interrupts", "break main",
    "watch 0x40200000", "python 1", "rstep", "quit", "walk 0", "console", "x/64xb 0",
    "print 1/0", "step -1",
)
WORDS = tuple(line.encode().hex().encode() for line in LINES)


def payload(dice: random.Random) -> bytes:
    """A packet that is nearly right, or not at all."""
    if dice.random() < 0.1:
        return dice.randbytes(dice.randrange(80))
    text = dice.choice(HEADS)
    if text in ENDS and dice.random() < 0.7:
        text = b"m"
    for _ in range(dice.randrange(4)):
        text += dice.choice((dice.choice(NUMBERS), dice.choice(WORDS)))
        text += dice.choice((b",", b",", b":", dice.choice(MARKS)))
    data = dice.randbytes(dice.randrange(8)).hex().encode()
    text += dice.choice((b"", dice.choice(NUMBERS), data))
    if dice.random() < 0.02:
        text += dice.randbytes(1) * dice.randrange(40_000)
    return mutated(text, dice) if dice.random() < 0.3 else text


def mutated(text: bytes, dice: random.Random) -> bytes:
    """``text`` with some bytes changed, lost or doubled."""
    data = bytearray(text)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(3):
            case 0:
                data[at:at] = dice.randbytes(1)
            case 1:
                del data[at : at + 1]
            case 2:
                data[at : at + 1] = data[at : at + 1] * 2
    return bytes(data)


def framed(text: bytes, dice: random.Random) -> bytes:
    """A packet on the wire: whole, with its parts wrong, or with noise around it."""
    chance = dice.random()
    if chance < 0.75:
        return encode(text)
    if chance < 0.85:
        return b"$" + text + b"#" + dice.randbytes(2)
    if chance < 0.95:
        return mutated(encode(text), dice)
    return dice.choice((b"+", b"-", b"\x03", b"$", b"#", b"---", dice.randbytes(20)))


class Fuzzer:
    """A client whose packets are bad, and a server that has to bear it."""

    def __init__(self, board: str, kernel: Path, packets: int, seed: int, folder: str) -> None:
        self.dice = random.Random(f"{board} {seed}")
        self.left = packets
        self.answered = self.read_back = self.ends = 0
        self._board, self._kernel, self._path = board, kernel, f"{folder}/{board}"
        self._client: socket.socket | None = None
        self._reader = Reader()
        self._last = b""
        self._idles = self._pressed = 0
        self._asked: int | None = None  # an address whose content is asked for

    def run(self) -> None:
        """Throw all the packets; AssertionError says which answer was wrong."""
        while self.left > 0:
            machine = create(Options(self._board, kernel=self._kernel))
            self._machine = machine
            listening = listen(parse(f"unix:{self._path}"))
            server = GdbServer(Session(machine), listening, wait=True, idle=self._throw)
            machine.on_heartbeat.append(self._disturb)
            server.run()
            self.ends += 1
            self._hang_up()
            Path(self._path).unlink()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client, self._reader, self._asked = None, Reader(), None

    def _send(self, data: bytes) -> None:
        assert self._client is not None
        try:
            self._client.sendall(data)
        except OSError:
            self._hang_up()

    def _connect(self) -> None:
        self._pressed = 0
        self._client = socket.socket(socket.AF_UNIX)
        self._client.connect(self._path)
        self._client.settimeout(0.2)  # a socket that is full: hang up in the middle

    def _throw(self) -> None:
        """The server waits: give it something."""
        if self.left <= 0:
            self._machine.stop(machine_module.Outcome.stopped("enough"))
            return
        if self._client is None:
            self._connect()
            return
        self._pressed = 0
        self._collect()
        if self._asked is not None:
            # The server is idle after reading it, and again after answering it.
            self._idles += 1
            if self._idles == 2:
                self._check()
            return
        if self._client is None:
            return
        if self.dice.random() < 0.1:
            self._ask()
            return
        for _ in range(min(BATCH, self.left)):
            self.left -= 1
            self._send(framed(payload(self.dice), self.dice))
            if self._client is None:
                return

    def _ask(self) -> None:
        """A good read of memory, whose answer is known: it ends what was sent before."""
        memory = self.dice.choice([m for m in self._machine.bus.memory])
        address = memory.base + self.dice.randrange(memory.size - 64)
        self._asked, self._idles = address, 0
        self._send(b"$#00\x24#00" + encode(b"m%x,10" % address))

    def _disturb(self) -> None:
        """The guest runs: Ctrl-C, sooner or later; or attach again."""
        if self._client is None:
            self._connect()
        elif self._pressed < MOST_PRESSED and self.dice.random() < 0.5:
            self._pressed += 1
            self._send(b"\x03")

    def _collect(self) -> None:
        """Look at the replies."""
        while self._client is not None and select.select([self._client], [], [], 0)[0]:
            try:
                data = self._client.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                self._hang_up()
                return
            for item in self._reader.feed(data):
                assert not isinstance(item, Damaged), item
                if isinstance(item, bytes):
                    assert FORMS.fullmatch(item), item
                    self.answered += 1
                    self._last = item

    def _check(self) -> None:
        """The last answer is that to the known question."""
        assert self._asked is not None
        truth = read_virtual(self._machine, self._asked, 16)
        wanted = b"E0e" if truth is None else truth.hex().encode()
        assert self._last == wanted, (self._last, wanted)
        self._asked = None
        self.read_back += 1


def fuzz(packets: int, seed: int, say: Callable[[str], None] = print) -> None:
    """Throw ``packets`` packets, a third at each board."""
    machine_module.HEARTBEAT = LOOK
    server_module.TICK = 0.001
    link_module.LINGER = 0.01
    with tempfile.TemporaryDirectory() as folder:
        for board, architecture in BOARDS:
            kernel = GUESTS / architecture / "traps.elf"
            fuzzer = Fuzzer(board, kernel, -(-packets // len(BOARDS)), seed, folder)
            fuzzer.run()
            say(f"{board}: {fuzzer.answered} answers, {fuzzer.read_back} known ones,"
                f" {fuzzer.ends} ends")
            assert fuzzer.answered > packets // 10 and fuzzer.read_back > packets // 2000


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    fuzz(arguments.packets, arguments.seed)
    sys.exit(0)
