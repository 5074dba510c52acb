# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures and tables of docs/techniques.md come from the measurement beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vmm.bench import techniques_docs
from vmm.bench.drawing import bars

DOCS = Path(__file__).resolve().parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


def test_a_bar_for_each_value_and_longer_for_more() -> None:
    drawn = bars("a < b", {"g": {"one": 1.0, "two": 100.0, "no": 5.0}, "h": {"one": 10.0}},
                 ("one", "two"), "axis & unit")
    root = ElementTree.fromstring(drawn)
    widths = [float(box.get("width", "0")) for box in root.iter(f"{SVG}rect")
              if box.get("height") == "12.0"]
    assert widths == [1.0, 420.0, 210.0]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "a < b" in texts and "axis & unit" in texts


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        bars("empty", {"g": {}}, ("one",), "axis")


def test_a_page_without_the_place_is_refused() -> None:
    page = "x <!-- arm: measured -->\nold\n<!-- arm: end --> y"
    assert techniques_docs.put(page, "arm", "new") == (
        "x <!-- arm: measured -->\nnew\n<!-- arm: end --> y")
    with pytest.raises(ValueError, match="no place"):
        techniques_docs.put(page, "sparc", "new")


def test_the_page_and_its_figures_are_what_the_measurement_gives(tmp_path) -> None:
    shutil.copytree(DOCS / "figures", tmp_path / "figures")
    shutil.copy(DOCS / "techniques.md", tmp_path)
    for written in techniques_docs.write(tmp_path):
        assert written.read_text() == (DOCS / written.relative_to(tmp_path)).read_text()


def test_a_failed_case_is_left_out() -> None:
    cases = json.loads((DOCS / "figures/techniques.json").read_text())["cases"]
    broken = [{**case, "problem": "no end"} if case["workload"] == "io" else case for case in cases]
    assert "| io |" in techniques_docs.table(cases, "x86")
    assert "| io |" not in techniques_docs.table(broken, "x86")
