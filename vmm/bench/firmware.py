# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware under translation beside bare: `python -m vmm.bench.firmware [TURNS]`.

Debian's SeaBIOS, which nobody here has built, goes from the reset vector to its
boot menu on the bare machine and under `translate`, in turns.  Printed is the
processor time while the guest runs, as medians and minima, and their ratio.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from vmm.bench.rows import BenchError
from vmm.boards import Options, create
from vmm.machine.outcome import Outcome
from vmm.monitor import virtualize

SEABIOS = Path("/usr/share/seabios/bios.bin")
TURNS = 9
ESCAPE, ASKS, MENU = b"\x1b", b"Press ESC for boot menu.", b"Select boot device:"
VIRTUAL_SECONDS, SECONDS = 10, 60  # far more than it takes


def boot(technique: str | None) -> float:
    """Seconds of processor time to the boot menu; BenchError if it does not come."""
    guest = create(Options("pc", bios=SEABIOS, boot_menu=True))
    said = bytearray()

    def hear(data: bytes) -> None:
        said.extend(data)
        if said.endswith(ASKS):
            guest.console.type(ESCAPE)
        if MENU in said:
            guest.stop(Outcome.stopped("the menu"))

    guest.console.sinks.append(hear)
    if technique is not None:
        virtualize(guest, technique)
    guest.limit_time(VIRTUAL_SECONDS, SECONDS)
    text = guest.run().text
    if text != "the menu":
        raise BenchError(f"SeaBIOS did not reach its boot menu: {text}")
    return guest.counters.processor_seconds


def main(arguments: list[str]) -> None:
    """Print one line."""
    if not SEABIOS.is_file():
        raise BenchError(f"{SEABIOS} is not there: install Debian's package seabios")
    turns = int(arguments[0]) if arguments else TURNS
    boot(None), boot("translate")  # what is loaded and compiled once
    times = [(boot(None), boot("translate")) for _ in range(turns)]
    bare, translated = [one for one, _ in times], [one for _, one in times]
    print(f"SeaBIOS to its boot menu: bare {median(bare):.4f} s, translate "
          f"{median(translated):.4f} s: x {median(translated) / median(bare):.3f} "
          f"(least: x {min(translated) / min(bare):.3f})")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BenchError as error:
        sys.exit(f"firmware: {error}")
