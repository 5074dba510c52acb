# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/board-*.md show the boards as they are today."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vmm.boards import BOARDS, BoardInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))
import board_pages


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_a_page_is_what_the_board_is(board: BoardInfo) -> None:
    page = board_pages.page(board)
    assert board_pages.document(board).read_text() == page, "make board-pages writes it anew"
    for heading in ("Memory map", "Interrupts", "Devices", "What differs from QEMU"):
        assert f"## {heading}\n" in page


def test_wires_and_addresses_are_those_of_the_manuals() -> None:
    leon3 = board_pages.page(BOARDS["leon3"])
    assert "| `80000100` | `800001ff` | `apbuart` |" in leon3
    assert "| `gptimer` | `irqmp.6`, `irqmp.7` |" in leon3
    assert "| `pl011` | `spi1` |" in board_pages.page(BOARDS["virt"])
    pc = board_pages.page(BOARDS["pc"])
    assert "| `uart16550` | `IRQ4` |" in pc and "| 0.0 | `i440fx` | `8086:1237` |" in pc
