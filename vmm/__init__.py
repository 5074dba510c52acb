# SPDX-License-Identifier: GPL-2.0-or-later
"""vmm: a virtual machine monitor whose physical processors are Unicorn engines.

It boots guest binaries for SPARC (LEON3), ARM and x86 on complete boards.
Start reading in docs/architecture.md; the command is `vmm` (docs/command.md).
"""

__version__ = "0.1.0"
