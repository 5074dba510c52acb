# SPDX-License-Identifier: GPL-2.0-or-later
"""A file of past measurements, and how far today's are from the last.

One JSON object a line: `commit`, `date` (the commit's, from git), `rows` (by
name: net seconds of each side, `ratio` and `icount_ratio`) and `micro`
(microseconds by `ARCH/PROBE`).  Ratios are compared, since both halves of one
were measured on the same host at the same time; our seconds are only compared
where a run had no QEMU beside it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vmm.bench.micro import Measured
from vmm.bench.rows import NULL, BenchError
from vmm.bench.run import ICOUNT, OURS, QEMU, Result
from vmm.machine.artifacts import PACKAGE
from vmm.machine.system_error import reason

Entry = dict[str, Any]


def _git(*arguments: str) -> str | None:
    checkout = PACKAGE.parent
    if not (checkout / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(checkout), *arguments],
                              capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> tuple[str, str]:
    """The checked-out commit (with `-dirty` if files differ from it) and its date."""
    name = _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    return name or "unknown", _git("show", "--no-patch", "--format=%cI", "HEAD") or "unknown"


def entry(results: Sequence[Result], micro: Sequence[Measured]) -> Entry:
    """Today's measurements as a line of the file."""
    rows: dict[str, dict[str, float]] = {}
    for result in results:
        if result.problem:
            continue
        row = rows[result.row.name] = {}
        for side in result.sides:
            figure = result.figure(side)
            assert figure is not None
            row[side] = round(figure.median, 4)
        for side, key in ((QEMU, "ratio"), (ICOUNT, "icount_ratio")):
            ratio = result.ratio(side)
            if ratio is not None and result.row.workload != NULL:
                row[key] = round(ratio.value, 3)
    name, date = commit()
    return {
        "commit": name, "date": date, "rows": rows,
        "micro": {f"{m.platform.architecture}/{m.probe.name}": round(m.median, 4) for m in micro},
    }


def read(path: Path) -> list[Entry]:
    """The entries of a file, oldest first; none if there is no such file yet."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{path}: {reason(error)}") from error
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            if not isinstance(found["rows"], dict) or not isinstance(found["commit"], str):
                raise TypeError("not an entry")
        except (ValueError, KeyError, TypeError) as error:
            raise BenchError(f"{path}:{number}: not a line that `vmm bench` wrote") from error
        entries.append(found)
    return entries


def append(path: Path, new: Entry) -> None:
    """Add an entry at the end of the file."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(new, sort_keys=True) + "\n")
    except OSError as error:
        raise BenchError(f"{path}: {reason(error)}") from error


def last_of(entries: Sequence[Entry], row: str) -> Entry | None:
    """The newest entry that has this row."""
    return next((entry for entry in reversed(entries) if row in entry["rows"]), None)


def drift(before: dict[str, float], now: dict[str, float]) -> float | None:
    """How much faster we are than before: 0.1 is ten per cent, negative is slower."""
    if before.get("ratio") and now.get("ratio"):
        return now["ratio"] / before["ratio"] - 1
    if "ratio" not in before and "ratio" not in now and before.get(OURS) and now.get(OURS):
        return before[OURS] / now[OURS] - 1
    return None
