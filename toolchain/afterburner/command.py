# SPDX-License-Identifier: GPL-2.0-or-later
"""The afterburner's command line.

It stands between compiler and assembler (`gcc -S`, or `gcc -E` for a
hand-written .S, then this, then `gcc -c`).  Exit status 0; 1: the input cannot
be annotated, one line says why; 2: a mistake in the command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from afterburner.afterburn import Afterburner, Summary
from afterburner.profile import ProfileError, hot_statements
from afterburner.source import SourceError
from vmm.machine.sensitive import KINDS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="afterburn",
        description="Annotate the sensitive instructions of an assembly file, so that a monitor "
        "finds and patches them at load; the program still runs on a bare machine.")
    parser.add_argument("--arch", required=True, choices=sorted(KINDS))
    parser.add_argument("-o", metavar="OUTPUT", dest="output", type=Path,
                        help="the annotated file (default: standard output)")
    parser.add_argument("--unit", metavar="NAME",
                        help="what profiles call this file (default: its path as given)")
    parser.add_argument("--thumb", action="store_true",
                        help="ARM: the file begins in Thumb state, without saying so")
    parser.add_argument("--hot", metavar="PROFILE", type=Path,
                        help="annotate also the stores that this trap profile has often")
    parser.add_argument("--program", metavar="ELF", type=Path,
                        help="the annotated program that --hot is a profile of")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="say on standard error how many sites of each kind there are")
    parser.add_argument("input", metavar="FILE.s", type=Path)
    return parser


def _say(name: str, summary: Summary) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(summary.sites.items()))
    print(f"{name}: {kinds or 'no sites'}; {summary.stores} stores", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Annotate one file; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.hot is None) != (options.program is None):
        parser.error("--hot and --program belong together")
    try:
        hot: frozenset[tuple[int, int]] = frozenset()
        if options.hot is not None:
            hot = hot_statements(options.hot, options.program)
        text = options.input.read_text()
        unit = options.unit or str(options.input)
        annotated, summary = Afterburner(options.arch, hot, options.thumb).annotate(text, unit)
        if options.output is None:
            sys.stdout.write(annotated)
        else:
            options.output.write_text(annotated)
    except (ProfileError, SourceError) as error:
        print(f"afterburn: {error}", file=sys.stderr)
        return 1
    except UnicodeDecodeError:
        print(f"afterburn: {options.input}: not a text file", file=sys.stderr)
        return 1
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        print(f"afterburn: {error.filename}: {reason}", file=sys.stderr)
        return 1
    if options.verbose:
        _say(unit, summary)
    return 0
