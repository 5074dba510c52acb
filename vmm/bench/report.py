# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurements as tables for people and as JSON for programs."""

from __future__ import annotations

import os
import platform as host_platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from vmm.bench import history
from vmm.bench.figures import Figure, Ratio
from vmm.bench.history import Entry
from vmm.bench.micro import PROBES, Measured
from vmm.bench.rows import NULL, PLATFORMS, WORKLOADS, Platform
from vmm.bench.run import ICOUNT, OURS, QEMU, Result

NOTHING = "[dim]-[/]"
START_AIM = 0.5  # seconds to the first instruction
MEMORY_AIM = 120  # MB of process besides the guest's RAM


def _seconds(figure: Figure | None) -> str:
    return NOTHING if figure is None else f"{figure.median:.3f}"


def _spread(figure: Figure | None) -> str:
    return NOTHING if figure is None or not figure.sure else f"{figure.spread:.0%}"


def _ratio(ratio: Ratio | None) -> tuple[str, str]:
    """The value in the colour of its sign, and its range."""
    if ratio is None:
        return NOTHING, NOTHING
    colour = "green" if ratio.value >= 1 else "yellow" if ratio.value >= 0.8 else "red"
    return f"[{colour}]{ratio.value:.2f}[/]", f"{ratio.low:.2f}-{ratio.high:.2f}"


def _drift(entries: Sequence[Entry], now: Entry, name: str) -> str:
    before = history.last_of(entries, name)
    change = None if before is None else history.drift(before["rows"][name], now["rows"][name])
    return NOTHING if change is None else f"{change:+.1%}"


def rows_table(results: Sequence[Result], entries: Sequence[Entry], now: Entry) -> Table:
    """A line for each row; the last column compares with the newest of ``entries``."""
    sides = results[0].sides
    table = Table(title="processor seconds, net of starting; ratios above 1: vmm is ahead",
                  title_justify="left")
    table.add_column("row", no_wrap=True)
    for heading in ("vmm s", "spread", "MIPS"):
        table.add_column(heading, justify="right", no_wrap=True)
    titles = {QEMU: "qemu", ICOUNT: "-icount"}
    for side in sides[1:]:
        for heading in (f"{titles[side]} s", "spread", "ratio", "range"):
            table.add_column(heading, justify="right", no_wrap=True)
    if entries:
        table.add_column("drift", justify="right", no_wrap=True)
    platform = results[0].row.platform
    for result in results:
        if result.row.platform != platform:
            platform = result.row.platform
            table.add_section()
        name = result.row.name
        if result.problem:
            table.add_row(name, "[bold red]failed[/]")
            continue
        ours = result.figure(OURS)
        mips = result.mips
        null = result.row.workload == NULL
        cells = [_seconds(ours), _spread(ours),
                 NOTHING if mips is None or null else f"{mips:,.0f}"]
        for side in sides[1:]:
            figure = result.figure(side)
            cells += [_seconds(figure), _spread(figure),
                      *((NOTHING, NOTHING) if null else _ratio(result.ratio(side)))]
        if entries:
            cells.append(NOTHING if null else _drift(entries, now, name))
        table.add_row(name, *cells)
    return table


def problems(results: Sequence[Result]) -> list[str]:
    """A line for each row that failed."""
    return [f"{r.row.name}: {r.problem}" for r in results if r.problem]


