# SPDX-License-Identifier: GPL-2.0-or-later
"""A trap profile, carried back to the statements of the assembly files.

A profile (`vmm run --profile FILE`) is JSON with a list ``sites`` of objects that
have ``pc`` and ``count``.  The program that was profiled tells, in its notes,
which statement each store came from; a pc within a site of the last round counts
for that site's statement too, so what was hot once stays annotated.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vmm.machine.sites import ElfError, SiteError, read_stores

SHARE = 0.001  # of all traps: what comes to less is not worth a site


class ProfileError(ValueError):
    """A profile or its program that cannot be read: which file, and why."""


def _counts(path: Path) -> dict[int, int]:
    try:
        content: Any = json.loads(path.read_text())
        return {int(site["pc"]): int(site["count"]) for site in content["sites"]}
    except OSError as error:
        raise ProfileError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(
            f"{path}: no trap profile: it has no list of sites with pc and count") from error


def hot_statements(profile: Path, program: Path) -> frozenset[tuple[int, int]]:
    """(unit, statement) of the stores that trapped often; ProfileError."""
    counts = _counts(profile)
    try:
        stores = read_stores(program.read_bytes())
    except OSError as error:
        raise ProfileError(f"{program}: {(error.strerror or str(error)).lower()}") from error
    except (ElfError, SiteError) as error:
        raise ProfileError(f"{program}: {error}") from error
    least = SHARE * sum(counts.values())
    return frozenset((store.unit, store.statement) for store in stores
                     if counts.get(store.address, 0) > least)
