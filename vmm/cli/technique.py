# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that say how a guest kernel is virtualized: `--technique`, `--shadow`, `--profile`."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmm.boards import BoardInfo
from vmm.cli import options, recording
from vmm.cli.report import UsageError, show
from vmm.debug.trace.output import Output
from vmm.machine.machine import Machine

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor  # what most runs do without is imported where it is needed

TABLE = "-"  # --profile -: a table on stderr


def declare(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    o = command.add_argument_group("virtualization").add_argument
    o("--technique", metavar="NAME",
      help="run the guest's kernel virtualized; help: list the techniques")
    o("--shadow", metavar="POLICY", help="how its page tables are followed; help: list them")
    o("--trusted", action="store_true",
      help="trap_and_emulate also where instructions escape it: the guest avoids them")
    o("--assist-controls", metavar="LIST",
      help="what leaves an assisted guest for its monitor: names, all; help: list them")
    o("--profile", metavar="FILE",
      help="write where exits came from as JSON; -: a table on stderr")


def answer(o: argparse.Namespace) -> int | None:
    """Answer ``help``; UsageError for options that do not go together."""
    if "help" in (o.technique, o.shadow):
        from vmm.monitor import POLICIES, TECHNIQUES

        known = TECHNIQUES if o.technique == "help" else POLICIES
        for name, text in known.items():
            print(f"{name:<18} {text}")
        return 0
    if o.assist_controls == "help":
        if o.machine is None:
            raise UsageError("--assist-controls help wants a board: -M")
        return list_controls(options.find_board(o))
    if o.technique is None:
        for option, value in (
            ("--shadow", o.shadow), ("--profile", o.profile), ("--trusted", o.trusted),
            ("--assist-controls", o.assist_controls),
        ):
            if value:
                raise UsageError(f"{option} needs --technique")
    elif o.snapshot is not None:
        raise UsageError("--technique wants a machine that has not run: no --snapshot")
    return None


def virtualize(machine: Machine, o: argparse.Namespace) -> Monitor | None:
    """Have the guest run as the options say; UsageError if it cannot."""
    if o.technique is None:
        return None
    wanted: dict[str, Any] = {"trusted": True} if o.trusted else {}
    if o.trusted and o.technique != "trap_and_emulate":
        raise UsageError("--trusted goes with --technique trap_and_emulate")
    if o.assist_controls:
        wanted["controls"] = controls(machine, o)
    from vmm import monitor as techniques
    from vmm.monitor.counters import Profile

    try:
        monitor = techniques.virtualize(machine, o.technique, o.shadow, **wanted)
    except techniques.MonitorError as error:
        raise UsageError(f"--technique {o.technique}: {error}") from error
    if o.profile:
        monitor.profile = Profile()
    return monitor


def controls(machine: Machine, o: argparse.Namespace) -> object:
    """What ``--assist-controls`` names; UsageError if it goes with nothing, or a name is none."""
    from vmm.monitor.assist.control_block import Controls  # few runs are assisted

    if o.technique != "assist":
        raise UsageError("--assist-controls goes with --technique assist")
    processor = machine.processor
    try:
        return Controls.named(
            processor.architecture, processor.trap_kinds(), o.assist_controls.split(","))
    except ValueError as error:
        raise UsageError(f"--assist-controls: {error}; help lists them") from None


def list_controls(board: BoardInfo) -> int:
    """The answer to ``--assist-controls help``: each name on a line.

    Of traps that are numbered the first and the last are shown.
    """
    from vmm.monitor.assist.control_block import control_names

    traps = import_module(f"vmm.cpu.{board.architecture}.traps").NAMES.values()
    for name in control_names(board.architecture, {}):
        print(name)
    for _, alike in groupby(traps, lambda name: name.rstrip("0123456789abcdef_")):
        numbered = list(alike)
        print(numbered[0] if len(numbered) == 1 else f"{numbered[0]} to {numbered[-1]}")
    return 0


def profile_file(o: argparse.Namespace, stack: ExitStack) -> Output[str] | None:
    """The file of ``--profile``, opened before the guest runs; Failure names it."""
    if o.profile in (None, TABLE):
        return None
    return recording.create(Path(o.profile), stack)


def finish(monitor: Monitor, o: argparse.Namespace, file: Output[str] | None) -> None:
    """Write the profile, if one was asked for."""
    from vmm.monitor import hot

    if file is not None:
        file.write(json.dumps(hot.as_json(monitor), indent=2) + "\n")
    elif o.profile == TABLE:
        for line in hot.table(monitor):
            show(line)
