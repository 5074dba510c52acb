# SPDX-License-Identifier: GPL-2.0-or-later
"""Any tree becomes a blob that reads back as that tree, or is refused with its path."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vmm.machine.devicetree import BEGIN_NODE, END, END_NODE, PROPERTY, Node, flatten

LABEL = st.text("abc,#-@019", min_size=1, max_size=8)
CELL = st.one_of(st.integers(-(1 << 31), (1 << 32) - 1), st.sampled_from([1 << 32, -(1 << 40)]))
VALUE = st.one_of(
    CELL, st.lists(CELL, max_size=3), st.booleans(), st.binary(max_size=9),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.lists(st.text("xyz", max_size=3), min_size=1, max_size=3),
)
TREES = st.recursive(
    st.builds(Node, LABEL, st.dictionaries(LABEL, VALUE, max_size=4)),
    lambda inner: st.builds(
        Node, LABEL, st.dictionaries(LABEL, VALUE, max_size=2), st.lists(inner, max_size=3)),
    max_leaves=8,
)


def read_back(blob: bytes) -> tuple[Any, ...]:
    """(name, {property: bytes}, children) of a blob's root (Devicetree Specification 0.4, 5.4)."""
    at = int.from_bytes(blob[8:12], "big")
    strings = int.from_bytes(blob[12:16], "big")

    def word() -> int:
        nonlocal at
        at += 4
        return int.from_bytes(blob[at - 4 : at], "big")

    def node() -> tuple[Any, ...]:
        nonlocal at
        end = blob.index(b"\0", at)
        name, properties, children = blob[at:end].decode(), {}, []
        at = (end + 4) & -4
        while (token := word()) != END_NODE:
            if token == BEGIN_NODE:
                children.append(node())
                continue
            assert token == PROPERTY
            size, label = word(), strings + word()
            properties[blob[label : blob.index(b"\0", label)].decode()] = blob[at : at + size]
            at = (at + size + 3) & -4
        return name, properties, children

    assert word() == BEGIN_NODE
    root = node()
    assert word() == END
    return root


def plain(value: object) -> bytes:
    if value is True:
        return b""
    if isinstance(value, bytes):
        return value
    items = value if isinstance(value, list) else [value]
    return b"".join(
        item.encode() + b"\0" if isinstance(item, str) else (item & 0xFFFFFFFF).to_bytes(4, "big")
        for item in items
    )


def fits(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(
        "\0" not in item if isinstance(item, str)
        else isinstance(item, bytes) or -(1 << 31) <= item < 1 << 32
        for item in items
    )


def expected(node: Node, root: bool = True) -> tuple[Any, ...]:
    properties = {
        key: plain(value) for key, value in node.properties.items() if value is not False}
    return "" if root else node.name, properties, [expected(c, False) for c in node.children]


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_a_tree_reads_back_or_is_refused(tree: Node) -> None:
    right = all(fits(value) for node in tree.walk() for value in node.properties.values())
    try:
        blob = flatten(tree)
    except ValueError as error:
        assert not right
        assert str(error).startswith("device tree: /") and str(error).isprintable()
        return
    assert right
    assert read_back(blob) == expected(tree)
