"""Where built firmware and demo guests are found.

In a checkout they are under `build/`; an installed package carries the ones
its build made in `vmm/artifacts`.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def find(relative: str) -> Path | None:
    """The file ``relative`` (such as ``firmware/leon3.elf``), or None if it was not built."""
    for root in (PACKAGE.parent / "build", PACKAGE / "artifacts"):
        path = root / relative
        if path.is_file():
            return path
    return None
