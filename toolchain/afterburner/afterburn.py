# SPDX-License-Identifier: GPL-2.0-or-later
"""From the text of one assembly file to its annotated text."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace

from afterburner.annotate import arm_site, sparc_site, store_note, x86_site
from afterburner.source import Source, Statement
from vmm.machine.sensitive import CLASSIFIERS, STORES, X86_PREFIXES
from vmm.machine.sensitive import STORE as HOT_STORE
from vmm.machine.sites import unit_number

_MODE_DIRECTIVES = frozenset((
    ".arm", ".thumb", ".thumb_func", ".code", ".syntax", ".code16", ".code16gcc", ".code32"))


@dataclass(frozen=True, slots=True)
class _Mode:
    """How instructions are read."""

    thumb: bool
    unified: bool = False  # ARM: the syntax, until a file says otherwise
    real_mode: bool = False  # x86: .code16

    def after(self, name: str, operands: str) -> _Mode:
        """The mode after a directive."""
        if name in (".thumb", ".thumb_func", ".arm", ".code"):
            thumb = name.startswith(".thumb") or (name == ".code" and operands == "16")
            return replace(self, thumb=thumb)
        if name == ".syntax":
            return replace(self, unified=operands == "unified")
        if name.startswith(".code"):
            return replace(self, real_mode=name != ".code32")
        return self


class _State:
    """The mode at each statement, macros followed: a body is read where it is defined, and
    where it is called its directives count."""

    def __init__(self, thumb: bool) -> None:
        self.mode = _Mode(thumb)
        self._macros: dict[str, list[tuple[str, str]]] = {}  # directives of a body
        self._defining: list[tuple[str, _Mode]] = []

    def statement(self, name: str, operands: str) -> None:
        """Take note of a statement, if it is one that matters."""
        if name == ".macro":
            self._defining.append((operands.replace(",", " ").split(" ")[0].lower(), self.mode))
            self._macros[self._defining[-1][0]] = []
        elif name == ".endm" and self._defining:
            _, self.mode = self._defining.pop()
        for directive in self._macros.get(name, [(name, operands)]):
            if directive[0] in _MODE_DIRECTIVES and self._defining:
                self._macros[self._defining[-1][0]].append(directive)
            self.mode = self.mode.after(*directive)


@dataclass(slots=True)
class Summary:
    """What was found: sites of each kind, and stores told for profiles."""

    sites: dict[str, int] = field(default_factory=dict)
    stores: int = 0


class Afterburner:
    """Annotates the files of one architecture."""

    def __init__(
        self, architecture: str, hot: Set[tuple[int, int]] = frozenset(), thumb: bool = False
    ) -> None:
        """``hot``: (unit, statement) of stores that trap often; ``thumb``: how a file begins."""
        self.architecture = architecture
        self.hot = hot
        self.thumb = thumb
        self.classify = CLASSIFIERS[architecture]
        self.stores = STORES[architecture]

    def annotate(self, text: str, name: str) -> tuple[str, Summary]:
        """The annotated text of the file ``name``; SourceError with file and line."""
        source = Source(text, self.architecture, name)
        summary, replacements = Summary(), {}
        unit, state = unit_number(name), _State(self.thumb)
        prefix: tuple[int, Statement] | None = None  # x86: a prefix that is a statement
        for number, statement in enumerate(source.statements):
            mnemonic, operands = statement.mnemonic, statement.operands
            state.statement(mnemonic, operands)
            if self.architecture == "x86" and mnemonic in X86_PREFIXES:
                if not operands:
                    prefix = number, statement
                    continue
                mnemonic, _, operands = operands.partition(" ")
                operands = operands.strip()
            kind = self.classify(mnemonic, operands)
            store = kind is None and self.stores(mnemonic, operands)
            if store and (unit, number) in self.hot:
                kind = HOT_STORE
            if kind is not None:
                original = source.text(statement)
                if prefix is not None:
                    replacements[prefix[0]] = ""
                    original = f"{source.text(prefix[1])} {original}"
                replacements[number] = self._site(original, kind, operands, state.mode)
                summary.sites[kind] = summary.sites.get(kind, 0) + 1
            if store:
                at, first = (number, statement) if kind or not prefix else prefix
                text = replacements.get(at) or source.text(first)
                replacements[at] = store_note(unit, number) + text
                summary.stores += 1
            prefix = None
        return source.replaced(replacements), summary

    def _site(self, original: str, kind: str, operands: str, mode: _Mode) -> str:
        if self.architecture == "x86":
            return x86_site(original, kind, operands, mode.real_mode)
        if self.architecture == "arm":
            return arm_site(original, kind, mode.thumb, mode.unified)
        return sparc_site(original, kind)
