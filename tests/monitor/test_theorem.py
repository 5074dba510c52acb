# SPDX-License-Identifier: GPL-2.0-or-later
"""The theorem by experiment: verdicts that the manuals and the literature agree on."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module

import pytest
import runs

from vmm.cpu.arm import decode as arm_decode
from vmm.cpu.sparc import decode as sparc_decode
from vmm.cpu.x86 import decode as x86_decode
from vmm.monitor import MonitorError, virtualize
from vmm.monitor.theorem import Classification, Instruction, classify, offenders

classification = cache(classify)
ARCHITECTURES = ("sparc", "arm", "x86")


def verdicts(found: Classification) -> dict[str, set[str]]:
    return {verdict.instruction.name: set(verdict.names) for verdict in found.verdicts}


PRIVILEGED, CONTROL, BEHAVIOUR, INNOCUOUS = (
    "privileged", "control-sensitive", "behaviour-sensitive", "innocuous",
)

KNOWN = {
    "sparc": {
        "rd %psr": {PRIVILEGED, BEHAVIOUR}, "wr %tbr": {PRIVILEGED, CONTROL},
        "rett": {PRIVILEGED, CONTROL}, "sta 0x19 (MMU context)": {PRIVILEGED, CONTROL},
        "sta 0x18 (MMU flush)": {PRIVILEGED, CONTROL},
        "lda 0x1c (MMU bypass)": {PRIVILEGED, BEHAVIOUR},
        "wr %asr19": {PRIVILEGED, CONTROL}, "lda 0x0a (user data)": {PRIVILEGED, INNOCUOUS},
        "save": {INNOCUOUS}, "ta 3": {INNOCUOUS}, "rd %asr17": {INNOCUOUS},
    },
    "arm": {
        "mrs cpsr": {BEHAVIOUR}, "msr cpsr_c": {CONTROL, BEHAVIOUR}, "msr cpsr_f": {INNOCUOUS},
        "cps #mode": {CONTROL, BEHAVIOUR}, "setend be": {CONTROL}, "wfi": {CONTROL},
        "ldrt": {BEHAVIOUR}, "mrs spsr": {PRIVILEGED, BEHAVIOUR},
        "mcr ttbr0": {PRIVILEGED, CONTROL}, "tlbiall": {PRIVILEGED, CONTROL},
        "movs pc, lr": {PRIVILEGED, CONTROL}, "mrrc cntvct": {PRIVILEGED, BEHAVIOUR},
        "svc": {INNOCUOUS}, "mrc tpidruro": {INNOCUOUS}, "cp15 dmb": {INNOCUOUS},
    },
    "x86": {
        "popf": {CONTROL, BEHAVIOUR}, "pushf": {BEHAVIOUR}, "smsw": {BEHAVIOUR},
        "sgdt": {BEHAVIOUR}, "lar": {BEHAVIOUR}, "mov ds, eax": {CONTROL},
        "mov eax, cs": {BEHAVIOUR}, "cli": {PRIVILEGED, CONTROL}, "hlt": {PRIVILEGED, CONTROL},
        "mov cr3, eax": {PRIVILEGED, CONTROL}, "mov eax, cr0": {PRIVILEGED, BEHAVIOUR},
        "invlpg": {PRIVILEGED, CONTROL}, "sysenter": {PRIVILEGED, CONTROL},
        "rdtsc": {PRIVILEGED, BEHAVIOUR}, "out dx, eax": {PRIVILEGED, CONTROL},
        "int 0x80": {INNOCUOUS}, "arpl": {INNOCUOUS}, "cpuid": {INNOCUOUS},
    },
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_known_instructions(architecture: str) -> None:
    found = verdicts(classification(architecture))
    wanted = KNOWN[architecture]
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_ordinary_instructions_are_innocuous(architecture: str) -> None:
    ordinary = [v for v in classification(architecture).verdicts if not v.instruction.system]
    assert len(ordinary) > 20
    assert [v.instruction.name for v in ordinary if v.names != (INNOCUOUS,)] == []


def test_x86_offenders_are_those_of_the_literature() -> None:
    # J. S. Robin and C. E. Irvine, USENIX Security 2000: all but INT, which traps here.
    found = {name.split()[0] for name in offenders("x86")}
    assert found == {
        "pushf", "pushfw", "popf", "popfw", "sgdt", "sidt", "sldt", "str", "smsw", "lar", "lsl",
        "verr", "verw", "push", "pop", "mov", "lds", "les", "lss", "lfs", "lgs", "jmp", "call",
        "ret", "iret",
    }


def test_arm_offenders_change_or_show_what_user_mode_must_not() -> None:
    found = {name.removesuffix(" (Thumb)") for name in offenders("arm")}
    assert {"cpsid i", "msr cpsr_c", "mrs cpsr", "setend be", "wfi", "ldrt"} <= found
    assert not [name for name in found if name.startswith(("mcr", "mrc", "rfe", "srs", "ldm"))]


def test_sparc_has_next_to_none() -> None:
    # LEON3's own: user mode may name its data space in casa, and so would a kernel's be taken.
    assert offenders("sparc") == ("casa 0x0a",)


def test_an_armv5_without_cps_still_fails_the_theorem() -> None:
    found = classification("arm", "arm926")
    assert not found.trap_and_emulate
    assert "mrs cpsr" in {v.instruction.name for v in found.offenders}
    assert verdicts(found)["cpsid i"] == {INNOCUOUS}  # undefined in both modes


def test_evidence_is_a_pair_of_runs_that_differ() -> None:
    popf = next(v for v in classification("x86").verdicts if v.instruction.name == "popf")
    by_mode = next(one for one in popf.evidence if one.verdict == BEHAVIOUR)
    supervisor, user = by_mode.runs
    assert (supervisor.trap, user.trap) == (None, None)
    assert supervisor.changes["eflags"] == (0x200, 0x3000)
    assert not user.changes


def test_what_loosening_gives_away_is_named() -> None:
    found = {v.instruction.name: v for v in classification("x86").verdicts}
    assert found["cli"].loosened == ("IOPL 3",)
    assert found["rdtsc"].loosened == ("CR4.TSD clear",)
    assert found["hlt"].loosened == ()


def test_the_experiment_is_deterministic() -> None:
    assert classify("sparc").verdicts == classification("sparc").verdicts


def test_trap_and_emulate_refuses_for_the_theorems_reason() -> None:
    machine = runs.machine("pc", "x86/hello")
    with pytest.raises(MonitorError) as refused:
        virtualize(machine, "trap_and_emulate")
    text = str(refused.value)
    assert f"{len(offenders('x86', 'qemu32'))} sensitive instructions" in text
    assert "pushf; pushfw; popf" in text and "\n" not in text


# -- the encodings ------------------------------------------------------------------

MNEMONICS = {  # what the table calls otherwise than the disassembler
    "sparc": {},
    "arm": {"nop": {"mov", "nop"}, "push": {"push", "str"}, "pop": {"pop", "ldr"}},
    "x86": {
        "pushf": {"pushfd"}, "pushfw": {"pushf"}, "popf": {"popfd"}, "popfw": {"popf"},
        "iret": {"iretd"}, "pusha": {"pushal"}, "popa": {"popal"}, "jz": {"je"}, "fwait": {"wait"},
        "jmp": {"jmp", "ljmp"}, "call": {"call", "lcall"}, "ret": {"ret", "retf"},
    },
}
CP15_OPERATIONS = {
    "cp15", "iciallu", "icimvau", "bpiall", "dcimvac", "dccmvac", "dccsw", "dccimvac", "ats1cpr",
    "tlbiall", "tlbimva", "tlbiasid", "tlbimvaa", "itlbiall", "dtlbiall",
}


def text(architecture: str, instruction: Instruction) -> str:
    code = instruction.code
    if architecture == "sparc":
        return sparc_decode.text(int.from_bytes(code, "big"))
    if architecture == "arm":
        return arm_decode.instruction(code, 0, instruction.thumb)[1]
    size, found = x86_decode.instruction(code, 0, True)
    return found if size == len(code) else f"{found}, and more"


def wrong_encodings(architecture: str, table: tuple[Instruction, ...]) -> list[str]:
    """Instructions whose code says something else than their name."""
    wrong = []
    for instruction in table:
        name = instruction.name.split()[0]
        wanted = MNEMONICS[architecture].get(name, {name})
        if architecture == "arm" and name in CP15_OPERATIONS:
            wanted = {"mcr"}
        found = text(architecture, instruction)
        if found.split()[0] not in wanted:
            wrong.append(f"{instruction.name}: {found}")
    return wrong


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_encodings_are_what_they_are_called(architecture: str) -> None:
    table = import_module(f"vmm.monitor.theorem.{architecture}_table").TABLE
    assert wrong_encodings(architecture, table) == []


def test_a_wrong_encoding_is_found_and_gets_its_own_verdict() -> None:
    planted = Instruction("popf", bytes.fromhex("9e"))  # SAHF
    assert wrong_encodings("x86", (planted,)) == ["popf: sahf"]
    assert verdicts(classify("x86", instructions=[planted])) == {"popf": {INNOCUOUS}}


# -- the command ----------------------------------------------------------------------


def test_command_names_offenders_and_concludes(vmm_command) -> None:
    done = vmm_command("theorem", "-cpu", "qemu32")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert any(line.startswith("! popf ") for line in lines)
    assert any(line.startswith("  hlt ") for line in lines)
    assert "Theorem 1 does not hold" in done.stdout.decode()


def test_command_as_json(vmm_command) -> None:
    done = vmm_command("theorem", "-M", "leon3", "--json")
    found = json.loads(done.stdout)
    assert (found["architecture"], found["model"]) == ("sparc", "leon3")
    row = next(one for one in found["instructions"] if one["name"] == "wr %psr")
    assert row["verdicts"][0] == "privileged" and not row["offends"]
    assert row["evidence"][0]["runs"][1]["trap"] == "privileged_instruction"
    assert found["offenders"] == [v["name"] for v in found["instructions"] if v["offends"]]


def test_command_shows_the_evidence_for_one(vmm_command) -> None:
    done = vmm_command("theorem", "-cpu", "qemu32", "--instruction", "smsw")
    assert done.returncode == 0
    assert "user mode, CR0.TS: no trap" in done.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((), "which processor"), (("-cpu", "z80"), "z80"), (("-M", "pc", "-cpu", "leon3"), "leon3"),
     (("-M", "toaster"), "toaster"), (("-M", "virt,secure=on"), "properties"),
     (("-cpu", "leon3", "--instruction", "frob"), "frob")],
)
def test_command_refuses_in_one_line(vmm_command, arguments, named) -> None:
    done = vmm_command("theorem", *arguments)
    assert done.returncode == 2
    assert len(done.stderr.decode().splitlines()) == 1
    assert named in done.stderr.decode()
