# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of `vmm run` for a debugger: ``-s``, ``-S``, ``-gdb``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.cli.report import Failure, UsageError, say
from vmm.machine.machine import Machine

if TYPE_CHECKING:
    from vmm.debug.gdb import GdbServer

DEFAULT = "tcp::1234"


def declare(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    o = command.add_argument_group("a debugger (docs/gdb.md)").add_argument
    o("-s", action="store_true", dest="gdb_default", help=f"the same as -gdb {DEFAULT}")
    o("-S", action="store_true", dest="gdb_wait", help="run nothing before gdb says so")
    o("-gdb", "--gdb", metavar="WHERE",
      help="serve gdb at tcp::PORT (loopback), tcp:HOST:PORT or unix:PATH")


def check(o: argparse.Namespace) -> None:
    """Refuse options that make no sense together, or an address that cannot be read."""
    if o.gdb_default and o.gdb:
        raise UsageError("-s and -gdb both say where gdb is served: give one of them")
    if o.gdb_wait and not (o.gdb_default or o.gdb):
        raise UsageError("-S waits for gdb, which needs -s or -gdb WHERE")
    if o.breaks and (o.gdb_default or o.gdb):
        raise UsageError("--break opens the trap shell: set breakpoints in gdb")
    if o.gdb:
        from vmm.debug.gdb import AddressError, parse

        try:
            parse(o.gdb)
        except AddressError as error:
            raise UsageError(f"-gdb {error}") from error


def serve(machine: Machine, o: argparse.Namespace, idle: Callable[[], None]) -> GdbServer | None:
    """The server that the options ask for, listening; ``idle`` is called while it waits."""
    where = DEFAULT if o.gdb_default else o.gdb
    if not where:
        return None
    from vmm.debug.gdb import GdbServer, listen, parse
    from vmm.debug.session import Session

    try:
        listening = listen(parse(where))
    except OSError as error:
        raise Failure(f"-gdb {where}: {error}") from error
    server = GdbServer(Session(machine), listening, wait=o.gdb_wait, idle=idle)
    say(f"gdb: target remote {server.name}")
    return server
