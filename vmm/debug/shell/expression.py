# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell's expressions: numbers, registers, symbols and memory, as in C.

    $psr & 0x80 && u32($sp + 4) == main

Operators and their precedence are C's, values are whole numbers of up to 256
bits, truth is 1 or 0.  A name is a register (``$`` before it is allowed, and needed
for ``$count``, ``$traps`` and ``$time``; ``$pc`` is linear on x86), a field of a
register (``psr.PIL``), or a symbol's address; ``&name`` is the symbol even if
there is a register of that name.  ``u8 u16 u32 u64`` load from the processor's
current addresses in the guest's byte order, ``p8 p16 p32 p64`` from physical
ones, ``*x`` is ``u32(x)``.  Nothing here changes anything or reaches a device.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from vmm.debug.shell.command import CommandError
from vmm.machine.guest_memory import Memory, NotMemory
from vmm.machine.machine import Machine

Value = Callable[[Machine], int]

LOADS = {f"{kind}{bits}": (kind, bits // 8) for kind in "up" for bits in (8, 16, 32, 64)}
LONGEST_SHIFT = 64
WIDEST = 256  # bits of a value
DEEPEST = 50  # nested parentheses and unary operators
SPECIAL: dict[str, Value] = {
    "$pc": lambda machine: machine.linear_pc,
    "$count": lambda machine: machine.engine.count,
    "$traps": lambda machine: sum(machine.engine.native.traps),
    "$time": lambda machine: machine.clock.now(),
}
TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)(?![\w])"
    r"|(?P<name>[$%]?[A-Za-z_][\w.@]*)"
    r"|(?P<operator>\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%&|^~!<>()]))"
)


class ExpressionError(CommandError):
    """An expression that means nothing, or whose value cannot be had now."""


