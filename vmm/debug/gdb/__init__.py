# SPDX-License-Identifier: GPL-2.0-or-later
"""A server for gdb: the Remote Serial Protocol over TCP or a Unix socket."""

from vmm.debug.gdb.address import AddressError, listen, parse
from vmm.debug.gdb.server import GdbServer

__all__ = ["AddressError", "GdbServer", "listen", "parse"]
