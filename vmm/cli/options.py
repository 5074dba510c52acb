# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of every command that boots a guest, spelled as QEMU's users know them.

`declare` adds them to a command, `answer` deals with those that only ask
(``-M help``), and `build` makes the machine that they describe.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from vmm import boards
from vmm.boards import attachments, virtio
from vmm.boards.attachments import AttachmentError
from vmm.boards.options import BoardError, Options
from vmm.boards.options import board_and_properties as named_board
from vmm.cli import recording
from vmm.cli.arguments import file, seconds
from vmm.cli.report import Failure, UsageError
from vmm.cli.size import memory_size
from vmm.cpu.processor import UnknownModel
from vmm.debug.trace import files, topics
from vmm.machine.machine import Machine
from vmm.native.library import NativeError


def declare(command: argparse.ArgumentParser) -> None:
    """Add the options that describe the machine, the guest, its console and what is watched."""
    o = command.add_argument_group("the machine").add_argument
    o("-M", "-machine", "--machine", dest="machine", metavar="BOARD",
      help="the board, or a board file (*.toml), with ,key=value properties; help: list them")
    o("-cpu", "--cpu", metavar="MODEL", help="the processor model; help: list the board's")
    o("-m", metavar="SIZE", dest="memory", help="RAM: 64M, 1G, or 128 (MiB)")
    o("-smp", "--smp", metavar="COUNT", default="1", help="processors (virt: up to 8)")
    o = command.add_argument_group("the guest").add_argument
    o("-kernel", "--kernel", metavar="FILE", type=file,
      help="guest: ELF, Linux, multiboot or flat image")
    o("-bios", "--bios", metavar="FILE", type=file, help="firmware image to start instead of ours")
    o("-initrd", "--initrd", metavar="FILE", type=file, help="the kernel's initial RAM disk")
    o("-append", "--append", metavar="TEXT", default="", help="the kernel's command line")
    o("-drive", "--drive", metavar="OPTIONS", action="append", default=[], dest="drives",
      help="a disk: file=IMAGE,if=virtio,format=raw,readonly=on,snapshot=on,id=NAME")
    o("-snapshot", action="store_true", dest="keep_images",
      help="write to no disk image: what the guest writes is in memory (and in snapshots)")
    o("-device", "--device", metavar="NAME", action="append", default=[], dest="devices",
      help="a device with ,key=value properties; help: list them")
    o("-chardev", "--chardev", metavar="KIND", action="append", default=[],
      help="where a port with chardev=ID prints: file,id=ID,path=PATH, stdio,id=ID or null,id=ID")
    o("-object", "--object", metavar="KIND", action="append", default=[], dest="objects",
      help="what a device refers to: rng-random,id=NAME is the host's entropy")
    o("-boot", "--boot", metavar="OPTIONS", help="menu=on: firmware offers a boot menu (pc)")
    o("-action", "--action", metavar="WHAT", choices=("reboot=reset", "reboot=shutdown"),
      default="reboot=shutdown", help="a guest's reset: reboot=reset begins anew,"
      " reboot=shutdown (default) ends the run")
    o("-no-reboot", "--no-reboot", action="store_const", const="reboot=shutdown", dest="action",
      help="the same as -action reboot=shutdown")
    o("-semihosting", "--semihosting", action="store_true", help="accepted: always on")
    o("--snapshot", "-loadvm", metavar="FILE", type=file,
      help="go on from a snapshot, in place of a board and a guest")
    o = command.add_argument_group("the console").add_argument
    o("-serial", "--serial", metavar="WHERE", default="stdio",
      help="the console: stdio (default), file:PATH or none")
    o("-debugcon", "--debugcon", metavar="WHERE", default="none",
      help="the firmware's debug port (pc: 0x402): stdio, file:PATH or none (default)")
    o("-nographic", "--nographic", action="store_true", help="accepted: there is no other way")
    o("--script", metavar="FILE", type=file, help='lines: expect "TEXT", send "TEXT"')
    o = command.add_argument_group("limits").add_argument
    o("--timeout", metavar="SECONDS", type=seconds, help="limit of virtual time (status 124)")
    o("--wall-timeout", metavar="SECONDS", type=seconds, help="limit of real time (status 124)")
    o = command.add_argument_group("what is watched and written").add_argument
    o("-d", metavar="TOPICS", dest="topics", help="report on topics (comma list); help: list them")
    o("-D", metavar="FILE", dest="log", type=file, help="where -d reports go instead of stderr")
    o("-dfilter", metavar="RANGES", dest="dfilter",
      help="report on blocks of code (cpu, exec, in_asm) only in FIRST..LAST,FIRST+SIZE,...")
    o("--trace", metavar="FORMAT:FILE", action="append",
      help="write a trace (repeatable); help: list the formats")
    o("--intercept", metavar="LIST", help="traps that go through the monitor: names, numbers, all;"
      " help: list them")
    o("--delivery", choices=("native", "python"), default="native", help="who enters traps")
    o("--stats", metavar="FILE", type=file, help="write counters as JSON")
    o("--ledger", metavar="FILE", type=file, help="write a line for every trap")


# -- reading the options --------------------------------------------------------


