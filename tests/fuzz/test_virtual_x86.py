# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams on a virtual x86: each ends as on the bare machine."""

from __future__ import annotations

import pytest
from stream_machine import MODES
from virtual_x86 import PAGES, POLICIES, Pair, changed

STREAMS = 60


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("mode", MODES)
def test_a_stream_does_the_same_bare_and_translated(mode: str, policy: str) -> None:
    pair = Pair(mode, policy, 101 + POLICIES.index(policy))
    instructions = 0
    for index in range(STREAMS):
        found, different = pair.compare(index)
        assert not different, f"stream {pair.seed}:{index}"
        instructions += found.instructions
    assert instructions > 1000


def test_only_accessed_and_dirty_flags_are_no_change() -> None:
    entries = (PAGES | 7).to_bytes(4, "little")
    assert not changed(entries, (PAGES | 0x67).to_bytes(4, "little"))
    assert changed(entries, (PAGES | 5).to_bytes(4, "little"))
    assert changed(entries, (PAGES | 0x6000 | 7).to_bytes(4, "little"))
