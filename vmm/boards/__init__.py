"""The boards, by name.  `create` builds a machine from a user's options."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from vmm.boards.options import BoardError, Options
from vmm.machine.machine import Machine
from vmm.machine.power import PowerOn

__all__ = ["BOARDS", "BoardError", "BoardInfo", "Options", "create"]


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """One board: its name, what it models, and the module that builds it."""

    name: str
    architecture: str
    description: str
    module: str
    default_cpu: str
    default_ram: int  # bytes
    processors: int = 1  # at most


MIB = 1 << 20
BOARDS = {
    board.name: board
    for board in (
        BoardInfo("leon3", "sparc", "Gaisler LEON3 system on chip (QEMU: leon3_generic)",
                  "vmm.boards.leon3", "leon3", 128 * MIB),
        BoardInfo("virt", "arm", "ARM virtual board (QEMU: virt)",
                  "vmm.boards.virt", "cortex-a15", 128 * MIB, 8),
        BoardInfo("pc", "x86", "IBM PC compatible (QEMU: pc)",
                  "vmm.boards.pc", "qemu32", 128 * MIB),
    )
}
VIRTIO_BOARDS = ("leon3", "virt", "pc")
ALIASES = {"leon3_generic": "leon3"}


def find(name: str) -> BoardInfo:
    """The board of that name, or of a board file; BoardError lists the known ones."""
    if name.endswith(".toml"):
        from vmm.boards import user

        architecture, description, model, ram = user.describe(Path(name))
        return BoardInfo(name, architecture, description, "vmm.boards.user", model, ram)
    try:
        return BOARDS[ALIASES.get(name, name)]
    except KeyError:
        known = ", ".join(BOARDS)
        raise BoardError(f"unknown board {name!r}; known: {known}, or a FILE.toml") from None


def _is_command_line(text: str) -> bool:
    try:
        return b"\0" not in text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False


def create(options: Options) -> Machine:
    """Build the machine, load what is to run, and reset it: ready for `Machine.run`.

    BoardError, LoadError and UnknownModel (all ValueError) say in one line what
    does not fit.
    """
    board = find(options.board)
    if options.boot_menu and board.architecture != "x86":
        raise BoardError(f"board {board.name} has no boot menu")
    if options.debugcon and board.architecture != "x86":
        raise BoardError(f"board {board.name} has no firmware debug port")
    if board.name == "leon3" and options.initrd is not None:
        raise BoardError("board leon3 takes no initrd")
    if board.name == "leon3" and options.append:
        raise BoardError("board leon3 has no way to pass a command line on: no -append")
    if not 1 <= options.processors <= board.processors:
        most = "one processor" if board.processors == 1 else f"1 to {board.processors} processors"
        raise BoardError(f"board {board.name} has {most}, not {options.processors}")
    if not _is_command_line(options.append):
        raise BoardError("-append takes text without NULs")
    if board.name not in VIRTIO_BOARDS and (
        options.drives or options.devices or options.objects
    ):
        raise BoardError(f"board {board.name} has no place for virtio devices")
    machine = import_module(board.module).build(board, options)
    assert isinstance(machine, Machine)
    machine.options = options
    if options.reboots and not options.bare:
        machine.power_on = PowerOn(machine)
    return machine
