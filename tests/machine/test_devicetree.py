# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
import subprocess

import pytest

from vmm.machine.devicetree import HEADER_SIZE, Node, cells64, flatten


def board() -> Node:
    root = Node("", {"compatible": ["maker,board", "linux,dummy-virt"], "#size-cells": 2})
    gic = root.add("intc@8000000", compatible="arm,cortex-a15-gic", interrupt_controller=True)
    root.properties["interrupt-parent"] = gic
    uart = root.add("pl011@9000000", reg=cells64(0x9000000, 0x1000), interrupts=[0, 1, 4])
    uart.properties["clocks"] = [gic, 3, gic]
    uart.properties["mac"] = b"\x52\x54\x00\x12\x34"
    root.add("chosen", bootargs="console=ttyAMA0", absent=False)
    cpus = root.add("cpus")
    cpus.add("cpu@0", reg=0)
    return root


def words(blob: bytes, count: int) -> list[int]:
    return [int.from_bytes(blob[4 * i : 4 * i + 4], "big") for i in range(count)]


@pytest.mark.skipif(shutil.which("dtc") is None, reason="the device tree compiler is not installed")
def test_the_compiler_reads_it_back() -> None:
    blob = flatten(board(), reserved=[(0x4FF00000, 0x1000)])
    run = subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dts"], input=blob, capture_output=True, check=True
    )
    # Versions before 1.6.1 print a list of strings as one string with embedded zeros.
    source = run.stdout.decode().replace(r"\0", '", "')
    lines = [line.strip() for line in source.splitlines()]
    for line in (
        "/memreserve/\t0x000000004ff00000 0x0000000000001000;",
        'compatible = "maker,board", "linux,dummy-virt";',
        "#size-cells = <0x02>;",
        "interrupt-controller;",
        "interrupt-parent = <0x01>;",
        "phandle = <0x01>;",
        "reg = <0x00 0x9000000 0x00 0x1000>;",
        "clocks = <0x01 0x03 0x01>;",
        "mac = [52 54 00 12 34];",
        'bootargs = "console=ttyAMA0";',
        "cpu@0 {",
        "reg = <0x00>;",
    ):
        assert line in lines, line
    assert "absent" not in source


def test_header_describes_the_blocks() -> None:
    blob = flatten(board(), space=256)
    magic, total, structure, strings, reserved, version, last, cpu, n_strings, n_structure = words(
        blob, 10
    )
    assert (magic, version, last, cpu) == (0xD00DFEED, 17, 16, 0)
    assert total == len(blob)
    assert reserved == HEADER_SIZE
    assert structure == HEADER_SIZE + 16
    assert strings == structure + n_structure
    assert total - strings - n_strings >= 256
    assert words(blob[strings - 4 :], 1) == [9]


def test_phandles_already_given_are_kept_and_avoided() -> None:
    root = Node("")
    first = root.add("first")
    second = root.add("second")
    second.phandle = 1
    root.properties["a"] = [first, second]
    flatten(root)
    assert (first.phandle, second.phandle) == (2, 1)


def test_a_reference_out_of_the_tree_is_an_error() -> None:
    root = Node("", {"interrupt-parent": Node("elsewhere")})
    with pytest.raises(ValueError, match="elsewhere"):
        flatten(root)


def test_a_value_too_large_for_a_cell_names_its_property() -> None:
    root = Node("")
    root.add("memory@40000000", reg=[1 << 32])
    with pytest.raises(ValueError, match="/memory@40000000: reg"):
        flatten(root)


def test_find_by_path() -> None:
    root = board()
    assert root.find("/cpus/cpu@0").properties["reg"] == 0
    with pytest.raises(KeyError, match="cpu@1"):
        root.find("/cpus/cpu@1")
