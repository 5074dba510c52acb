# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of commands: help, documentation and completion say the same.

`python tests/debug/test_shell_docs.py` writes the reference part of docs/shell.md anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from shells import BOARDS, Talk

from vmm.debug.shell import run_command, table
from vmm.debug.shell.command import GROUPS, CommandError
from vmm.debug.shell.completion import complete

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "shell.md"
MARK = "do not edit below -->\n"


def generated() -> str:
    """The document with its reference part as the table has it now."""
    guide, mark, _ = DOCUMENT.read_text().partition(MARK)
    return f"{guide}{mark}\n{table.markdown()}"


def test_the_documentation_is_made_from_the_table() -> None:
    assert DOCUMENT.read_text() == generated(), f"run: python {Path(__file__).name}"


def test_names_are_unique_and_entries_complete() -> None:
    names = [name for command in table.COMMANDS for name in command.names]
    assert len(names) == len(set(names))
    for command in table.COMMANDS:
        assert command.group in GROUPS
        assert command.help.endswith(".")
        assert not set(command.architectures) - {"sparc", "arm", "x86"}
        assert any(command.help == line for line in _help(command))


def _help(command):
    board = next(b for b, a in BOARDS.items()
                 if not command.architectures or a in command.architectures)
    return TALKS[board].do(f"help {command.names[0]}")


TALKS = {}


@pytest.fixture(autouse=True, scope="module")
def talks():
    TALKS.update({board: Talk(board) for board in BOARDS})
    yield
    TALKS.clear()


@pytest.mark.parametrize("board", BOARDS)
def test_help_lists_what_this_processor_has(board) -> None:
    listed = TALKS[board].do("help")
    for command in table.COMMANDS:
        here = not command.architectures or BOARDS[board] in command.architectures
        line = f"  {', '.join(command.names)} "
        assert any(one.startswith(line) for one in listed) == here


def test_a_command_of_another_processor_says_whose_it_is() -> None:
    others = [c for c in table.COMMANDS if c.architectures and "sparc" not in c.architectures]
    for command in others:
        with pytest.raises(CommandError, match=r"processors only"):
            table.find(command.names[0], "sparc")


def test_completion_of_commands_and_their_words() -> None:
    shell = TALKS["leon3"].shell
    assert complete(shell, "disas") == ("disas", ["disassemble"])
    begun, words = complete(shell, "")
    assert begun == "" and "trap" in words and words == sorted(words)
    assert complete(shell, "trap window_o") == ("window_o", ["window_overflow"])
    assert complete(shell, "trap window_overflow us") == ("us", ["user"])
    assert complete(shell, "break mai") == ("mai", ["main"])
    assert complete(shell, "print $count + mai")[1] == ["main"]
    assert complete(shell, "device irq") == ("irq", ["irqmp"])
    assert complete(shell, "watch irqmp.IP") == ("irqmp.IP", ["irqmp.IPEND"])
    assert complete(shell, "intercept o")[1] == ["off", "on"]
    assert complete(shell, "intercept on ill")[1] == ["illegal_instruction"]
    assert complete(shell, "nonsense x") == ("", [])


@pytest.mark.parametrize("board", BOARDS)
def test_completion_never_fails(board) -> None:
    shell = TALKS[board].shell
    for command in table.available(BOARDS[board]):
        for text in ("", " ", " x", " a b", " ("):
            complete(shell, command.names[0] + text)


def test_other_programs_get_lines() -> None:
    session = TALKS["virt"].session
    assert run_command(session, "print 6*7") == ["42 = 0x2a"]
    assert run_command(session, "python x = 9") == ["error: python is not for gdb's monitor"]
    assert run_command(session, "quit") == ["error: quit is not for gdb's monitor"]
    assert run_command(session, "lunch") == ["error: no command 'lunch'; help lists them"]
    assert run_command(session, "") == []
    assert run_command(session, "break main")[0].startswith("breakpoint 1 ")
    assert run_command(session, "breakpoints")[1].endswith("main")
    run_command(session, "delete")


if __name__ == "__main__":
    DOCUMENT.write_text(generated())
