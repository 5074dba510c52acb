# SPDX-License-Identifier: GPL-2.0-or-later
"""What `vmm campaign` does once its options are read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from contextlib import closing

from vmm.cli.arguments import writable
from vmm.cli.report import Failure, UsageError, say
from vmm.machine.system_error import reason
from vmm.testing import collect
from vmm.testing.campaign import spread, table
from vmm.testing.campaign.experiment import Experiments, SpaceError
from vmm.testing.campaign.plan import Class, Plan, Row

INTERRUPTED = 130


def plan_of(o: argparse.Namespace) -> Plan:
    """The campaign that the options ask for."""
    if not o.flip and o.inputs is None:
        raise UsageError("nothing is changed: give --flip or --inputs")
    if o.path is None and o.snapshot is None:
        raise UsageError("nothing to run: give a guest, a description, or --snapshot FILE")
    try:
        wanted = collect.selection(o.select) if o.select else None
    except ValueError as error:
        raise UsageError(str(error)) from error
    try:
        if o.path is None:
            cases = [collect.kept(o.snapshot)]
        else:
            cases = collect.collect([o.path], o.machine)
    except ValueError as error:
        raise Failure(str(error)) from error
    if wanted is not None:
        cases = [case for case in cases if wanted(case)]
    if not cases:
        raise UsageError(f"-k {o.select!r} selects no test")
    if len(cases) > 1:
        raise UsageError(f"{o.path}: {len(cases)} tests; select one with -k")
    inputs: tuple[bytes, ...] = ()
    if o.inputs is not None:
        try:
            inputs = tuple(line + b"\n" for line in o.inputs.read_bytes().splitlines())
        except OSError as error:
            raise Failure(f"{o.inputs}: {reason(error)}") from error
        if not inputs:
            raise Failure(f"{o.inputs}: no lines")
    spaces = tuple(word for word in o.flip.split(",") if word)
    return Plan(cases[0], o.runs, o.seed, spaces, inputs, o.snapshot, o.after, o.patience)


def rows(plan: Plan, o: argparse.Namespace) -> Generator[Row]:
    """The runs, wherever they are made."""
    if o.dask is None:
        return spread.local(plan, o.jobs or 0)
    try:
        return spread.dask(plan, o.dask)
    except ImportError as error:
        raise Failure("--dask needs the optional extra: pip install 'vmm[dask]'") from error
    except (OSError, ValueError) as error:
        raise Failure(f"--dask {o.dask}: {error}") from error


def run(o: argparse.Namespace) -> int:
    """`vmm campaign`."""
    plan = plan_of(o)
    try:
        Experiments(plan).close()  # whatever is wrong with it is said before anything is begun
    except SpaceError as error:
        raise UsageError(f"--flip {error}") from error
    except (ValueError, OSError) as error:
        raise Failure(str(error)) from error
    writable(o.table)
    done: list[Row] = []
    interrupted = False
    with closing(rows(plan, o)) as coming:
        try:
            for row in coming:
                done.append(row)
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{len(done)} of {plan.runs} runs")
        except KeyboardInterrupt:
            interrupted = True
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if o.table is not None:
        table.write(o.table, plan, done)
    found = table.counts(done)
    print(f"{len(done)} runs: " + ", ".join(f"{n} {name}" for name, n in found.items() if n))
    if interrupted:
        say("interrupted")
        return INTERRUPTED
    return 1 if found[Class.ERROR.value] else 0
