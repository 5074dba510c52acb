# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams do the same whichever way they are run: some of what
`tests/fuzz/ways.py` runs by the thousand."""

from __future__ import annotations

import pytest
from pair import PAGES, Pair, Way, changed
from stream_machine import MODES

STREAMS = 40
# Each way has streams of its own.
SEEDS = {
    "sparc": {"stepped": 101, "sliced": 102, "python": 103, "assist": 104, "translate/lazy": 105,
              "translate/strict": 106, "translate/exposed": 107, "translate/nested": 108,
              "trap_and_emulate/lazy": 5, "trap_and_emulate/strict": 6,
              "trap_and_emulate/nested": 7},
    "arm": {"stepped": 101, "sliced": 127, "python": 103, "assist": 104, "translate/lazy": 112,
            "translate/strict": 113, "translate/exposed": 104, "translate/nested": 105,
            "watched": 10_000, "translate/lazy+watched": 10_004, "translate/strict+python": 10_005,
            "translate/exposed+counted": 10_008, "translate/nested+intercepted": 10_013},
    "x86": {"stepped": 105, "sliced": 106, "python": 107, "assist": 104, "translate/lazy": 101,
            "translate/strict": 102, "translate/exposed": 103, "translate/nested": 104},
}
# Streams that once were different, and what was at fault
KNOWN = (
    ("x86", "supervisor", "stepped", 101, 502),  # SETcc to a device took the flags along
    ("x86", "supervisor", "stepped", 103, 33),  # AF behind BT
    ("x86", "supervisor", "sliced", 103, 624),  # an unaligned MOVS into its own block
    ("x86", "supervisor", "stepped", 104, 845),  # RCL into its own block
    ("x86", "user", "stepped", 102, 246),  # a branch on flags behind BT
    ("x86", "user", "stepped", 102, 678),  # flags in the task segment of a far JMP
    ("x86", "user", "assist", 201, 542),  # a fetch across pages was its block's fault
    ("x86", "supervisor", "python", 201, 358),  # data breakpoints and the delivery in Python
    ("x86", "user", "stepped", 104, 339),  # a far CALL of a task that faults
    ("x86", "supervisor", "translate/lazy", 101, 320),  # code at address 0 read as other code
    ("x86", "supervisor", "translate/lazy", 101, 708),  # SYSEXIT in real mode
    ("x86", "supervisor", "translate/lazy", 102, 631),  # SYSRET
    ("x86", "supervisor", "stepped", 3003, 830),  # ENTER that began anew at a device
    ("x86", "supervisor", "python", 202, 127),  # a data breakpoint beside an unaligned store
    ("x86", "user", "stepped", 308, 676),  # flags behind LOOPNE that ends because CX is 0
    ("x86", "supervisor", "stepped", 4003, 437),  # ADC across pages into its own block
    ("x86", "supervisor", "translate/lazy", 3100, 273),  # RDPMC behind a VEX prefix
    ("sparc", "user", "translate/lazy", 501, 788),  # R of a page refused, in no-fault mode
    ("arm", "supervisor", "translate/lazy", 101, 93),  # big-endian tables
    ("arm", "supervisor", "translate/strict", 102, 89),  # an external abort on a long walk
    ("arm", "supervisor", "translate/lazy", 102, 194),  # a long block at no multiple of its size
    ("arm", "supervisor", "translate/nested", 104, 94),  # LDC of cp15 taken for MRRC
    ("arm", "supervisor", "translate/nested", 107, 803),  # LDM that faults after some registers
    ("arm", "supervisor", "translate/nested", 101, 99),  # STRBT of the pc
    ("arm", "supervisor", "translate/nested", 101, 306),  # MRC of what is no register to APSR
    ("arm", "supervisor", "translate/nested", 101, 393),  # MCR of the pc, Thumb
    ("arm", "supervisor", "translate/nested", 101, 433),  # VMRS to APSR
    ("arm", "supervisor", "translate/lazy", 409, 108),  # ERET of a core that has none
    ("arm", "supervisor", "translate/nested", 500, 62),  # LDRBT to the pc in an IT block
    ("arm", "supervisor", "translate/lazy+readable", 20_000, 757),  # ITSTATE behind MCR
)


@pytest.mark.parametrize(("arch", "way", "seed"), [
    (arch, way, seed) for arch, seeds in SEEDS.items() for way, seed in seeds.items()
])
@pytest.mark.parametrize("mode", MODES)
def test_a_stream_does_the_same_another_way(arch: str, mode: str, way: str, seed: int) -> None:
    pair = Pair(arch, mode, Way.named(way), seed)
    instructions = 0
    for index in range(STREAMS):
        found, different = pair.compare(index)
        assert not different, f"stream {seed}:{index}"
        instructions += found.instructions
    assert instructions > 500


@pytest.mark.parametrize(("arch", "mode", "way", "seed", "index"), KNOWN)
def test_streams_that_once_were_different(
    arch: str, mode: str, way: str, seed: int, index: int
) -> None:
    assert not Pair(arch, mode, Way.named(way), seed).compare(index, everywhere=True)[1]


def test_a_stream_leaves_the_next_nothing() -> None:
    pair = Pair("arm", "user", Way.named("translate/lazy"), 502)
    pair.compare(118)  # loads what is behind d31, and 596 stores it
    assert not pair.compare(596)[1]


def test_only_accessed_and_dirty_flags_are_no_change() -> None:
    entries = (PAGES | 7).to_bytes(4, "little")
    assert not changed(entries, (PAGES | 0x67).to_bytes(4, "little"))
    assert changed(entries, (PAGES | 5).to_bytes(4, "little"))
    assert changed(entries, (PAGES | 0x6000 | 7).to_bytes(4, "little"))
