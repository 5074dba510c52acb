# SPDX-License-Identifier: GPL-2.0-or-later
"""The trap shell: one table of commands on a debug session (docs/shell.md).

`run_command` is the whole of it for other programs, such as gdb's ``monitor``;
`vmm shell` is the same with a prompt.
"""

from vmm.debug.shell.shell import Shell, run_command

__all__ = ["Shell", "run_command"]
