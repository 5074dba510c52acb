# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of a campaign as one table, CSV or JSON, and as a summary."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import fields
from pathlib import Path

from vmm.testing.campaign.plan import Class, Plan, Row

COLUMNS = tuple(field.name for field in fields(Row))


def values(row: Row) -> dict[str, object]:
    """A row by columns; what does not apply is None."""
    found = {name: getattr(row, name) for name in COLUMNS}
    return {**found, "outcome": row.outcome.value}


def write(file: Path, plan: Plan, rows: list[Row]) -> None:
    """Write the table in the order of the runs: JSON if the file is named so, else CSV.

    OSError if it cannot be written.
    """
    ordered = [values(row) for row in sorted(rows, key=lambda row: row.run)]
    with file.open("w", encoding="utf-8", newline="") as out:
        if file.suffix == ".json":
            about = {"guest": plan.case.name, "seed": plan.seed, "runs": plan.runs,
                     "flip": plan.spaces, "classes": counts(rows), "rows": ordered}
            json.dump(about, out, indent=1)
            out.write("\n")
        else:
            table = csv.DictWriter(out, COLUMNS)
            table.writeheader()
            table.writerows(ordered)


def counts(rows: list[Row]) -> dict[str, int]:
    """The number of runs of each class, all classes in their order."""
    found = Counter(row.outcome for row in rows)
    return {one.value: found[one] for one in Class}
