# SPDX-License-Identifier: GPL-2.0-or-later
"""From the text of one assembly file to its annotated text."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from afterburner.annotate import arm_site, sparc_site, store_note, x86_site
from afterburner.source import Source, Statement
from vmm.machine.sensitive import CLASSIFIERS, STORES, X86_PREFIXES
from vmm.machine.sensitive import STORE as HOT_STORE
from vmm.machine.sites import unit_number


@dataclass(slots=True)
class _State:
    """What directives have said of the instructions that follow."""

    thumb: bool
    unified: bool = False  # ARM: the syntax, until a file says otherwise
    real_mode: bool = False  # x86: .code16

    def directive(self, name: str, operands: str) -> None:
        """Take note of a directive, if it is one that matters."""
        if name in (".thumb", ".thumb_func", ".arm", ".code"):
            self.thumb = name.startswith(".thumb") or (name == ".code" and operands == "16")
        elif name == ".syntax":
            self.unified = operands == "unified"
        elif name.startswith(".code"):
            self.real_mode = name != ".code32"


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
            state.directive(mnemonic, operands)
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
                replacements[number] = self._site(original, kind, operands, state)
                summary.sites[kind] = summary.sites.get(kind, 0) + 1
            if store:
                at, first = (number, statement) if kind or not prefix else prefix
                text = replacements.get(at) or source.text(first)
                replacements[at] = store_note(unit, number) + text
                summary.stores += 1
            prefix = None
        return source.replaced(replacements), summary

    def _site(self, original: str, kind: str, operands: str, state: _State) -> str:
        if self.architecture == "x86":
            return x86_site(original, kind, operands, state.real_mode)
        if self.architecture == "arm":
            return arm_site(original, kind, state.thumb, state.unified)
        return sparc_site(original, kind)
