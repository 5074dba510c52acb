# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm demo`: boot the guests that the package carries, on every processor.

Needs no compiler and no other file: `hello` says what it runs on, `timers`
waits for timer interrupts and compares clocks.  What they print is shown as
they print it.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from vmm.api import Ending, Machine, demo_guest
from vmm.boards import BOARDS, BoardInfo
from vmm.cli.report import Failure
from vmm.cli.showcase import SUCCESS

GUESTS = {"hello": "", "timers": "== done\n"}  # and what each prints last, if all went well
WALL_LIMIT = 300.0  # seconds of real time for one guest


def add(commands: Any) -> None:
    """Declare `vmm demo`."""
    command = commands.add_parser(
        "demo", help="boot small guests on all three processors; needs nothing else",
        description="Boots the small guests that the package carries on every board and shows"
        " their consoles: no compiler, no QEMU and no other file is needed.",
        epilog="exit status: 0 if every guest succeeded, 1 if not, 2 wrong usage, 125 the guests"
        " are not there.",
    )
    command.add_argument("--guest", choices=tuple(GUESTS), help="only this one")
    command.set_defaults(function=run)


def show(data: bytes) -> None:
    """Guest output, as it comes."""
    sys.stdout.write(data.decode(errors="replace").replace("\r", ""))
    sys.stdout.flush()


def boot(board: BoardInfo, guest: str) -> bool:
    """Boot one guest; whether it says that all went well."""
    try:
        kernel = demo_guest(f"{board.architecture}/{guest}")
    except FileNotFoundError as error:
        raise Failure(str(error)) from error
    print(f"=== {guest} on {board.name}: {board.description}", flush=True)
    with Machine(board.name, kernel=kernel) as machine:
        machine.machine.console.sinks.append(show)
        started = time.perf_counter()
        outcome = machine.run(wall_timeout=WALL_LIMIT)
        took = time.perf_counter() - started
        passed = (
            outcome.ending is Ending.EXIT
            and outcome.status == SUCCESS.get(board.name, 0)
            and machine.machine.console.printed > 0
            and machine.output.replace("\r", "").endswith(GUESTS[guest])
        )
        print(f"--- {'passed' if passed else 'FAILED'}: {outcome.text}; {machine.count:,} "
              f"instructions, {machine.seconds:.3f} virtual s, {took:.2f} s\n", flush=True)
    return passed


def run(o: argparse.Namespace) -> int:
    """`vmm demo`."""
    guests = [o.guest] if o.guest else list(GUESTS)
    passed = [boot(board, guest) for guest in guests for board in BOARDS.values()]
    print(f"{sum(passed)} of {len(passed)} passed")
    return 0 if all(passed) else 1
