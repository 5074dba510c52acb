# SPDX-License-Identifier: GPL-2.0-or-later
"""The `vmm` command: subcommands, and what becomes of errors.

Every subcommand is a module with `add(subparsers)`, which declares its options
and sets the function that runs it.  A function returns the exit status, or
raises `UsageError` (status 2) or `Failure` (125); both become one line on
stderr.  docs/exit-status.md lists the statuses.  With VMM_DEBUG=1 an error of
ours shows its traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from typing import NoReturn

import vmm
from vmm.cli import bench, doctor, run, showcase
from vmm.cli.report import Failure, UsageError, say
from vmm.machine.outcome import STATUS_FAILURE, STATUS_USAGE

INTERRUPTED = 130  # as shells report SIGINT


class Parser(argparse.ArgumentParser):
    """Wrong usage is one line and status 2."""

    def error(self, message: str) -> NoReturn:
        say(f"{message} (see {self.prog} --help)")
        raise SystemExit(STATUS_USAGE)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(
        prog="vmm",
        description="A hardware-accurate SPARC, ARM and x86 virtual machine monitor.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"vmm {vmm.__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for module in (run, doctor, showcase, bench):
        module.add(commands)
    return top


def close_stdout() -> bool:
    """Flush standard output; False if nobody reads it any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at exit, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    try:
        options = parser().parse_args(arguments)
        if not hasattr(options, "function"):
            raise UsageError("which command? one of: run, doctor, showcase, bench (see vmm --help)")
        status = int(options.function(options))
    except UsageError as error:
        say(str(error))
        status = STATUS_USAGE
    except KeyboardInterrupt:
        say("interrupted")
        status = INTERRUPTED
    except BrokenPipeError:
        status = STATUS_FAILURE
    except Exception as error:
        if os.environ.get("VMM_DEBUG") == "1":
            traceback.print_exc()
        elif isinstance(error, Failure):
            say(str(error))
        else:
            say(f"internal error: {type(error).__name__}: {error} (VMM_DEBUG=1 shows where)")
        status = STATUS_FAILURE
    if not close_stdout() and status == 0:
        status = STATUS_FAILURE
    return status