def micro_table(micro: Sequence[Measured], results: Sequence[Result]) -> Table:
    """Single costs, processors side by side, with what we aim at."""
    table = Table(title="single costs", title_justify="left")
    table.add_column("figure", no_wrap=True)
    platforms = list(dict.fromkeys(m.platform for m in micro))
    for platform in platforms:
        table.add_column(platform.architecture, justify="right", no_wrap=True)
    table.add_column("aim", justify="right", no_wrap=True)
    values = {(m.platform, m.probe): m.median for m in micro}
    for probe in PROBES:
        table.add_row(
            f"{probe.description}, µs",
            *(_against(values[p, probe], probe.aim, 2) for p in platforms),
            NOTHING if probe.aim is None else f"≤ {probe.aim:g}",
        )
    starts = starting(results)
    table.add_row("start of the process to the guest's first line, s",
                  *(_against(starts.get(p), START_AIM, 2) for p in platforms), f"≤ {START_AIM:g}")
    peaks = peak_rss(results)
    table.add_row(
        "largest resident memory, the guest's RAM included, MB",
        *(_against(peaks.get(p), MEMORY_AIM, 0) for p in platforms), f"≤ {MEMORY_AIM:g}")
    return table


def _against(value: float | None, aim: float | None, digits: int) -> str:
    if value is None:
        return NOTHING
    if aim is None:
        return f"{value:.{digits}f}"
    return f"[{'green' if value <= aim else 'red'}]{value:.{digits}f}[/]"


def starting(results: Sequence[Result]) -> dict[Platform, float]:
    """Seconds on the clock until a guest's first line was out, by processor."""
    return {r.row.platform: median(r.first_output)
            for r in results if r.row.workload == NULL and r.first_output}


def peak_rss(results: Sequence[Result]) -> dict[Platform, float]:
    """Megabytes (10^6) of the largest of our processes, by processor."""
    peaks: dict[Platform, float] = {}
    for result in results:
        platform = result.row.platform
        peaks[platform] = max(peaks.get(platform, 0.0), result.peak_rss / 1e6)
    return peaks


# -- JSON ------------------------------------------------------------------------


def host() -> dict[str, Any]:
    """The computer that measured."""
    processor = "unknown"
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {"processor": processor, "processors": os.cpu_count(),
            "system": host_platform.platform()}


def qemu_version(platform: Platform) -> str:
    """QEMU's first line about itself; BenchError was raised before if it is not there."""
    done = subprocess.run([platform.qemu[0], "--version"], capture_output=True, text=True,
                          timeout=30, check=False)
    return done.stdout.partition("\n")[0].strip()


def _figure_json(figure: Figure | None) -> dict[str, float] | None:
    if figure is None:
        return None
    return {"net": round(figure.median, 5), "low": round(figure.low, 5),
            "high": round(figure.high, 5)}


def _ratio_json(ratio: Ratio | None) -> dict[str, float] | None:
    if ratio is None:
        return None
    return {"value": round(ratio.value, 4), "low": round(ratio.low, 4),
            "high": round(ratio.high, 4)}


def as_json(results: Sequence[Result], micro: Sequence[Measured], repeat: int) -> dict[str, Any]:
    """Everything measured, raw and condensed."""
    name, date = history.commit()
    with_qemu = QEMU in results[0].sides
    return {
        "commit": name,
        "date": date,
        "host": host(),
        "qemu": qemu_version(results[0].row.platform) if with_qemu else None,
        "repeat": repeat,
        "rows": [
            {
                "name": r.row.name,
                "description": WORKLOADS.get(r.row.workload, "nothing: the cost of starting"),
                "problem": r.problem,
                "rounds": r.rounds,
                "instructions": r.instructions,
                "mips": r.mips,
                "cpu_seconds": r.seconds,
                "figures": {side: _figure_json(r.figure(side)) for side in r.sides},
                "ratios": {side: _ratio_json(r.ratio(side)) for side in r.sides[1:]},
            }
            for r in results
        ],
        "micro": [
            {"name": f"{m.platform.architecture}/{m.probe.name}",
             "description": m.probe.description, "aim": m.probe.aim,
             "median": m.median, "microseconds": list(m.microseconds)}
            for m in micro
        ],
        "start_seconds": {p.architecture: s for p, s in starting(results).items()},
        "peak_rss_mb": {p.architecture: s for p, s in peak_rss(results).items()},
        "platforms": {p.architecture: list(p.qemu) for p in PLATFORMS.values()},
    }