def board_and_properties(text: str) -> tuple[str, dict[str, str]]:
    """``virt,secure=on`` as a name and its properties."""
    try:
        return named_board(text)
    except BoardError as error:
        raise UsageError(f"-M {error}") from error


def processors(text: str) -> int:
    """The number in ``-smp 2`` or ``-smp cpus=2``."""
    number = text.removeprefix("cpus=")
    if not number.isascii() or not number.isdigit():
        raise UsageError(f"-smp {text}: a number of processors")
    return int(number)


def boot_menu(text: str | None) -> bool:
    """Whether ``-boot`` asks for a menu."""
    if text in (None, "menu=off"):
        return False
    if text != "menu=on":
        raise UsageError(f"-boot {text}: menu=on or menu=off")
    return True


def list_boards() -> int:
    """The answer to ``-M help``."""
    for board in boards.BOARDS.values():
        print(f"{board.name:<8} {board.description} (default -cpu {board.default_cpu})")
    return 0


def list_processors(board: boards.BoardInfo) -> int:
    """The answer to ``-cpu help``."""
    models = importlib.import_module(f"vmm.cpu.{board.architecture}.models").MODELS
    for name, model in models.items():
        print(f"{name:<12} {getattr(model, 'description', '')}".rstrip())
    return 0


def list_traps(board: boards.BoardInfo) -> int:
    """The answer to ``--intercept help``."""
    names = importlib.import_module(f"vmm.cpu.{board.architecture}.traps").NAMES
    for kind, name in sorted(names.items()):
        print(f"{kind:#05x} {name}")
    return 0


def intercepts(machine: Machine, text: str) -> set[int]:
    """Numbers of the traps in a comma list of names, numbers or ``all``."""
    kinds = machine.processor.trap_kinds()
    numbers = {name: kind for kind, name in kinds.items()}
    wanted: set[int] = set()
    for word in text.split(","):
        if word == "all":
            wanted |= kinds.keys()
        elif word in numbers:
            wanted.add(numbers[word])
        else:
            try:
                kind = int(word, 0)
            except ValueError:
                kind = -1
            if kind not in kinds:
                raise UsageError(f"--intercept {word}: no such trap; --intercept help lists them")
            wanted.add(kind)
    return wanted


def find_board(o: argparse.Namespace) -> boards.BoardInfo:
    """The board of ``-M``."""
    name, _ = board_and_properties(o.machine)
    try:
        return boards.find(name)
    except BoardError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:  # a board file that cannot be used
        raise Failure(str(error)) from error


def answer(o: argparse.Namespace) -> int | None:
    """Answer options that only ask (``help``); None if there is a guest to boot.

    UsageError if the options are not enough to boot one.
    """
    if o.topics == "help":
        print(topics.table())
        return 0
    if o.trace == ["help"]:
        print(files.table())
        return 0
    recording.check(o)
    if o.snapshot is not None:
        given = [text for text, value in (
            ("-M", o.machine), ("-cpu", o.cpu), ("-m", o.memory), ("-kernel", o.kernel),
            ("-bios", o.bios), ("-initrd", o.initrd), ("-append", o.append), ("-boot", o.boot),
            ("-drive", o.drives), ("-device", o.devices), ("-object", o.objects),
            ("-smp", o.smp != "1"),
        ) if value]
        if given:
            raise UsageError(f"--snapshot names the machine and its guest: no {given[0]}")
        return None
    if "help" in o.devices:
        print(virtio.table())
        return 0
    if o.machine is None:
        raise UsageError(f"which board? -M takes one of: {', '.join(boards.BOARDS)}")
    if o.machine == "help":
        return list_boards()
    board = find_board(o)
    if o.cpu == "help":
        return list_processors(board)
    if o.intercept == "help":
        return list_traps(board)
    if o.cpu == "":
        raise UsageError("-cpu: which? help lists the board's")
    if o.kernel is None and o.bios is None:
        raise UsageError("nothing to run: give -kernel FILE or -bios FILE")
    return None


def attached(o: argparse.Namespace) -> dict[str, Any]:
    """The drives and devices."""
    try:
        return attachments.options(o.drives, o.devices, o.objects, o.keep_images)
    except AttachmentError as error:
        raise UsageError(str(error)) from error


def build(o: argparse.Namespace) -> Machine:
    """The machine that the options ask for."""
    if o.snapshot is not None:
        from vmm.state import snapshot  # it knows every part of a machine: not for every run

        try:
            return snapshot.build(snapshot.load(o.snapshot))
        except (snapshot.SnapshotError, NativeError) as error:
            raise Failure(str(error)) from error
    name, properties = board_and_properties(o.machine)
    options = Options(
        board=name, properties=properties, cpu=o.cpu,
        ram=None if o.memory is None else memory_size(o.memory),
        kernel=o.kernel, bios=o.bios, append=o.append, initrd=o.initrd,
        processors=processors(o.smp), reboots=o.action == "reboot=reset",
        boot_menu=boot_menu(o.boot), debugcon=o.debugcon != "none",
        **attached(o),
    )
    try:
        return boards.create(options)
    except (BoardError, AttachmentError, UnknownModel) as error:
        raise UsageError(str(error)) from error
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("vmm.boards."):
            raise
        raise Failure(f"board {name!r} is not part of this version") from error
    except (ValueError, OSError, NativeError) as error:
        raise Failure(str(error)) from error
