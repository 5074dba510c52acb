# SPDX-License-Identifier: GPL-2.0-or-later
"""Flattened device trees (Devicetree Specification 0.4, chapter 5): the writer.

A tree is `Node` values; `flatten` makes the blob, version 17, that a kernel is
given.  A property is one of: an integer or a list of integers (32-bit cells), a
string, a list of strings, bytes as they are, `True` (present and empty), or a
`Node` with a phandle (its phandle in one cell).  Lists may mix integers and nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MAGIC = 0xD00DFEED
VERSION, COMPATIBLE = 17, 16
BEGIN_NODE, END_NODE, PROPERTY, END = 1, 2, 3, 9
HEADER_SIZE, RESERVATION_SIZE = 40, 16


@dataclass(eq=False)
class Node:
    """One node; ``phandle`` is given by `flatten` to nodes that others refer to."""

    name: str
    properties: dict[str, Property] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    phandle: int | None = None

    def add(self, name: str, **properties: Property) -> Node:
        """Append a child; underscores in keyword names become dashes."""
        child = Node(name, {key.replace("_", "-"): value for key, value in properties.items()})
        self.children.append(child)
        return child

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the order of the blob."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, path: str) -> Node:
        """The node at ``path`` below this one, as in ``/soc/uart@9000000``."""
        node = self
        for part in path.strip("/").split("/"):
            for child in node.children:
                if child.name == part:
                    node = child
                    break
            else:
                raise KeyError(f"device tree: {path} does not exist ({part!r} not found)")
        return node


Cell = int | Node
Property = Cell | bool | str | bytes | Sequence[Cell] | Sequence[str]


def cells64(*values: int) -> list[int]:
    """64-bit numbers as pairs of cells, for ``#address-cells = <2>``."""
    return [half for value in values for half in (value >> 32, value & 0xFFFFFFFF)]


def flatten(
    root: Node, reserved: Sequence[tuple[int, int]] = (), boot_cpu: int = 0, space: int = 0
) -> bytes:
    """The blob of ``root``.

    ``reserved`` are (address, size) of memory that a kernel must not use;
    ``space`` bytes are left free at the end for firmware to add to.
    """
    _give_phandles(root)
    strings = _Strings()
    structure = _structure(root, strings, "/") + END.to_bytes(4, "big")
    reservations = b"".join(
        address.to_bytes(8, "big") + size.to_bytes(8, "big")
        for address, size in (*reserved, (0, 0))
    )
    at_structure = HEADER_SIZE + len(reservations)
    at_strings = at_structure + len(structure)
    total = at_strings + len(strings.blob) + space
    total += -total % 8
    header = (
        MAGIC,
        total,
        at_structure,
        at_strings,
        HEADER_SIZE,
        VERSION,
        COMPATIBLE,
        boot_cpu,
        len(strings.blob),
        len(structure),
    )
    blob = b"".join(word.to_bytes(4, "big") for word in header)
    return (blob + reservations + structure + bytes(strings.blob)).ljust(total, b"\0")


class _Strings:
    """The strings block: every property name once."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self._offsets: dict[str, int] = {}

    def offset(self, name: str) -> int:
        if name not in self._offsets:
            self._offsets[name] = len(self.blob)
            self.blob += name.encode("ascii") + b"\0"
        return self._offsets[name]


def _give_phandles(root: Node) -> None:
    nodes = list(root.walk())
    known = set(map(id, nodes))
    taken = {node.phandle for node in nodes if node.phandle is not None}
    following = 1
    for node in nodes:
        for target in _references(node.properties):
            if id(target) not in known:
                raise ValueError(
                    f"device tree: {node.name} refers to {target.name}, which is not in the tree"
                )
            if target.phandle is None:
                while following in taken:
                    following += 1
                target.phandle = following
                taken.add(following)


def _references(properties: Mapping[str, Property]) -> Iterator[Node]:
    for value in properties.values():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, Node):
                yield item


def _structure(node: Node, strings: _Strings, path: str) -> bytes:
    name = "" if path == "/" else node.name
    block = BEGIN_NODE.to_bytes(4, "big") + _pad(name.encode("ascii") + b"\0")
    properties = dict(node.properties)
    if node.phandle is not None:
        properties["phandle"] = node.phandle
    for key, value in properties.items():
        if value is False:
            continue
        data = _encode(value, f"{path}: {key}")
        block += b"".join(
            word.to_bytes(4, "big") for word in (PROPERTY, len(data), strings.offset(key))
        )
        block += _pad(data)
    for child in node.children:
        block += _structure(child, strings, f"{path.rstrip('/')}/{child.name}")
    return block + END_NODE.to_bytes(4, "big")


def _encode(value: Property, where: str) -> bytes:
    if value is True:
        return b""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        return _text(value, where)
    items = value if isinstance(value, (list, tuple)) else (value,)
    if items and all(isinstance(item, str) for item in items):
        return b"".join(_text(str(item), where) for item in items)
    return b"".join(_cell(item, where) for item in items)


def _text(value: str, where: str) -> bytes:
    if "\0" in value:
        raise ValueError(f"device tree: {where}: {value!r} has a NUL inside")
    return value.encode(errors="surrogateescape") + b"\0"  # as the command line's bytes were


def _cell(item: object, where: str) -> bytes:
    if isinstance(item, Node):
        item = item.phandle
    if not isinstance(item, int) or not -0x80000000 <= item <= 0xFFFFFFFF:
        raise ValueError(f"device tree: {where}: {item!r} is not a 32-bit cell")
    return (item & 0xFFFFFFFF).to_bytes(4, "big")


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
