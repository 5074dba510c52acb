# SPDX-License-Identifier: GPL-2.0-or-later
"""The measured parts of docs/techniques.md: `python -m vmm.bench.techniques_docs`.

Reads docs/figures/techniques.json, which `vmm bench techniques --json` wrote,
and writes the figures beside it and the tables into the page, between the
comments that name them.  `make techniques` measures and then does this.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from vmm.bench.drawing import bars

DOCS = Path(__file__).resolve().parents[2] / "docs"
ARCHITECTURES = ("sparc", "arm", "x86")
WAYS = ("assist", "trap_and_emulate", "translate", "previrt", "para")
TITLES = {"sparc": "SPARC", "arm": "ARM", "x86": "x86"}

Case = dict[str, Any]


def shown_policy(case: Case) -> bool:
    """Whether a case stands for its technique: with the policy that is the default."""
    wanted = "nested" if case["technique"] == "assist" else "lazy"
    return bool(case["policy"] == wanted)


def chosen(cases: Sequence[Case], **wanted: str) -> list[Case]:
    """The cases that went well and have these properties."""
    return [
        case for case in cases
        if case["problem"] is None and all(case[key] == value for key, value in wanted.items())
    ]


def exits(case: Case) -> int:
    """Ways to the monitor: exits, and fills that the guest does not see."""
    virtual = case["virtualization"]
    total: int = sum(virtual["exits"].values()) + virtual["memory"]["hidden_faults"]
    return total


def ratio_figure(cases: Sequence[Case], architecture: str) -> str:
    """Time relative to bare, for each workload and technique."""
    groups: dict[str, dict[str, float]] = {}
    for case in chosen(cases, architecture=architecture):
        if shown_policy(case) and case["technique"] in WAYS:
            groups.setdefault(case["workload"], {})[case["technique"]] = case["ratio"]
    return bars(f"{TITLES[architecture]}: nucleus virtualized, beside running bare", groups, WAYS,
                "times the bare run's processor time")


def exit_figure(cases: Sequence[Case], architecture: str) -> str:
    """Ways to the monitor for a million instructions."""
    groups: dict[str, dict[str, float]] = {}
    for case in chosen(cases, architecture=architecture):
        if shown_policy(case) and case["technique"] in WAYS:
            groups.setdefault(case["workload"], {})[case["technique"]] = (
                exits(case) / case["instructions"] * 1e6)
    return bars(f"{TITLES[architecture]}: how often the guest leaves for its monitor", groups, WAYS,
                "exits and hidden faults in a million guest instructions")


def policy_figure(cases: Sequence[Case]) -> str:
    """The fork storm by memory policy."""
    policies = ("strict", "lazy", "exposed", "nested")
    groups: dict[str, dict[str, float]] = {}
    for case in chosen(cases, workload="forks"):
        if case["policy"] in policies:
            label = f"{TITLES[case['architecture']]} {case['technique']}"
            groups.setdefault(label, {})[case["policy"]] = case["ratio"]
    return bars("The fork storm: four ways to follow page tables", groups, policies,
                "times the bare run's processor time")


def table(cases: Sequence[Case], architecture: str) -> str:
    """Markdown: a line for each workload, technique and policy."""
    lines = ["| workload | technique | policy | M instructions | exits | hidden faults |"
             " table updates | blocks | seconds | x bare |", "|---" * 10 + "|"]
    for case in chosen(cases, architecture=architecture):
        virtual = case["virtualization"]
        counts = ["", "", ""] if not virtual else [
            f"{sum(virtual['exits'].values())}", f"{virtual['memory']['hidden_faults']}",
            f"{virtual['memory']['updates']}",
        ]
        cells = [
            case["workload"], case["technique"], case["policy"] or "",
            f"{case['instructions'] / 1e6:.2f}", *counts, f"{case['blocks_translated']}",
            f"{median(case['seconds']):.3f}", f"{case['ratio']:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def put(page: str, name: str, text: str) -> str:
    """``page`` with ``text`` between its comments ``name``; ValueError if it has none."""
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", page, re.DOTALL)
    if found is None:
        raise ValueError(f"the page has no place {begin}")
    return f"{page[:found.start()]}{begin}\n{text}\n{end}{page[found.end():]}"


def write(docs: Path) -> list[Path]:
    """Write figures and tables from the figures' JSON; the files written."""
    figures = docs / "figures"
    cases: list[Case] = json.loads((figures / "techniques.json").read_text())["cases"]
    page = docs / "techniques.md"
    text = page.read_text()
    drawn = {"policies": policy_figure(cases)}
    for architecture in ARCHITECTURES:
        drawn[f"ratio-{architecture}"] = ratio_figure(cases, architecture)
        drawn[f"exits-{architecture}"] = exit_figure(cases, architecture)
        text = put(text, architecture, table(cases, architecture))
    written = []
    for name, svg in drawn.items():
        file = figures / f"techniques-{name}.svg"
        file.write_text(svg)
        written.append(file)
    page.write_text(text)
    return [*written, page]


if __name__ == "__main__":
    try:
        for path in write(DOCS):
            print(path.relative_to(DOCS.parent))
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"techniques_docs: {error}")
