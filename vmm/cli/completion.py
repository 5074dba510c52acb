# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm completion SHELL`: completion of commands, options and their values.

The scripts are generated from the argument parsers themselves, so they know
every option that there is.  What argparse cannot say (which words an option
takes that it does not check itself) is the table `VALUES`.
"""

from __future__ import annotations

import argparse
import importlib
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vmm.boards import BOARDS
from vmm.cli.arguments import file
from vmm.debug.trace import topics
from vmm.debug.trace.files import FORMATS

ARCHITECTURES = ("sparc", "arm", "x86")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its spellings, and what may follow it."""

    names: tuple[str, ...]
    help: str
    takes: str = ""  # what a value is called; "": the option takes none
    words: tuple[str, ...] = ()
    files: str = ""  # a pattern of file names that fit; "": none do


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand with its options and the words that it takes besides."""

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[str, ...] = ()


def models() -> Iterable[str]:
    """Every processor model."""
    for architecture in ARCHITECTURES:
        yield from importlib.import_module(f"vmm.cpu.{architecture}.models").MODELS


# By the option's destination: words, and a pattern of files.
VALUES: dict[str, tuple[Callable[[], Iterable[str]], str]] = {
    "machine": (lambda: [*BOARDS, "help"], "*.toml"),
    "cpu": (lambda: [*models(), "help"], ""),
    "serial": (lambda: ("stdio", "none", "file:"), ""),
    "topics": (lambda: [*topics.TOPICS, "help"], ""),
    "trace": (lambda: [*(f"{name}:" for name in FORMATS), "help"], ""),
    "intercept": (lambda: ("all", "help"), ""),
}


def option(action: argparse.Action) -> Option:
    """What completion needs to know of one option."""
    names, text = tuple(action.option_strings), (action.help or "").replace("%%", "%")
    if action.nargs == 0:
        return Option(names, text)
    words, files = VALUES.get(action.dest, (lambda: action.choices or (), ""))
    if action.type is file:
        files = "*"
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    return Option(names, text, metavar, tuple(map(str, words())), files)


def commands(top: argparse.ArgumentParser) -> tuple[Command, ...]:
    """The subcommands of a parser; the first, without a name, has the parser's own options."""
    found = [Command("", "", tuple(option(a) for a in top._actions if a.option_strings))]
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, parser in action.choices.items():
                inner = parser._actions
                words = [str(c) for a in inner if not a.option_strings for c in a.choices or ()]
                options = tuple(option(a) for a in inner if a.option_strings)
                found.append(Command(name, helps.get(name, ""), options, tuple(words)))
    return tuple(found)


# -- bash ---------------------------------------------------------------------------

BASH = """\
# bash completion for vmm: source <(vmm completion bash)
_vmm() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
        {names}) command=${{COMP_WORDS[i]}}; break ;;
        esac
    done
    COMPREPLY=()
    case $command:$before in
{values}
    esac
    case $command in
{words}
    esac
}}
_vmm_words() {{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}}
_vmm_files() {{
    local found
    compopt -o filenames 2>/dev/null
    mapfile -t found < <(compgen -f -X "!$1" -- "$current"; compgen -d -- "$current")
    COMPREPLY+=("${{found[@]}}")
}}
complete -F _vmm vmm
"""


def bash(found: tuple[Command, ...]) -> str:
    """The script for bash."""
    values, words = [], []
    for command in found:
        for o in command.options:
            if o.takes:
                pattern = "|".join(f"{command.name}:{name}" for name in o.names)
                act = f"_vmm_words {shlex.quote(' '.join(o.words))}; " if o.words else ""
                act += f"_vmm_files {shlex.quote(o.files)}; " if o.files else ""
                values.append(f"    {pattern}) {act}return ;;")
        offered = [*command.words, *(name for o in command.options for name in o.names)]
        if not command.name:
            offered = [c.name for c in found if c.name] + offered
        name = command.name or "''"
        words.append(f"    {name}) _vmm_words {shlex.quote(' '.join(offered))} ;;")
    names = "|".join(command.name for command in found if command.name)
    return BASH.format(names=names, values="\n".join(values), words="\n".join(words))


# -- zsh ----------------------------------------------------------------------------

