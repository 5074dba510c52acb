# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives and devices that a user adds to a board, written as QEMU's users write them.

``-drive file=disk.img,if=virtio,format=raw,readonly=on`` and ``-device
virtio-rng-device,seed=7``: a list of key=value words; a comma in a value is
doubled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRIVE_KEYS = ("file", "if", "format", "readonly", "snapshot", "id", "serial")
OBJECTS = ("rng-random",)
INTERFACES = ("virtio", "none")


class AttachmentError(ValueError):
    """A drive or device that cannot be: one line with the option."""


@dataclass(frozen=True, slots=True)
class Drive:
    """One disk image."""

    file: Path
    id: str
    interface: str = "virtio"  # or "none": a -device names it
    read_only: bool = False
    snapshot: bool = False  # what is written goes to memory
    raw: bool = False  # said to be raw: the content is not looked at
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A device (or an object that devices refer to): its kind and its properties."""

    kind: str
    properties: dict[str, str] = field(default_factory=dict)


def words(option: str, text: str, first: str = "") -> dict[str, str]:
    """The key=value words of an option; a first word without a key is the value of ``first``."""
    found: dict[str, str] = {}
    for number, word in enumerate(re.split(r"(?<!,),(?!,)", text.replace(",,", "\0"))):
        word = word.replace("\0", ",")
        key, equals, value = word.partition("=")
        if not equals and number == 0 and first:
            key, value = first, word
        elif not equals or not key:
            raise AttachmentError(f"{option} {text}: wants key=value, not {word!r}")
        if key in found:
            raise AttachmentError(f"{option} {text}: {key} is given twice")
        found[key] = value
    return found


def switch(option: str, given: dict[str, str], key: str) -> bool:
    """The value of an on/off word; off if it is not given."""
    value = given.get(key, "off")
    if value not in ("on", "off"):
        raise AttachmentError(f"{option}: {key} is on or off, not {value!r}")
    return value == "on"


def number(option: str, given: dict[str, str], key: str, default: int, most: int) -> int:
    """A number from 0 to ``most``."""
    text = given.get(key)
    if text is None:
        return default
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise AttachmentError(f"{option}: {key} is a number from 0 to {most}, not {text!r}")
    return value


def unknown(option: str, given: dict[str, str], known: tuple[str, ...]) -> None:
    """AttachmentError if a word is not among ``known``."""
    for key in given:
        if key not in known:
            raise AttachmentError(f"{option}: no {key!r}; known: {', '.join(known) or 'nothing'}")


def drive(text: str, index: int, snapshot: bool = False) -> Drive:
    """A ``-drive``, the one of number ``index``; ``snapshot`` is the option of that name."""
    given = words("-drive", text)
    option = f"-drive {text}"
    unknown(option, given, DRIVE_KEYS)
    if not given.get("file"):
        raise AttachmentError(f"{option}: which file? file=...")
    interface = given.get("if", "virtio")
    if interface not in INTERFACES:
        raise AttachmentError(f"{option}: if is {' or '.join(INTERFACES)}, not {interface!r}")
    if given.get("format", "raw") != "raw":
        raise AttachmentError(
            f"{option}: only raw images can be used; convert it: qemu-img convert -O raw"
        )
    read_only = switch(option, given, "readonly")
    kept = (snapshot or switch(option, given, "snapshot")) and not read_only
    return Drive(
        Path(given["file"]), given.get("id", f"{interface}{index}"), interface, read_only, kept,
        "format" in given, given.get("serial", ""),
    )


def device(text: str) -> Attachment:
    """A ``-device``."""
    return _attachment("-device", text, "driver")


def backend(text: str) -> Attachment:
    """An ``-object``."""
    made = _attachment("-object", text, "qom-type")
    if made.kind not in OBJECTS:
        raise AttachmentError(f"-object {text}: no {made.kind!r}; known: {', '.join(OBJECTS)}")
    if not made.properties.get("id"):
        raise AttachmentError(f"-object {text}: which name? id=NAME")
    return made


def options(
    drives: Iterable[str], devices: Iterable[str], objects: Iterable[str], snapshot: bool = False
) -> dict[str, Any]:
    """The fields of `Options` for texts as on the command line; AttachmentError."""
    return {
        "drives": tuple(drive(text, index, snapshot) for index, text in enumerate(drives)),
        "devices": tuple(map(device, devices)),
        "objects": tuple(map(backend, objects)),
    }


def _attachment(option: str, text: str, first: str) -> Attachment:
    given = words(option, text, first)
    kind = given.pop(first, "")
    if not kind:
        raise AttachmentError(f"{option} {text}: which one?")
    return Attachment(kind, given)
