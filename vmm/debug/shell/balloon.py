# SPDX-License-Identifier: GPL-2.0-or-later
"""The command that asks a guest for memory, by its virtio balloon."""

from __future__ import annotations

from vmm.boards.size import memory_size
from vmm.debug.shell.command import Command, CommandError
from vmm.debug.shell.shell import Shell
from vmm.machine.channel import Channel

KIND = "virtio-balloon"
PAGE_SHIFT, MIB_SHIFT = 12, 20


class Balloon(Command):
    names = ("balloon",)
    group = "Acting"
    usage = ("", "SIZE")
    help = (
        "Have the guest go on with memory of SIZE (64M; its balloon gets the rest, and the host its"
        " frames), or show what its balloon has and what the guest says of its memory."
    )

    def run(self, shell: Shell, text: str) -> None:
        machine = shell.machine
        channel = self._channel(shell)
        if text:
            ram = sum(one.size for one in machine.bus.memory if not one.rom and not one.secure)
            try:
                size = memory_size(text)
            except ValueError as error:
                raise CommandError(f"balloon {text}: {error}") from error
            if size > ram:
                raise CommandError(f"balloon {text}: the machine has {ram >> MIB_SHIFT} MiB")
            channel.arrive(str(ram - size >> PAGE_SHIFT).encode())
            shell.line(f"the guest is asked for {ram - size >> MIB_SHIFT} MiB")
            return
        channel.arrive(b"stats")
        counters = machine.device_counters[channel.name]()
        shell.table(("what", "value"), [(name, str(value)) for name, value in counters.items()])

    def _channel(self, shell: Shell) -> Channel:
        for channel in shell.machine.channels:
            if channel.name.startswith(KIND):
                return channel
        raise CommandError("there is no balloon: -device virtio-balloon")


COMMANDS = (Balloon,)