def _shift(function: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def shift(left: int, right: int) -> int:
        if not 0 <= right <= LONGEST_SHIFT:
            raise ExpressionError(f"a shift by {right}: 0 to {LONGEST_SHIFT}")
        return function(left, right)

    return shift


def _divided(function: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def divide(left: int, right: int) -> int:
        if right == 0:
            raise ExpressionError("a division by zero")
        return function(left, right)

    return divide


# From the loosest to the tightest; && and || are apart because they may not compute both sides.
LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"==": operator.eq, "!=": operator.ne},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"<<": _shift(operator.lshift), ">>": _shift(operator.rshift)},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": _divided(operator.floordiv), "%": _divided(operator.mod)},
)
UNARY: dict[str, Callable[[int], int]] = {
    "-": operator.neg, "+": operator.pos, "~": operator.invert,
    "!": lambda value: int(not value),
}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as it was written, ready to be computed again and again."""

    text: str
    compute: Value

    def __call__(self, machine: Machine) -> int:
        """Its value now; ExpressionError if a load meets no memory or a divisor is 0."""
        try:
            value = self.compute(machine)
        except NotMemory as error:
            raise ExpressionError(f"{self.text}: {error}") from error
        if value.bit_length() > WIDEST:
            raise ExpressionError(f"a value of more than {WIDEST} bits")
        return value

    def holds(self, machine: Machine) -> bool:
        """As a condition; one that cannot be computed holds, so that nothing is missed."""
        try:
            return bool(self(machine))
        except ExpressionError:
            return True


def parse(text: str, machine: Machine) -> Expression:
    """The expression that ``text`` is, all of it; names are looked up now."""
    expression, rest = parse_first(text, machine)
    if rest:
        raise ExpressionError(f"{rest.split()[0]!r} is too much after {expression.text!r}")
    return expression


def parse_first(text: str, machine: Machine) -> tuple[Expression, str]:
    """The expression that ``text`` begins with, and what follows it."""
    parser = _Parser(text, machine)
    value = parser.either()
    end = parser.end
    return Expression(text[:end].strip(), value), text[end:].strip()


def words(text: str) -> list[str]:
    """The words of a list of expressions; those with spaces inside stand in parentheses."""
    found, depth, word = [], 0, ""
    for character in text:
        depth += (character == "(") - (character == ")")
        if character.isspace() and depth <= 0:
            if word:
                found.append(word)
            word = ""
        else:
            word += character
    return [*found, word] if word else found


def evaluate(text: str, machine: Machine) -> int:
    """The value of an expression."""
    return parse(text, machine)(machine)


class _Parser:
    """Recursive descent over one text; `end` is how far it has read."""

    def __init__(self, text: str, machine: Machine) -> None:
        self._text = text
        self._machine = machine
        self._registers = machine.processor.registers
        self._depth = 0
        self.end = 0

    def _peek(self) -> re.Match[str] | None:
        return TOKEN.match(self._text, self.end)

    def _accept(self, operators: tuple[str, ...] | dict[str, object]) -> str | None:
        token = self._peek()
        if token is None or token["operator"] not in operators:
            return None
        self.end = token.end()
        return token["operator"]

    def either(self) -> Value:
        left = self._both()
        while self._accept(("||",)):
            left = self._or(left, self._both())
        return left

    def _both(self) -> Value:
        left = self._level(0)
        while self._accept(("&&",)):
            left = self._and(left, self._level(0))
        return left

    @staticmethod
    def _or(left: Value, right: Value) -> Value:
        return lambda machine: int(bool(left(machine)) or bool(right(machine)))

    @staticmethod
    def _and(left: Value, right: Value) -> Value:
        return lambda machine: int(bool(left(machine)) and bool(right(machine)))

    def _level(self, level: int) -> Value:
        if level == len(LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while (symbol := self._accept(dict(LEVELS[level]))) is not None:
            left = self._binary(LEVELS[level][symbol], left, self._level(level + 1))
        return left

    @staticmethod
    def _binary(function: Callable[[int, int], int], left: Value, right: Value) -> Value:
        return lambda machine: int(function(left(machine), right(machine)))

    def _unary(self) -> Value:
        symbol = self._accept(("-", "+", "~", "!", "*", "&", "("))
        if symbol is None:
            return self._primary()
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("an expression nested too deeply")
        value = self._prefixed(symbol)
        self._depth -= 1
        return value

    def _prefixed(self, symbol: str) -> Value:
        if symbol == "(":
            inner = self.either()
            if not self._accept((")",)):
                raise ExpressionError(f"a ')' is missing in {self._text.strip()!r}")
            return inner
        if symbol == "&":
            return self._address()
        inner = self._unary()
        if symbol == "*":
            return self._load("u", 4, inner)
        function = UNARY[symbol]
        return lambda machine: function(inner(machine))

    def _address(self) -> Value:
        token = self._peek()
        symbol = self._machine.symbols.find(token["name"]) if token and token["name"] else None
        if token is None or symbol is None:
            raise ExpressionError(f"& wants a symbol: {self._text[self.end:].strip()!r}")
        self.end = token.end()
        address = symbol.address
        return lambda machine: address

    def _primary(self) -> Value:
        token = self._peek()
        if token is None or token["operator"]:
            found = self._text[self.end:].strip()
            what = f"an expression cannot go on with {found!r}" if found else "an expression ends"
            raise ExpressionError(f"{what}: a number, register or symbol is missing")
        self.end = token.end()
        if token["number"]:
            number = _number(token["number"])
            return lambda machine: number
        name = token["name"]
        if name in LOADS and self._accept(("(",)):
            kind, size = LOADS[name]
            return self._load(kind, size, self._prefixed("("))
        return self._named(name)

    @staticmethod
    def _load(kind: str, size: int, address: Value) -> Value:
        def load(machine: Machine) -> int:
            translate = machine.processor.translate if kind == "u" else None
            return Memory(machine, translate).read_int(address(machine) & 0xFFFFFFFF, size)

        return load

    def _named(self, name: str) -> Value:
        if name in SPECIAL:
            return SPECIAL[name]
        table = self._registers
        plain = table.aliases.get(name.lower().lstrip("%$"), name.lower().lstrip("%$"))
        if plain in table.table:
            return lambda machine: machine.processor.registers[plain]
        register, dot, field_name = plain.rpartition(".")
        register = table.aliases.get(register, register)
        if dot and register in table.table:
            for field in table.table[register].fields:
                if field.name.lower() == field_name:
                    return lambda machine: field.of(machine.processor.registers[register])
            known = ", ".join(field.name for field in table.table[register].fields) or "none"
            raise ExpressionError(f"register {register} has no field {field_name!r}, but {known}")
        symbol = None if name[0] in "$%" else self._machine.symbols.find(name)
        if symbol is None:
            what = "register" if name[0] in "$%" else "register or symbol"
            raise ExpressionError(f"no {what} {name!r}")
        address = symbol.address
        return lambda machine: address


def _number(text: str) -> int:
    if text[0] == "0" and text[1:].isdecimal() and text.strip("0"):
        raise ExpressionError(f"{text}: a number begins with 0x, 0b or 1 to 9")
    if len(text) > WIDEST:
        raise ExpressionError(f"a value of more than {WIDEST} bits")
    return int(text, 0)
