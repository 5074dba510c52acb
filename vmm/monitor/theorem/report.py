# SPDX-License-Identifier: GPL-2.0-or-later
"""A classification as text for people and as values for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vmm.monitor.theorem import Classification
from vmm.monitor.theorem.instruction import Mode, Run
from vmm.monitor.theorem.verdict import Evidence, Verdict

HOLDS = "Theorem 1 holds: every sensitive instruction is privileged; trap-and-emulate suffices."
FAILS = "Theorem 1 does not hold: trap-and-emulate does not suffice. Sensitive, not privileged:"
LINE = 100  # columns of the list of offenders


def _note(verdict: Verdict) -> str:
    """The last column: the evidence that says most, and what else there is to say."""
    if verdict.always is not None:
        return f"always traps: {verdict.always}"
    if not verdict.evidence:
        return ""
    text = verdict.evidence[-1 if verdict.sensitive else 0].text
    return f"{text} [not with {', '.join(verdict.loosened)}]" if verdict.loosened else text


def table(found: Classification) -> Iterator[str]:
    """A line for each instruction, then the conclusion."""
    yield f"{found.model} ({found.architecture}): {len(found.verdicts)} instructions," \
          f" each in {found.states} states"
    yield ""
    names = max(len(verdict.instruction.name) for verdict in found.verdicts)
    verdicts = max(len(", ".join(verdict.names)) for verdict in found.verdicts)
    for verdict in found.verdicts:
        mark = "!" if verdict.offends else " "
        line = f"{mark} {verdict.instruction.name:<{names}}  {', '.join(verdict.names):<{verdicts}}"
        yield f"{line}  {_note(verdict)}".rstrip()
    yield ""
    yield from conclusion(found)


def conclusion(found: Classification) -> Iterator[str]:
    """What follows for a monitor."""
    if found.trap_and_emulate:
        yield HOLDS
        return
    yield FAILS
    line = " "
    for verdict in found.offenders:
        name = verdict.instruction.name
        if len(line) + len(name) + 2 > LINE:
            yield line
            line = " "
        line += f" {name};"
    yield line.rstrip(";")


def _outcome(run: Run) -> str:
    if run.trap is not None:
        return run.trap
    changes = (f"{name} {before:#x} -> {after:#x}" for name, (before, after) in run.changes.items())
    return ", ".join(changes) or "no trap"


def evidence(verdict: Verdict) -> Iterator[str]:
    """All runs of one instruction, and what each verdict rests on."""
    instruction = verdict.instruction
    yield f"{instruction.name}: {instruction.code.hex()}: {', '.join(verdict.names)}"
    yield ""
    states = list(dict.fromkeys(run.variation for run in verdict.runs))
    width = max(map(len, states))
    for mode in Mode:
        yield f"in {mode.value} mode"
        for run in verdict.runs:
            if run.mode is mode:
                yield f"  {run.variation:<{width}}  {_outcome(run)}"
    for one in verdict.evidence:
        yield ""
        yield f"{one.verdict}: {one.text}"
        yield from _pair(one)


def _pair(one: Evidence) -> Iterator[str]:
    for run in one.runs:
        yield f"  {run.mode.value} mode, {run.variation}: {_outcome(run)}"
    if len(one.runs) == 2 and all(run.trap is None for run in one.runs):
        for name, values in one.runs[0].differences(one.runs[1]).items():
            first, second = ("as before" if v is None else f"{v:#x}" for v in values)
            yield f"    {name}: {first} and {second}"


def _run(run: Run) -> dict[str, Any]:
    return {
        "mode": run.mode.value, "state": run.variation, "trap": run.trap,
        "results": dict(run.results),
        "changes": {name: list(values) for name, values in run.changes.items()},
    }


def values(found: Classification, runs: bool = False) -> dict[str, Any]:
    """For JSON; ``runs``: with every run of each instruction, and not only the evidence."""
    return {
        "architecture": found.architecture, "model": found.model, "states": found.states,
        "trap_and_emulate": found.trap_and_emulate,
        "offenders": [verdict.instruction.name for verdict in found.offenders],
        "instructions": [
            {
                "name": verdict.instruction.name, "code": verdict.instruction.code.hex(),
                "system": verdict.instruction.system, "verdicts": list(verdict.names),
                "offends": verdict.offends, "always_traps": verdict.always,
                "loosened_by": list(verdict.loosened),
                "evidence": [
                    {"verdict": one.verdict, "text": one.text, "runs": list(map(_run, one.runs))}
                    for one in verdict.evidence
                ],
                **({"runs": list(map(_run, verdict.runs))} if runs else {}),
            }
            for verdict in found.verdicts
        ],
    }
