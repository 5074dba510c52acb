# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm test`: run guest tests in parallel and say what failed, and why."""

from __future__ import annotations

import argparse
from typing import Any

from vmm.cli.arguments import count, file, seconds

EPILOG = """\
examples:
  vmm test build/guests/arm/hello.elf         one guest: it passes if it ends with success
  vmm test tests/ -j 4 --junit report.xml     all *.vmm.toml below a directory
  vmm test tests/ -k "timer and not slow" --repeat 3
  vmm test -M virt,secure=on build/*.elf

exit status: 0 all tests passed, 1 some did not, 2 wrong usage or nothing selected,
125 a file cannot be used, 130 interrupted. docs/testing.md describes *.vmm.toml.
"""


def add(commands: Any) -> None:
    """Declare `vmm test`."""
    command = commands.add_parser(
        "test", help="run guest tests in parallel", epilog=EPILOG,
        description="Runs guests (ELF files), test descriptions (*.vmm.toml), or all descriptions"
        " below directories.",
    )
    o = command.add_argument
    o("paths", metavar="PATH", nargs="+", type=file, help="a guest, description or directory")
    o("-M", "-machine", "--machine", dest="machine", metavar="BOARD",
      help="the board of guests, with ,key=value properties (default: as the ELF file says)")
    o("-k", dest="select", metavar="WORDS",
      help="only tests whose name or tags match: words with and, or, not, ( )")
    o("-j", dest="jobs", metavar="N", type=count(1000), help="processes (default: the processors)")
    o("--list", action="store_true", help="print the tests' names and run none")
    o("--fail-fast", action="store_true", help="stop at the first test that fails")
    o("--repeat", metavar="N", type=count(1000), default=1,
      help="run each test so often; it passes if all are the same run, trap by trap")
    o("--timeout", metavar="SECONDS", type=seconds, help="limit of virtual time of each run")
    o("--wall-timeout", metavar="SECONDS", type=seconds, help="limit of real time of each run")
    o("--junit", metavar="FILE", type=file, help="write JUnit XML")
    o("--save", metavar="FOLDER", type=file,
      help="keep every console here, and a snapshot of each machine that failed")
    command.set_defaults(function=run)


def run(o: argparse.Namespace) -> int:
    """`vmm test`; what it needs is loaded only now, so that no other command waits for it."""
    from vmm.cli import test_run

    return test_run.run(o)
