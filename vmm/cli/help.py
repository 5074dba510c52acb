# SPDX-License-Identifier: GPL-2.0-or-later
"""How `--help` looks: as wide as the terminal up to a page, each option's value named once."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Sequence

WIDEST = 100  # columns
OPTIONS = 30  # columns for options, beside what they do


class Formatter(argparse.HelpFormatter):
    """Text of one line is filled; text that has line ends keeps them."""

    def __init__(self, prog: str) -> None:
        width = min(shutil.get_terminal_size().columns, WIDEST) - 2
        super().__init__(prog, max_help_position=OPTIONS, width=width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines() if "\n" in text.strip() else textwrap.wrap(text, width)
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_long_words=False)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        if action.nargs == 0:
            return ", ".join(spellings(action.option_strings))
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(spellings(action.option_strings))} {value}"

    def _format_action(self, action: argparse.Action) -> str:
        commands = list(action._get_subactions()) if hasattr(action, "_get_subactions") else []
        return "".join(map(self._format_action, commands)) or super()._format_action(action)


def spellings(options: Sequence[str]) -> list[str]:
    """An option's names, without those with two dashes that are there with one."""
    return [one for one in options if not (one.startswith("--") and one[1:] in options)]
