# SPDX-License-Identifier: GPL-2.0-or-later
"""Folded stacks are sampled at exact counts, so they are the same in each run."""

from __future__ import annotations

from traced import boot

from vmm.debug.trace.feed import Feed
from vmm.debug.trace.files import Tracing


def folded(guest, tmp_path, *runs: int | None) -> dict[str, int]:
    machine = boot(guest, "arm", "traps")
    with Tracing(Feed(machine), f"folded,every=500:{tmp_path / 'folded'}"):
        for until in runs:
            machine.run(until=until)
    lines = (tmp_path / "folded").read_text().splitlines()
    found = {stack: int(count) for stack, _, count in (line.rpartition(" ") for line in lines)}
    assert len(found) == len(lines)
    assert sum(found.values()) == machine.engine.count // 500
    return found


def test_samples_are_the_same_however_the_run_is_cut(guest, tmp_path) -> None:
    whole = folded(guest, tmp_path, None)
    assert whole == folded(guest, tmp_path, 1, 777, 1000, 1001, 90_000, None)
    # Callers before those they call.
    assert any(stack.endswith(";print_trap;print_field;print_hex;putch") for stack in whole)


def test_sampling_does_not_keep_a_dead_machine_alive(guest, tmp_path) -> None:
    machine = boot(guest, "sparc", "hello")
    nop, power_down = 0x01000000, 0xA7800000  # wr %asr19; traps are disabled at reset
    for number, word in enumerate([*[nop] * 25, power_down, nop, nop]):
        machine.bus.write_memory(4 * number, word.to_bytes(4, "big"))
    with Tracing(Feed(machine), f"folded,every=10:{tmp_path / 'folded'}"):
        outcome = machine.run()
    assert "nothing can wake" in outcome.text
