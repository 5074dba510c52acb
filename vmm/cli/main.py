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
import importlib
import os
import sys
import traceback
from typing import NoReturn

from vmm.cli.report import Failure, UsageError, say
from vmm.cli.version import Version
from vmm.machine.outcome import STATUS_FAILURE, STATUS_USAGE

INTERRUPTED = 130  # as shells report SIGINT
COMMANDS = (
    "run", "shell", "test", "campaign", "bench", "theorem", "demo", "doctor", "showcase",
    "switch", "completion",
)
EPILOG = """\
exit status:
  0 to 255  vmm run: the guest's own; else 0, or 1 if something was not as it should be
  2         wrong usage
  120       the guest crashed
  124       a time limit was reached
  125       vmm cannot do its work: a file, the installation, the engine
  130       interrupted

vmm COMMAND --help explains one command. VMM_DEBUG=1 shows the traceback of an error of ours.
"""


class Parser(argparse.ArgumentParser):
    """Wrong usage is one line and status 2."""

    def error(self, message: str) -> NoReturn:
        say(f"{message} (see {self.prog} --help)")
        raise SystemExit(STATUS_USAGE)


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, or as much of it as ``command`` needs: each loads what it uses."""
    top = Parser(
        prog="vmm",
        description="A hardware-accurate SPARC, ARM and x86 virtual machine monitor.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )
    top.add_argument("--version", action=Version)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for name in (command,) if command in COMMANDS else COMMANDS:
        importlib.import_module(f"vmm.cli.{name}").add(commands)
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
        words = sys.argv[1:] if arguments is None else arguments
        options = parser(words[0] if words else None).parse_args(words)
        if not hasattr(options, "function"):
            names = ", ".join(COMMANDS)
            raise UsageError(f"which command? one of: {names} (see vmm --help)")
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
        elif isinstance(error, OSError) and error.filename is not None:
            say(f"{os.fsdecode(error.filename)}: {(error.strerror or str(error)).lower()}")
        else:
            say(f"internal error: {type(error).__name__}: {error} (VMM_DEBUG=1 shows where)")
        status = STATUS_FAILURE
    if not close_stdout() and status == 0:
        status = STATUS_FAILURE
    return status
