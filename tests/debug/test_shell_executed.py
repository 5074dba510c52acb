# SPDX-License-Identifier: GPL-2.0-or-later
"""`code`: what is executed in place of a translated guest's sensitive instructions."""

from __future__ import annotations

import re

import pytest
from shells import Talk

from vmm.monitor import code


@pytest.fixture(scope="module")
def x86() -> Talk:
    talk = Talk("pc", "nucleus-quick", "translate")
    talk.do("run to 3000000")
    return talk


@pytest.fixture(scope="module")
def arm() -> Talk:
    talk = Talk("virt", "nucleus-quick", "translate")
    talk.do("run to 4000000")
    return talk


def below(lines: list[str], instruction: str) -> list[str]:
    """What stands below the first such instruction of a listing."""
    shown = re.compile(rf"(=>|  ) [0-9a-f]{{8}}  [0-9a-f ]+  {re.escape(instruction)}$")
    at = next(i for i, line in enumerate(lines) if shown.match(line))
    indent = lines[at].index(instruction)
    notes = []
    for line in lines[at + 1 :]:
        if not line.startswith(" " * (indent + 1)):
            break
        notes.append(line.strip())
    return notes


def test_templates_are_shown_with_their_words_and_guards(x86: Talk) -> None:
    lines = x86.do("code process_wake")
    assert lines[0] == "process_wake:"
    assert below(lines, "cli") == [
        "cache  unless cpl == 0: call", "mov dword ptr [interrupts], 0"]
    pushed = below(lines, "pushfd")
    assert pushed[0] == "cache  unless flags == 0: call"
    assert pushed[1] == "pushfd  (to [image])" and pushed[-1] == "push dword ptr [image]"
    popped = below(lines, "popfd")
    assert "unless flags == 0: call" in popped and popped[-1] == "popfd  (from [image])"
    assert popped.index("unless odd == 0: call") == len(popped) - 4
    assert not any("0x1000]" in line for line in lines)


def test_calls_and_instructions_in_place_of_others(x86: Talk, arm: Talk) -> None:
    lines = x86.do("code start 8")
    assert below(lines, "lgdt [0x103020]") == ["call  lgdt"]
    assert below(lines, "cld") == []
    memory = 0x4000_0000  # what starts the kernel is below it, and no longer mapped
    site = next(
        one for one in code.sites(arm.machine) if one.kind == "call" and one.address >= memory)
    notes = arm.do(f"code {site.address:#x} 1")
    assert notes[-1].split()[0] == "call" and len(notes) > 1


def test_registers_are_those_of_the_site(arm: Talk) -> None:
    lines = arm.do("code process_wait")
    assert below(lines, "mrs r7, apsr") == [
        "cache  str r0, [kept]", "mrs r7, apsr", "bic r7, r7, #0x1f", "ldr r0, [mode]",
        "orr r7, r7, r0", "ldr r0, [kept]"]


def test_what_was_not_reached_says_so() -> None:
    talk = Talk("pc", "nucleus-quick", "translate")
    talk.do("until start")
    assert below(talk.do("code process_wake"), "cli") == ["not translated yet"]
    talk.do("step")
    assert below(talk.do("code start 2"), "cli")[0].startswith("cache  ")


def test_the_summary_adds_up(x86: Talk) -> None:
    counts = code.counts(x86.machine.engine)
    assert counts is not None
    lines = x86.do("code summary")
    pages, sites = (int(line.split()[0]) for line in lines[:2])
    assert (pages, sites) == (counts.pages, counts.sites)
    rows = [re.split(r"  +", line) for line in lines[4:]]
    shown = sum(int(number) for row in rows for number in row[1:])
    assert shown == sites - counts.invalidated
    assert sum(int(row[2]) for row in rows) == counts.cached > 0


def test_a_guest_that_is_not_translated_has_none(x86: Talk) -> None:
    assert "--technique translate" in Talk("pc").error("code")
    assert "sparc" not in x86.error("code nowhere")


def test_sparc_instructions_are_calls() -> None:
    talk = Talk("leon3", "nucleus-quick", "translate")
    talk.do("run to 3000000")
    site = next(one for one in code.sites(talk.machine) if one.operation == 2 << 6 | 0x29)
    notes = talk.do(f"code {site.address:#x} 1")
    assert "rd %psr" in notes[-2] and notes[-1].strip() == "call  rd %psr"
    counts = code.counts(talk.machine.engine)
    assert counts is not None
    assert f"{counts.sites} calls" in talk.text("code summary")
    assert below(talk.do("code process_wake"), "rd %psr, %g1") == ["not translated yet"]


def test_going_back_leaves_it_right(x86: Talk) -> None:
    before = x86.do("code process_wake")
    x86.do("rstep 5")
    x86.do("step 5")
    assert x86.do("code process_wake") == before
