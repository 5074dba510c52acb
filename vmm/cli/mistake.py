# SPDX-License-Identifier: GPL-2.0-or-later
"""What to say of an exception that nobody expected: ours, or that of a user's own device."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

import vmm

LIBRARIES = tuple(
    f"{Path(folder)}/" for folder in (
        Path(vmm.__file__).parent, sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"),
    )
)


def described(error: Exception) -> str:
    """One line: what it is, what was being done, and whose mistake it is."""
    notes = "; ".join(getattr(error, "__notes__", ()))
    what = f"{type(error).__name__}: {error}" + (f" ({notes})" if notes else "")
    place = _users_line(error)
    if place is None:
        return f"internal error: {what} (VMM_DEBUG=1 shows where)"
    return f"{place}: {what} (VMM_DEBUG=1 shows the traceback)"


def _users_line(error: Exception) -> str | None:
    """The innermost line that is neither ours nor Python's: of a module of the user's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_file() and not frame.filename.startswith(LIBRARIES) \
                and frame.name != "<module>":
            return f"{frame.filename}:{frame.lineno}"
    return None
