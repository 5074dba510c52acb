# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm switch`: a virtual Ethernet switch for the machines of this host."""

from __future__ import annotations

import argparse
import signal
from typing import Any

from vmm.cli.arguments import file
from vmm.cli.report import Failure, say
from vmm.network.cable import CableError, SwitchServer

EPILOG = """\
examples:
  vmm switch lan.socket &
  vmm run -M virt -kernel ... -device virtio-net-device,netdev=n -netdev switch,id=n,path=lan.socket

it learns which addresses are where. Ports that are isolated (-netdev switch,...,isolated=on)
exchange frames with ports that are not, but not with each other. Ctrl-C or SIGTERM ends it.
"""


def add(commands: Any) -> None:
    """Declare `vmm switch`."""
    command = commands.add_parser(
        "switch", help="a virtual switch between machines of this host",
        description="Is an Ethernet switch that machines plug into with -netdev switch.",
        epilog=EPILOG,
    )
    command.add_argument("path", metavar="SOCKET", type=file, help="where machines find it")
    command.set_defaults(function=run)


def run(o: argparse.Namespace) -> int:
    """Switch until somebody ends it."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    try:
        server = SwitchServer(o.path)
    except CableError as error:
        raise Failure(str(error.args[0] if error.args else error)) from error
    signal.signal(signal.SIGTERM, end)
    say(f"switching at {o.path}")
    try:
        while True:
            server.serve()
    except KeyboardInterrupt:
        return 0
    finally:
        server.close()
