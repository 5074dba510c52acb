# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm campaign`: many runs of one guest, each with one thing changed."""

from __future__ import annotations

import argparse
from typing import Any

from vmm.cli.arguments import count, factor, file

EPILOG = """\
examples:
  vmm campaign sort.elf --flip registers,memory --runs 5000 --table sort.csv
  vmm campaign u-boot.vmm.toml --after "=> " --inputs commands.txt --table commands.json
  vmm campaign --snapshot prompt.snapshot --flip control --seed 7
  vmm campaign sort.elf --flip registers --runs 100000 --dask tcp://scheduler:8786

exit status: 0 all runs were made, 1 some could not be, 2 wrong usage, 125 a file, the
guest or the cluster cannot be used, 130 interrupted. docs/testing.md says more.
"""


def add(commands: Any) -> None:
    """Declare `vmm campaign`."""
    command = commands.add_parser(
        "campaign", help="many runs of one guest with varied input or flipped bits",
        epilog=EPILOG,
        description="Runs one guest many times, each time with other input or one flipped bit,"
        " and tells what came of it, beside a run with nothing changed.",
    )
    o = command.add_argument
    o("path", metavar="PATH", type=file, nargs="?", help="a guest or a description of one test")
    o("--snapshot", metavar="FILE", type=file,
      help="begin each run where this snapshot was taken (vmm run --save-snapshot)")
    o("-M", "-machine", "--machine", dest="machine", metavar="BOARD",
      help="the board, with ,key=value properties (default: as the ELF file says)")
    o("-k", dest="select", metavar="WORDS", help="which test of the description")
    o("--runs", metavar="N", type=count(1_000_000), default=1000, help="how many (1000)")
    o("--seed", metavar="N", type=int, default=0, help="another seed is another campaign (0)")
    o("--flip", metavar="WHAT", default="",
      help="comma list of registers, control, a register's name, memory, memory:START:SIZE")
    o("--inputs", metavar="FILE", type=file, help="lines, one of which is typed in each run")
    o("--after", metavar="TEXT", help="begin each run once the guest has printed this")
    o("--patience", metavar="FACTOR", type=factor, default=2.0,
      help="virtual time a run may take, as a multiple of the unchanged run's (2)")
    o("-j", dest="jobs", metavar="N", type=count(1000), help="processes (default: the processors)")
    o("--dask", metavar="ADDRESS", help="the scheduler of a Dask cluster that makes the runs")
    o("--table", metavar="FILE", type=file, help="write every run: JSON if named so, else CSV")
    command.set_defaults(function=run)


def run(o: argparse.Namespace) -> int:
    """`vmm campaign`; what it needs is loaded only now."""
    from vmm.cli import campaign_run

    return campaign_run.run(o)
