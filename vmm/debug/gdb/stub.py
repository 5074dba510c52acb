# SPDX-License-Identifier: GPL-2.0-or-later
"""What the debugger asks and what it is told: one method for each packet.

After the GDB manual, appendix E ("Remote Serial Protocol").  A packet that is
not known gets the empty reply, one that makes no sense ``E01``, and memory
that is none ``E0e``; nothing a packet holds can do more than that.
"""

from __future__ import annotations

from collections.abc import Callable

from vmm.debug.gdb import description, memory
from vmm.debug.gdb.framing import LIMIT
from vmm.debug.gdb.motion import Motion
from vmm.debug.gdb.points import Points
from vmm.debug.gdb.registers import TargetRegister, target_of
from vmm.debug.gdb.words import NO_MEMORY, PacketError, data, number, numbers
from vmm.debug.session import Session

Monitor = Callable[[str], list[str]]  # a line of the user's -> the lines that it answers

SUPPORTED = (
    f"PacketSize={LIMIT:x};qXfer:features:read+;qXfer:memory-map:read+;QStartNoAckMode+;"
    "swbreak+;hwbreak+;vContSupported+;ReverseStep+;ReverseContinue+"
)
SPACE = 1 << 32
TEXT = (LIMIT - 16) // 2  # bytes of text in one packet
THREADS = ("0", "1", "-1", "p1.1", "p1.-1", "p0.0")


