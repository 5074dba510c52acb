# SPDX-License-Identifier: GPL-2.0-or-later
"""Templates of the translation cache: what takes the place of a sensitive instruction, inline.

A template is text, one unprivileged instruction a line, assembled once by Keystone.  `@` is a
word of the virtual CPU, named behind the instruction: `< name` if it is loaded, `> name` if it
is stored, `<> name` for both; `< one > two` loads one word and stores another.  Such a word has
no address that a guest could name.  A line with `<` or `>` and no `@` (a push, a pop) has that
access of it redirected.  `{r}` is the register that the site names, in each line where it stands.
A line `? name`, or `? name & mask`, with `== value`, is a guard: where it does not hold, the
monitor does the whole instruction.

A template may reach the guest's memory once, in its last line or before it has changed any
register; before a guard all registers are as they were, and flags where the instruction
sets them all (vmm/native/src/code_cache.c).
"""

from __future__ import annotations

import ctypes as C
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import keystone

from vmm.cpu.engine import Engine
from vmm.native.code_pages import (
    NO_OPERAND,
    SITE_WORD,
    NativeTemplate,
    WordGuard,
)

_GUARD = re.compile(r"\? *(\w+)(?: *& *(\w+))? *== *(\w+)")
_LINE = re.compile(r"(.*?)(?: *(<>) *(\w+)| *< *(\w+)(?: *> *(\w+))?| *> *(\w+))?")


@dataclass(frozen=True, slots=True)
class Assembler:
    """How an architecture writes the lines of a template."""

    architecture: int  # of Keystone
    mode: int
    word: str  # what stands for `@`
    registers: tuple[str, str]  # those numbered 1 and 2, to find where an operand goes


@dataclass(frozen=True, slots=True)
class Template:
    """For the instructions of one ``operation`` whose argument & ``mask`` is ``value``.

    ``forms`` are the ways in which code may read that it is for; ``operand``: lowest bit and
    number of bits of a register's number in the argument.
    """

    operation: int
    text: str
    forms: tuple[int, ...]
    mask: int = 0
    value: int = 0
    operand: tuple[int, int] = (0, 0)
    ends: bool = False  # its block ends behind it
    length: int = 0  # of the site, in bytes; 0: any
    excluded: tuple[int, ...] = ()  # numbers of registers that it is not for
    registers: tuple[str, str] | None = None  # instead of the assembler's


@cache
def _opened(architecture: int, mode: int) -> keystone.Ks:
    return keystone.Ks(architecture, mode)


@cache
def _assemble(assembler: Assembler, line: str) -> bytes:
    code, _ = _opened(assembler.architecture, assembler.mode).asm(line)
    return bytes(code)


def _operand_shifts(
    assembler: Assembler, line: str, registers: tuple[str, str]
) -> tuple[bytes, list[int]]:
    """A line's code with register 0 for its operand, and at which bits the number goes."""
    if "{r}" not in line:
        return _assemble(assembler, line), []
    one, two = (_assemble(assembler, line.format(r=name)) for name in registers)
    first, second = int.from_bytes(one, "little"), int.from_bytes(two, "little")
    changed, shifts = first ^ second, []
    while changed:  # 1 and 2 differ in two bits
        shift = (changed & -changed).bit_length() - 1
        shifts.append(shift)
        changed &= ~(3 << shift)
        first &= ~(1 << shift)
    return first.to_bytes(len(one), "little"), shifts


def native_template(
    template: Template, form: int, assembler: Assembler, words: Mapping[str, int]
) -> NativeTemplate:
    """As the native layer has it; ``words`` are addresses in this process."""
    made = NativeTemplate(
        mask=template.mask, value=template.value, operation=template.operation, form=form,
        operand_shift=template.operand[0], operand_bits=template.operand[1], ends=template.ends,
        length=template.length, excluded=sum(1 << number for number in template.excluded))
    for line in filter(None, map(str.strip, template.text.splitlines())):
        guard = _GUARD.fullmatch(line)
        if guard is not None:
            name, mask, value = guard.groups()
            made.guard[made.guards] = WordGuard(
                words[name], int(mask or "0xffffffff", 0), int(value, 0), made.count)
            made.guards += 1
            continue
        parts = _LINE.fullmatch(line)
        assert parts is not None
        text, _, both, load, store, store_alone = parts.groups()
        code, shifts = _operand_shifts(
            assembler, text.replace("@", assembler.word), template.registers or assembler.registers)
        one = made.code[made.count]
        C.memmove(one.code, code, len(code))
        one.length = len(code)
        one.shift[:] = [*shifts, NO_OPERAND, NO_OPERAND][:2]
        load, store = load or both, store or store_alone or both
        one.load = words[load] if load else 0
        one.store = words[store] if store else 0
        made.count += 1
    return made


def keep_code_pages(
    engine: Engine, templates: tuple[Template, ...], assemblers: Mapping[int, Assembler],
    words: Callable[[int], Mapping[str, int]],
) -> None:
    """Have an engine keep shadow code pages, with a translation cache of these templates.

    ``assemblers`` are by form; ``words`` says, from the address of the VCPU page, where in this
    process the words are that templates name.
    """
    dll = engine.library.dll
    page = dll.vmm_keep_code_pages(engine.pointer)
    if not page:
        raise MemoryError("no memory for shadow code pages")
    places = {"site": SITE_WORD, **words(page)}
    for template in templates:
        for form in template.forms:
            made = native_template(template, form, assemblers[form], places)
            if dll.vmm_add_template(engine.pointer, C.byref(made)):
                raise MemoryError("no memory for a template")
