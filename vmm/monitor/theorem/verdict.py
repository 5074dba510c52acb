# SPDX-License-Identifier: GPL-2.0-or-later
"""Popek and Goldberg's definitions, applied to runs.

G. J. Popek and R. P. Goldberg, "Formal requirements for virtualizable third
generation architectures", CACM 17(7), 1974.  An instruction is *privileged* if
it traps in user mode and does not in supervisor mode; *control-sensitive* if it
can change the mode or resources without a trap; *behaviour-sensitive* if its
result depends on the mode or on where its resources really are; else
*innocuous*.  Theorem 1: a monitor can be constructed if every sensitive
instruction is privileged.

Traps are the monitor's to see, so a state in which an instruction traps says
nothing against it, as the paper excludes memory traps.  One thing is against
it: a trap in supervisor mode that user mode does not have, for the monitor
would owe it to its guest.  (ARM's LDRT is such a one.  The paper's machine has
none.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmm.monitor.theorem.instruction import Instruction, Run

PRIVILEGED, CONTROL, BEHAVIOUR, INNOCUOUS = (
    "privileged", "control-sensitive", "behaviour-sensitive", "innocuous",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a verdict holds: one run, or two that differ, and in what."""

    verdict: str
    runs: tuple[Run, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the experiment says of one instruction."""

    instruction: Instruction
    runs: tuple[Run, ...]
    evidence: tuple[Evidence, ...]
    always: str | None  # the trap that it always takes, in both modes
    loosened: tuple[str, ...]  # states in which user mode may do what else it may not

    def holds(self, verdict: str) -> bool:
        """Whether this verdict is among those found."""
        return any(evidence.verdict == verdict for evidence in self.evidence)

    @property
    def sensitive(self) -> bool:
        return self.holds(CONTROL) or self.holds(BEHAVIOUR)

    @property
    def offends(self) -> bool:
        """Sensitive and not privileged: a guest in user mode would run it unnoticed."""
        return self.sensitive and not self.holds(PRIVILEGED)

    @property
    def names(self) -> tuple[str, ...]:
        """All that holds, in the paper's order."""
        found = [name for name in (PRIVILEGED, CONTROL, BEHAVIOUR) if self.holds(name)]
        return tuple(found) if self.sensitive else (*found, INNOCUOUS)


def _shown(differences: dict[str, tuple[int | None, int | None]]) -> str:
    def number(value: int | None) -> str:
        return "as before" if value is None else f"{value:#x}"

    return ", ".join(
        f"{name} {number(first)} or {number(second)}"
        for name, (first, second) in list(differences.items())[:3]
    )


def _privileged(pairs: Sequence[tuple[Run, Run]]) -> Evidence | None:
    if any(user.trap is None for _, user in pairs):
        return None
    for supervisor, user in pairs:
        if supervisor.trap is None:
            text = f"user mode: {user.trap}; supervisor mode: no trap"
            return Evidence(PRIVILEGED, (supervisor, user), text)
    return None


def _control(runs: Sequence[Run]) -> Evidence | None:
    for run in runs:
        if run.trap is None and run.changes:
            name, (before, after) = next(iter(run.changes.items()))
            text = f"{run.mode.value} mode: {name} from {before:#x} to {after:#x}, and no trap"
            return Evidence(CONTROL, (run,), text)
    return None


def _by_mode(pairs: Sequence[tuple[Run, Run]]) -> Evidence | None:
    for supervisor, user in pairs:
        if user.trap is not None:
            continue
        if supervisor.trap is not None:
            text = f"supervisor mode: {supervisor.trap}; user mode: no trap"
            return Evidence(BEHAVIOUR, (supervisor, user), text)
        differences = supervisor.differences(user)
        if differences:
            text = f"by mode (supervisor, user): {_shown(differences)}"
            return Evidence(BEHAVIOUR, (supervisor, user), text)
        if bool(supervisor.changes) != bool(user.changes):
            name, (before, after) = next(iter({**supervisor.changes, **user.changes}.items()))
            does = supervisor if supervisor.changes else user
            text = f"only in {does.mode.value} mode: {name} from {before:#x} to {after:#x}"
            return Evidence(BEHAVIOUR, (supervisor, user), text)
    return None


def _by_state(runs: Sequence[Run]) -> Evidence | None:
    base = runs[0]
    if base.trap is not None:
        return None
    for run in runs[1:]:
        if run.trap is None and (differences := base.differences(run)):
            text = f"by {run.variation}: {_shown(differences)} ({run.mode.value} mode)"
            return Evidence(BEHAVIOUR, (base, run), text)
    return None


def judge(
    instruction: Instruction, supervisor: Sequence[Run], user: Sequence[Run],
    loosened: Sequence[Run],
) -> Verdict:
    """The verdict on one instruction.

    ``supervisor`` and ``user`` are its runs in the same states, the base state first;
    ``loosened`` are those in user mode where user mode has been given rights.
    """
    pairs = list(zip(supervisor, user, strict=True))
    found = (
        _privileged(pairs), _control([*user, *supervisor]),
        _by_mode(pairs) or _by_state(user) or _by_state(supervisor),
    )
    always = None
    if all(run.trap is not None for run in (*supervisor, *user)):
        traps = dict.fromkeys((supervisor[0].trap, user[0].trap))
        always = " or ".join(map(str, traps))
    free = tuple(run.variation for run in loosened if run.trap is None)
    return Verdict(
        instruction, (*supervisor, *user, *loosened),
        tuple(evidence for evidence in found if evidence is not None), always,
        free if found[0] is not None else (),
    )
