# SPDX-License-Identifier: GPL-2.0-or-later
"""Board files, right ones and ones with wild values, tables and text."""

from __future__ import annotations

from hypothesis import strategies as st

TYPES = (
    "apbuart", "debug-exit", "debugcon", "generic-timer", "gicv2", "gptimer", "i8254", "i8259",
    "irqmp", "leon-mctrl", "mc146818", "pl011", "pl031", "pl061", "uart16550",
)
BOARDS = {
    "sparc": """\
[cpu]
architecture = "sparc"
clock = 20_000_000
[memory.ram]
base = 0x4000_0000
size = "64K"
[device.pic]
type = "irqmp"
base = 0x8000_0200
[device.timer]
type = "gptimer"
base = 0x8000_0300
irq = ["pic:8", "pic:9"]
[device.uart]
type = "apbuart"
base = 0x8000_0100
irq = "pic:2"
console = true
""",
    "arm": """\
description = "for tests"
[cpu]
architecture = "arm"
clock = 100_000_000
start = 0x1000_0000
[memory.ram]
base = 0x1000_0000
size = 0x10000
[device.gic]
type = "gicv2"
base = 0x2000_0000
interface = 0x2001_0000
lines = 64
[device.uart]
type = "pl011"
base = 0x3000_0000
irq = "gic:1"
console = true
[device.clock]
type = "generic-timer"
irq = ["gic:ppi13", "gic:ppi14", "gic:ppi10", "gic:ppi11"]
[device.rtc]
type = "pl031"
base = 0x3001_0000
irq = "gic:2"
""",
    "x86": """\
[cpu]
architecture = "x86"
model = "486"
clock = 33_000_000
[memory.ram]
base = 0
size = "1M"
[memory.rom]
kind = "rom"
base = 0xFFFF_0000
size = "64K"
[device.pic]
type = "i8259"
[device.pit]
type = "i8254"
port = 0x40
irq = "pic:0"
[device.exit]
type = "debug-exit"
port = 0xF4
[device.out]
type = "debugcon"
port = 0xE9
console = true
""",
}
KEYS = (
    "architecture", "clock", "model", "start", "description", "base", "size", "kind", "image",
    "load", "type", "port", "irq", "console", "interface", "lines", "timers", "frequency",
    "interrupt", "fifo", "master", "slave", "elcr",
)
TABLES = ("cpu", "memory", "device", "memory.ram", "memory.more", "device.uart", "device.pic",
          "device.more", 'device."a b"')

integers = st.one_of(
    st.sampled_from([0, 1, -1, 0x1000, 0xFFFFF000, 1 << 32, (1 << 32) - 1, 1 << 63, -(1 << 63),
                     0x1000_0000, 0x4000_0000, 0x8000_0000, 1 << 200]),
    st.integers(-16, 70_000), st.integers(0, 1 << 33))
words = st.sampled_from([
    "", "sparc", "arm", "x86", "leon3", "cortex-a9", "arm926", "486", "qemu32", "ram", "rom",
    "start", "end", "reset", "kernel", "64K", "1M", "4G", "0", "999999999999G", "pic:1", "gic:3",
    "gic:ppi9", "cpu:irq", "cpu:1", "cpu:nmi", "uart:1", "more:1", ":", "pic:", ":1", "pic:²",
    "nowhere.bin", ".", "/", "a\0b", "\u2028", "\x1b[2J", *TYPES,
])


def quoted(text: str) -> str:
    """A basic string of TOML."""
    return '"' + "".join(
        c if c.isalnum() or c in " :-./_" else f"\\U{ord(c):08x}" for c in text
    ) + '"'


texts = st.one_of(words, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
scalars = st.one_of(
    integers.map(str), integers.filter(lambda n: n >= 0).map(hex), texts.map(quoted),
    st.sampled_from(["true", "false", "1.5", "nan", "inf", "1979-05-27", "07:32:00", "{}", "[]",
                     "{ a = 1 }", "[[[]]]"]),
)
LIKELY = {  # values that may fit, by key
    "clock": st.one_of(st.sampled_from([1, 1000, 62_500_000, 10**11]), st.integers(1, 10**9)),
    "base": st.integers(0, 0xFFFFF).map(lambda page: page << 12),
    "size": st.sampled_from(['"4K"', '"64K"', '"1M"', '"16"', "0x8000", '"1G"']),
    "start": st.sampled_from(['"kernel"', '"reset"', "0", "0x10000000", "0xfffffff0"]),
    "irq": st.sampled_from(['"pic:3"', '"gic:7"', '"gic:ppi5"', '"cpu:irq"', '"cpu:7"',
                            '"cpu:nmi"']),
    "interface": st.integers(0, 0xFFFFF).map(lambda page: page << 12),
    "lines": st.integers(1, 31).map(lambda n: 32 * n),
    "port": st.integers(0, 0xFFFF),
    "type": st.sampled_from(TYPES).map(lambda name: f'"{name}"'),
    "description": st.just('"another"'),
    "console": st.sampled_from(["true", "false"]),
}
values = st.one_of(scalars, st.lists(scalars, max_size=5).map(lambda v: f"[{', '.join(v)}]"))
keys = st.one_of(st.sampled_from(KEYS), texts.map(quoted))
lines = st.one_of(
    st.tuples(keys, values).map(" = ".join),
    st.sampled_from(TABLES).map("[{}]".format),
    texts.map(lambda name: f"[device.{quoted(name)}]"),
    texts.map(lambda name: f"[memory.{quoted(name)}]"),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)


@st.composite
def board_files(draw: st.DrawFn) -> str:
    """A good board file of which some lines are changed, added, repeated or taken away."""
    found = BOARDS[draw(st.sampled_from(sorted(BOARDS)))].splitlines()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(found) - 1))
        how = draw(st.integers(0, 11))
        key, equals, _ = found[at].partition(" = ")
        if how < 9 and equals:
            wild = how > 6 or key not in LIKELY
            found[at] = f"{key} = {draw(values if wild else LIKELY[key])}"
        elif how < 10:
            found.insert(at, draw(lines))
        elif how == 10:
            found.insert(draw(st.integers(0, len(found))), found[at])
        elif len(found) > 1:
            del found[at]
    return "\n".join(found)
