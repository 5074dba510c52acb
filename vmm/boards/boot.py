"""Putting programs into a machine: kernels, firmware, and the words that join them."""

from __future__ import annotations

from pathlib import Path

from vmm.machine import artifacts, foreign, loader
from vmm.machine.loader import Image, LoadError
from vmm.machine.machine import Machine


def ram_text(machine: Machine) -> str:
    """The board's memory in words, for error messages."""
    return ", ".join(
        f"{memory.name} {memory.base:#x}-{memory.end - 1:#x}" for memory in machine.bus.memory
    )


def place(machine: Machine, image: Image) -> None:
    """Copy an image's segments into memory; all or, with LoadError, nothing."""
    for segment in image.segments:
        if machine.bus.memory_at(segment.address, segment.size) is None:
            raise LoadError(
                f"{image.path}: a segment of {segment.size} bytes at {segment.address:#x} "
                f"is outside this board's memory ({ram_text(machine)})"
            )
    for segment in image.segments:
        machine.bus.write_memory(segment.address, segment.data)
        machine.bus.clear_memory(
            segment.address + len(segment.data), segment.size - len(segment.data))
    elf = image.path if image.architecture is not None else None
    machine.symbols.add(image.symbols, elf)


def read_kernel(path: Path, architecture: str, flat_address: int) -> Image:
    """Read a kernel: an ELF file of this architecture, or a flat image."""
    data = loader.read(path)
    refuse_foreign(path, data, architecture)
    if not loader.is_elf(data):
        return loader.flat(path, data, flat_address)
    image = loader.elf(path, data)
    if image.architecture != architecture:
        raise LoadError(
            f"{path}: an ELF file for {image.architecture}, "
            f"but the board's processor is {architecture}"
        )
    return image


def refuse_foreign(path: Path, data: bytes, architecture: str) -> None:
    """LoadError if a file that is no ELF file says that it is for something else."""
    why = foreign.refusal(data, architecture)
    if why is not None:
        raise LoadError(f"{path}: {why}")


def board_firmware(machine: Machine, board: str, words: dict[str, int]) -> int:
    """Load our own firmware for ``board``, patch its parameter words, return its entry."""
    path = artifacts.find(f"firmware/{board}.elf")
    if path is None:
        raise LoadError(f"the firmware of board {board} is not built: run `make guests`")
    image = loader.elf(path, loader.read(path))
    place(machine, image)
    places = {symbol.name: symbol.address for symbol in image.symbols}
    order = machine.processor.byteorder
    for name, value in words.items():
        machine.bus.write_memory(places[name], value.to_bytes(4, order))
    return image.entry


def flat_firmware(path: Path, limit: int) -> bytes:
    """A `-bios` image; LoadError if it is larger than its place."""
    data = loader.read(path)
    if loader.is_elf(data):
        raise LoadError(f"{path}: an ELF file; firmware is a flat image (objcopy -O binary)")
    if len(data) > limit:
        raise LoadError(f"{path}: {len(data)} bytes of firmware; the board has room for {limit}")
    return data