ZSH = """\
#compdef vmm
# zsh completion for vmm: source <(vmm completion zsh), after compinit
_vmm() {{
    local -a commands
    local state
    commands=(
{commands}
    )
    _arguments -C {options} '1: :->command' '*:: :->rest'
    case $state in
    command) _describe command commands ;;
    rest)
        case $words[1] in
{cases}
        esac ;;
    esac
}}
compdef _vmm vmm
"""


def zsh_escape(text: str) -> str:
    """Text inside a specification of `_arguments`."""
    return "".join(f"\\{c}" if c in "[]:\\" else c for c in text)


def zsh_option(o: Option) -> str:
    """One specification: spellings that exclude each other, help, and the value's completion."""
    rest = f"[{zsh_escape(o.help)}]"
    if o.takes:
        action = "_files" if o.files else f"({' '.join(o.words)})" if o.words else " "
        if o.words and o.files:
            action = f'{{compadd - {" ".join(o.words)}; _files -g "{o.files}"}}'
        rest += f":{zsh_escape(o.takes)}:{action}"
    if len(o.names) == 1:
        return shlex.quote(o.names[0] + rest)
    return f"'({' '.join(o.names)})'{{{','.join(o.names)}}}{shlex.quote(rest)}"


def zsh(found: tuple[Command, ...]) -> str:
    """The script for zsh."""
    top, *rest = found
    cases = []
    for command in rest:
        specifications = [zsh_option(o) for o in command.options]
        if command.words:
            specifications.append(shlex.quote(f"1:word:({' '.join(command.words)})"))
        joined = " \\\n            ".join(specifications)
        cases.append(f"        {command.name}) _arguments {joined} ;;")
    return ZSH.format(
        commands="\n".join(
            f"        {shlex.quote(f'{c.name}:{zsh_escape(c.help)}')}" for c in rest
        ),
        options=" ".join(zsh_option(o) for o in top.options),
        cases="\n".join(cases),
    )


# -- fish ---------------------------------------------------------------------------


def fish_quote(text: str) -> str:
    """Text in single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def fish_option(o: Option) -> str:
    """The spellings, value and help of one option."""
    parts = []
    for name in o.names:
        if name.startswith("--"):
            parts.append(f"-l {name[2:]}")
        else:
            parts.append(f"-s {name[1:]}" if len(name) == 2 else f"-o {name[1:]}")
    if o.takes:
        parts.append("-r -F" if o.files else "-x")
        if o.words:
            parts.append(f"-a {fish_quote(' '.join(o.words))}")
    return " ".join([*parts, f"-d {fish_quote(o.help)}"])


def fish(found: tuple[Command, ...]) -> str:
    """The script for fish."""
    lines = ["# fish completion for vmm: vmm completion fish | source", "complete -c vmm -f"]
    for command in found:
        if not command.name:
            lines += [f"complete -c vmm -n __fish_use_subcommand {fish_option(o)}"
                      for o in command.options]
            continue
        lines.append(f"complete -c vmm -n __fish_use_subcommand -a {command.name}"
                     f" -d {fish_quote(command.help)}")
        seen = f"complete -c vmm -n '__fish_seen_subcommand_from {command.name}'"
        lines += [f"{seen} {fish_option(o)}" for o in command.options]
        if command.words:
            lines.append(f"{seen} -a {fish_quote(' '.join(command.words))}")
    return "\n".join(lines) + "\n"


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
EPILOG = """\
to have it in every session:
  bash  source <(vmm completion bash)     in ~/.bashrc
  zsh   source <(vmm completion zsh)      in ~/.zshrc, after compinit
  fish  vmm completion fish > ~/.config/fish/completions/vmm.fish
"""


def add(subcommands: Any) -> None:
    """Declare `vmm completion`."""
    command = subcommands.add_parser(
        "completion", help="print a completion script for a shell",
        description="Prints a script that completes commands, options and their values.",
        epilog=EPILOG,
    )
    command.add_argument("shell", metavar="SHELL", choices=tuple(SHELLS),
                         help=" or ".join(SHELLS))
    command.set_defaults(function=run)


def run(o: argparse.Namespace) -> int:
    """`vmm completion`."""
    from vmm.cli.main import parser

    print(SHELLS[o.shell](commands(parser())), end="")
    return 0
