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
from typing import Any, NoReturn

from vmm.cli import mistake, streams
from vmm.cli.help import Formatter
from vmm.cli.report import Failure, UsageError, say
from vmm.cli.version import Version
from vmm.machine.outcome import STATUS_FAILURE, STATUS_USAGE
from vmm.machine.system_error import reason

INTERRUPTED = 130  # as shells report SIGINT
COMMANDS = (
    "run", "shell", "test", "campaign", "bench", "theorem", "demo", "doctor", "showcase",
    "switch", "completion",
)
EPILOG = """\
examples:
  vmm demo                                       small guests on all three processors
  vmm run -M help                                the boards
  vmm run -M virt -kernel kernel.elf             a kernel, on this terminal (Ctrl-A x quits)
  vmm shell -M pc -kernel kernel.elf -e trap     its first trap, in the trap shell
  vmm test tests/ --junit report.xml             guest tests in CI

exit status:
  0 to 255  vmm run: the guest's own; else 0, or 1 if something was not as it should be
  2         wrong usage
  120       the guest crashed
  124       a time limit was reached
  125       vmm cannot do its work: a file, the installation, the engine
  130       interrupted

environment:
  VMM_DEBUG=1  show the traceback of an error of ours

vmm COMMAND --help explains one command; the pages in docs say more (docs/command.md).
"""


class Parser(argparse.ArgumentParser):
    """Wrong usage is one line and status 2."""

    helped_by = ""  # which command's --help has more, if not the parser's own

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, "allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        say(f"{message} (see {self.helped_by or self.prog} --help)")
        raise SystemExit(STATUS_USAGE)


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, or as much of it as ``command`` needs: each loads what it uses."""
    top = Parser(
        prog="vmm",
        description="Boots guests for SPARC (LEON3), ARM and x86 on complete boards, exactly as"
        " hardware would: to run, debug, test and virtualize kernels, hypervisors and firmware."
        " Two runs of one guest are the same run.",
        usage="vmm COMMAND [OPTION ...]",
        epilog=EPILOG,
    )
    if command in COMMANDS:
        top.helped_by = f"vmm {command}"  # words that it does not know are left to this parser
    top.add_argument("--version", action=Version)
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", prog="vmm", parser_class=Parser)
    for name in (command,) if command in COMMANDS else COMMANDS:
        importlib.import_module(f"vmm.cli.{name}").add(commands)
    return top


def command(words: list[str]) -> int:
    """Do what the words ask for; returns the exit status."""
    options = parser(words[0] if words else None).parse_args(words)
    if not hasattr(options, "function"):
        names = ", ".join(COMMANDS)
        raise UsageError(f"which command? one of: {names} (see vmm --help)")
    return int(options.function(options))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    streams.complete()
    failed: Exception | None = None
    status = STATUS_FAILURE
    try:
        status = command(sys.argv[1:] if arguments is None else arguments)
    except UsageError as error:
        say(str(error))
        status = STATUS_USAGE
    except KeyboardInterrupt:
        say("interrupted")
        status = INTERRUPTED
    except SystemExit as ended:  # argparse: --help, wrong usage
        status = int(ended.code or 0)
    except Exception as error:
        failed = error
    lost = streams.lost()
    failed = failed or lost
    if failed is not None and os.environ.get("VMM_DEBUG") == "1":
        traceback.print_exception(failed)
    elif failed is not None and not isinstance(failed, BrokenPipeError):  # nobody listens
        say(explained(failed))
    return status if lost is None else status or STATUS_FAILURE


def explained(error: Exception) -> str:
    """One line about what ended the command."""
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {reason(error)}"
    return mistake.described(error)
