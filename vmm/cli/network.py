# SPDX-License-Identifier: GPL-2.0-or-later
"""`-netdev` and `--pace`: what a run has to do with the world outside."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from vmm.cli.report import Failure, UsageError
from vmm.machine.machine import Machine


def declare(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    o = command.add_argument_group("networks and time").add_argument
    o("-netdev", "--netdev", metavar="NETWORK", action="append", default=[],
      help="user,id=ID[,hostfwd=tcp::PORT-:PORT] or switch,id=ID,path=SOCKET, for the network"
           " device with netdev=ID (repeatable); ,capture=FILE writes what passes as pcapng")
    o("--pace", action="store_true",
      help="virtual time keeps to the clock on the wall, instead of running as fast as it can")


def plug(machine: Machine, o: argparse.Namespace, stack: ExitStack, recorded: bool) -> None:
    """Plug the networks of the command line in, until the stack is closed."""
    if not o.netdev:
        if machine.ports and o.snapshot is None:
            raise UsageError(f"-device: netdev={machine.ports[0].name}: no -netdev has that id")
        return
    from vmm.network import netdev

    try:
        networks = [netdev.parse(text) for text in o.netdev]
    except netdev.NetdevError as error:
        raise UsageError(f"-netdev: {error}") from error
    for one in networks:
        if [other.id for other in networks].count(one.id) > 1:
            raise UsageError(f"-netdev: two with id={one.id}")
        try:
            netdev.plug(machine, one, stack, recorded)
        except netdev.NetdevError as error:
            raise Failure(f"-netdev {one.id}: {error}") from error
    names = {one.id for one in networks}
    for port in machine.ports:
        if port.name not in names:
            raise UsageError(f"-device: netdev={port.name}: no -netdev has that id")
