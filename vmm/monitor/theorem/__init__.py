# SPDX-License-Identifier: GPL-2.0-or-later
"""Popek and Goldberg's theorem, by experiment.

Each instruction of a table is run on the engine in supervisor and in user mode
over varied privileged state; what traps and what changes is observed, and the
definitions of 1974 are applied to the observations (`verdict`).  No table here
says what any instruction is.

    instruction   what is put to the experiment
    laboratory    how one instruction is run and watched
    verdict       the definitions
    ARCH          the states of a processor, and what of them is the user's
    ARCH_table    encodings
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from vmm.monitor.theorem.instruction import Instruction, Mode, Run, Variation
from vmm.monitor.theorem.laboratory import Bench, Laboratory
from vmm.monitor.theorem.verdict import Evidence, Verdict, judge

__all__ = [
    "Classification", "Evidence", "Instruction", "Run", "Verdict", "classify", "offenders",
    "table",
]

BENCHES = {"sparc": "SparcBench", "arm": "ArmBench", "x86": "X86Bench"}
DEFAULT_MODELS = {"sparc": "leon3", "arm": "cortex-a15", "x86": "qemu32"}


@dataclass(frozen=True, slots=True)
class Classification:
    """The verdicts on all instructions of one processor."""

    architecture: str
    model: str
    states: int  # how many an instruction was run in, both modes together
    verdicts: tuple[Verdict, ...]

    @property
    def offenders(self) -> tuple[Verdict, ...]:
        """Sensitive instructions that are not privileged."""
        return tuple(verdict for verdict in self.verdicts if verdict.offends)

    @property
    def trap_and_emulate(self) -> bool:
        """Whether theorem 1's condition holds."""
        return not self.offenders


def _bench(architecture: str, model: str) -> Bench:
    module = import_module(f"vmm.monitor.theorem.{architecture}")
    bench: Bench = getattr(module, BENCHES[architecture])(model)
    return bench


def _all_runs(
    lab: Laboratory, instructions: Sequence[Instruction], mode: Mode,
    variations: Sequence[Variation],
) -> list[list[Run]]:
    """By instruction, its runs in the order of the variations."""
    by_variation = [list(lab.runs(instructions, mode, one)) for one in variations]
    return [list(runs) for runs in zip(*by_variation, strict=True)]


def table(architecture: str) -> Sequence[Instruction]:
    """The instructions that are classified."""
    found: Sequence[Instruction] = import_module(f"vmm.monitor.theorem.{architecture}_table").TABLE
    return found


def classify(
    architecture: str, model: str | None = None, instructions: Sequence[Instruction] | None = None
) -> Classification:
    """Run the experiment on a processor of this model; UnknownModel if there is none such.

    ``instructions`` replaces the architecture's own table.
    """
    model = model or DEFAULT_MODELS[architecture]
    bench = _bench(architecture, model)
    if instructions is None:
        instructions = table(architecture)
    lab = Laboratory(bench)
    strict = [one for one in bench.variations if not one.loosens]
    loose = [one for one in bench.variations if one.loosens]
    supervisor = _all_runs(lab, instructions, Mode.SUPERVISOR, strict)
    user = _all_runs(lab, instructions, Mode.USER, strict)
    loosened = _all_runs(lab, instructions, Mode.USER, loose) or [[] for _ in instructions]
    verdicts = tuple(map(judge, instructions, supervisor, user, loosened))
    return Classification(architecture, model, 2 * len(strict) + len(loose), verdicts)


@cache
def offenders(architecture: str, model: str | None = None) -> tuple[str, ...]:
    """Names of the sensitive instructions that a guest in user mode would run unnoticed."""
    return tuple(verdict.instruction.name for verdict in classify(architecture, model).offenders)