class Stub:
    """Answers packets for one session.  `detached` and `killed` say that the debugger is done."""

    def __init__(
        self, session: Session, send: Callable[[bytes], None], monitor: Monitor,
    ) -> None:
        self.session = session
        self.machine = session.machine
        self.detached = self.killed = False
        self.on_no_ack: Callable[[], None] = lambda: None
        self._send = send
        self._monitor = monitor
        self._target = target_of(self.machine)
        self._registers = self._target.registers
        self._order = self.machine.processor.byteorder
        self.points = Points(session)
        self.motion = Motion(session, self._target, self.points, self._say)
        self._documents = {
            ("features", "target.xml"): description.target_xml(self._target),
            ("memory-map", ""): description.memory_map_xml(self.machine),
        }
        self._letters: dict[str, Callable[[str], bytes | None]] = {
            "?": lambda text: self.motion.last(),
            "!": lambda text: b"",
            "g": self._read_all, "G": self._write_all,
            "p": self._read_one, "P": self._write_one,
            "m": self._read_memory, "M": self._write_memory,
            "Z": lambda text: self.points.change(text, insert=True),
            "z": lambda text: self.points.change(text, insert=False),
            "c": self._continue, "C": self._continue, "s": self._step, "S": self._step,
            "b": self._backwards, "H": self._choose_thread, "T": self._alive,
            "D": self._detach, "k": self._kill, "v": self._named_v,
        }
        self._queries: dict[str, Callable[[str], bytes]] = {
            "Supported": lambda text: SUPPORTED.encode("ascii"),
            "Xfer": self._transfer,
            "Attached": lambda text: b"1",
            "C": lambda text: b"QC1",
            "fThreadInfo": lambda text: b"m1",
            "sThreadInfo": lambda text: b"l",
            "ThreadExtraInfo": self._thread_name,
            "Rcmd": self._command,
            "CRC": self._crc,
            "Symbol": lambda text: b"OK",
        }

    def handle(self, packet: bytes) -> bytes | None:
        """The reply to a packet; None if there is none."""
        if not packet:
            return b""
        try:
            if packet[:1] == b"X":
                return self._write_binary(packet[1:])
            text = packet.decode("latin-1")
            if text[0] == "q":
                return self._query(text[1:])
            if text == "QStartNoAckMode":
                return self._no_ack()
            handler = self._letters.get(text[0])
            return b"" if handler is None else handler(text[1:])
        except PacketError as error:
            return error.reply

    def _say(self, text: str) -> None:
        """Text on the debugger's terminal, while it waits for something else."""
        sent = text.encode("utf-8", "replace")
        for start in range(0, len(sent), TEXT):
            self._send(b"O" + sent[start : start + TEXT].hex().encode("ascii"))

    # -- registers -------------------------------------------------------------------------

    def _value(self, register: TargetRegister) -> bytes:
        return register.read().to_bytes(register.size, self._order)

    def _set(self, register: TargetRegister, value: bytes) -> None:
        if len(value) != register.size:
            raise PacketError
        if register.write is None or value == self._value(register):
            return
        try:
            register.write(int.from_bytes(value, self._order))
        except ValueError:  # a mode that does not exist, ...
            raise PacketError from None

    def _read_all(self, text: str) -> bytes:
        if text:
            raise PacketError
        general = self._registers[: self._target.general]
        return b"".join(map(self._value, general)).hex().encode("ascii")

    def _write_all(self, text: str) -> bytes:
        values = data(text.encode("latin-1"))
        general = self._registers[: self._target.general]
        if len(values) != sum(register.size for register in general):
            raise PacketError
        at = 0
        for register in general:
            self._set(register, values[at : at + register.size])
            at += register.size
        return b"OK"

    def _register(self, text: str) -> TargetRegister:
        index = number(text)
        if index >= len(self._registers):
            raise PacketError
        return self._registers[index]

    def _read_one(self, text: str) -> bytes:
        return self._value(self._register(text)).hex().encode("ascii")

    def _write_one(self, text: str) -> bytes:
        index, equals, value = text.partition("=")
        if not equals:
            raise PacketError
        self._set(self._register(index), data(value.encode("latin-1")))
        return b"OK"

    # -- memory ----------------------------------------------------------------------------

    def _place(self, text: str) -> tuple[int, int]:
        address, size = numbers(text, 2)
        if address >= SPACE:
            raise PacketError(NO_MEMORY)
        return address, size

    def _read_memory(self, text: str) -> bytes:
        address, size = self._place(text)
        found = memory.read(self.machine, address, min(size, TEXT))
        if size and not found:
            raise PacketError(NO_MEMORY)
        return found.hex().encode("ascii")

    def _write(self, place: str, content: bytes) -> bytes:
        address, size = self._place(place)
        if size != len(content):
            raise PacketError
        if content and not memory.write(self.machine, address, content):
            raise PacketError(NO_MEMORY)
        return b"OK"

    def _write_memory(self, text: str) -> bytes:
        place, colon, content = text.partition(":")
        if not colon:
            raise PacketError
        return self._write(place, data(content.encode("latin-1")))

    def _write_binary(self, packet: bytes) -> bytes:
        place, colon, content = packet.partition(b":")
        if not colon:
            raise PacketError
        return self._write(place.decode("latin-1"), content)

    def _crc(self, text: str) -> bytes:
        address, size = self._place(text)
        found = memory.crc(self.machine, address, size)
        if found is None:
            raise PacketError(NO_MEMORY)
        return b"C%x" % found

    # -- motion ----------------------------------------------------------------------------

    def _continue(self, text: str) -> bytes:
        return self.motion.forwards(step=False)

    def _step(self, text: str) -> bytes:
        return self.motion.forwards(step=True)

    def _backwards(self, text: str) -> bytes:
        return self.motion.backwards(step=text == "s") if text in ("c", "s") else b""

    def _named_v(self, text: str) -> bytes | None:
        name, _, rest = text.partition(";")
        match name:
            case "Cont?":
                return b"vCont;c;C;s;S;r"
            case "Cont":
                return self.motion.v_cont(rest)
            case "Kill":
                self.killed = True
                return b"OK"
            case _:
                return b""  # vMustReplyEmpty above all

    # -- processors as threads ---------------------------------------------------------------

    def _choose_thread(self, text: str) -> bytes:
        if text[:1] not in ("g", "c") or text[1:] not in THREADS:
            raise PacketError
        return b"OK"

    def _alive(self, text: str) -> bytes:
        if text not in ("1", "p1.1"):
            raise PacketError
        return b"OK"

    def _thread_name(self, text: str) -> bytes:
        self._alive(text)
        name = f"CPU 0 {self.machine.processor.model} of {self.machine.name}"
        return name.encode("utf-8").hex().encode("ascii")

    # -- the rest --------------------------------------------------------------------------

    def _query(self, text: str) -> bytes:
        name = text
        for mark in ":,;":
            name = name.partition(mark)[0]
        handler = self._queries.get(name)
        return b"" if handler is None else handler(text[len(name) + 1 :])

    def _transfer(self, text: str) -> bytes:
        """``object:read:annex:offset,length``"""
        parts = text.split(":")
        if len(parts) != 4 or parts[1] != "read":
            return b""
        document = self._documents.get((parts[0], parts[2]))
        if document is None:
            return b"E00" if any(parts[0] == known for known, _ in self._documents) else b""
        offset, length = numbers(parts[3], 2)
        sent = document.encode("utf-8")
        piece = sent[offset : offset + min(length, LIMIT // 2)]
        return (b"m" if offset + len(piece) < len(sent) else b"l") + piece

    def _command(self, text: str) -> bytes:
        line = data(text.encode("latin-1")).decode("utf-8", "replace")
        self._say("".join(f"{answer}\n" for answer in self._monitor(line)))
        return b"OK"

    def _no_ack(self) -> bytes:
        self.on_no_ack()
        return b"OK"

    def _detach(self, text: str) -> bytes:
        self.detached = True
        return b"OK"

    def _kill(self, text: str) -> None:
        self.killed = True
