# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm theorem`: which instructions keep a processor from being virtualized by traps alone."""

from __future__ import annotations

import argparse
import json
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from vmm.cli.options import board_and_properties, find_board
from vmm.cli.report import UsageError

ARCHITECTURES = ("sparc", "arm", "x86")
EPILOG = """\
examples:
  vmm theorem -M virt                            every instruction, and the verdict
  vmm theorem -cpu qemu32 --instruction popf     why one is an offender

exit status: 0, 2 wrong usage. docs/techniques.md says what follows from it.
"""


def add(commands: Any) -> None:
    """Declare `vmm theorem`."""
    command = commands.add_parser(
        "theorem", help="classify a processor's instructions after Popek and Goldberg",
        description="Runs each system instruction of a processor in supervisor and in user mode"
        " over varied privileged state, and classifies it by what traps and what changes, after"
        " Popek and Goldberg (1974). Says whether trap-and-emulate suffices, or names the"
        " offenders.",
        epilog=EPILOG,
    )
    o = command.add_argument
    o("-M", "-machine", "--machine", dest="machine", metavar="BOARD",
      help="the processor of a board; -M help lists them")
    o("-cpu", "--cpu", metavar="MODEL", help="the processor model; help: list them")
    o("--instruction", metavar="NAME", help="the evidence for one instruction, in full")
    o("--json", action="store_true", help="the verdicts with their evidence as JSON")
    command.set_defaults(function=run)


def processors() -> dict[str, str]:
    """Every model's architecture."""
    return {
        model: architecture for architecture in ARCHITECTURES
        for model in import_module(f"vmm.cpu.{architecture}.models").MODELS
    }


def choose(o: argparse.Namespace) -> tuple[str, str]:
    """Architecture and model; UsageError if the options name none, or two that do not fit."""
    known = processors()
    if o.cpu is not None and o.cpu not in known:
        raise UsageError(f"no processor {o.cpu!r}; -cpu help lists them")
    if o.machine is None:
        if o.cpu is None:
            raise UsageError("which processor? -cpu MODEL (-cpu help lists them) or -M BOARD")
        return known[o.cpu], o.cpu
    board, (_, properties) = find_board(o), board_and_properties(o.machine)
    if properties:
        raise UsageError(f"-M {o.machine}: the processor is taken without the board's properties")
    model = o.cpu or board.default_cpu
    if known.get(model) != board.architecture:
        raise UsageError(f"board {board.name} has no processor {model!r}")
    return board.architecture, model


def list_processors() -> int:
    """The answer to ``-cpu help``."""
    for model, architecture in processors().items():
        print(f"{model:<12} {architecture}")
    return 0


def run(o: argparse.Namespace) -> int:
    """`vmm theorem`."""
    if o.cpu == "help":
        return list_processors()
    if o.machine == "help":
        from vmm.cli.options import list_boards

        return list_boards()
    architecture, model = choose(o)
    from vmm.monitor.theorem import classify, report, table

    chosen = None
    if o.instruction is not None:
        known = {one.name: one for one in table(architecture)}
        if o.instruction not in known:
            near = ", ".join(get_close_matches(o.instruction, known)) or "see vmm theorem"
            raise UsageError(f"{model} has no instruction {o.instruction!r} to classify ({near})")
        chosen = [known[o.instruction]]
    found = classify(architecture, model, chosen)
    if o.json:
        print(json.dumps(report.values(found, o.instruction is not None), indent=2))
    elif o.instruction is not None:
        for verdict in found.verdicts:
            print("\n".join(report.evidence(verdict)))
    else:
        print("\n".join(report.table(found)))
    return 0
