# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell's expressions: values against Python's, names, loads, and what is refused."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shells import Talk

from vmm.debug.shell.expression import ExpressionError, evaluate, parse, parse_first


@pytest.fixture(scope="module")
def sparc() -> Talk:
    talk = Talk("leon3")
    talk.do("until main")
    return talk


OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}
NUMBERS = st.integers(0, 0xFFFFFFFF).map(lambda n: (str(n), n))


def _pair(symbol, function):
    def join(pair):
        (left, a), (right, b) = pair
        return f"({left} {symbol} {right})", int(function(a, b))

    return join


SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        *(st.tuples(inner, inner).map(_pair(*one)) for one in OPERATORS.items()),
        inner.map(lambda one: (f"~{one[0]}", ~one[1])),
        inner.map(lambda one: (f"-{one[0]}", -one[1])),
    ),
    max_leaves=12,
)


@given(SUMS)
@settings(max_examples=150, deadline=None)
def test_arithmetic_is_that_of_whole_numbers(sparc, text_and_value) -> None:
    text, value = text_and_value
    assert evaluate(text, sparc.machine) == value


@pytest.mark.parametrize(("text", "value"), [
    ("1 + 2 * 3", 7),
    ("1 << 4 | 1", 17),
    ("6 & 3 == 3", 6 & (3 == 3)),  # C's precedence, not Python's
    ("1 | 2 ^ 3 & 1", 1 | (2 ^ (3 & 1))),
    ("7 - 2 - 1", 4),
    ("!5 + !0", 1),
    ("0 && 1 / 0", 0),
    ("1 || 1 / 0", 1),
    ("2 && 3", 1),
    ("0b101 % 4", 1),
    ("-7 / 2", -4),
    ("0x10 >> 2", 4),
    ("~0 & 0xff", 0xFF),
])
def test_precedence_is_that_of_c(sparc, text, value) -> None:
    assert evaluate(text, sparc.machine) == value


def test_registers_fields_symbols_and_loads(sparc) -> None:
    machine = sparc.machine
    registers = machine.processor.registers
    main = machine.symbols.find("main").address
    assert evaluate("$pc", machine) == evaluate("main", machine) == main
    assert evaluate("psr.S", machine) == registers["psr"] >> 7 & 1
    assert evaluate("psr.cwp + 1", machine) == (registers["psr"] & 31) + 1
    assert evaluate("%sp == $o6", machine) == 1
    assert evaluate("$count", machine) == machine.engine.count > 0
    code = machine.bus.read_memory(main, 8)
    assert evaluate("*main", machine) == int.from_bytes(code[:4], "big")
    assert evaluate("u64(main)", machine) == int.from_bytes(code, "big")
    assert evaluate("u16($pc + 2) << 8 | p8(main)", machine) == (
        int.from_bytes(code[2:4], "big") << 8 | code[0]
    )
    assert evaluate("&main - main", machine) == 0


def test_a_name_is_a_register_before_a_symbol() -> None:
    talk = Talk("pc")
    assert evaluate("$pc", talk.machine) == talk.machine.linear_pc == 0xFFFFFFF0
    assert evaluate("eip", talk.machine) == 0xFFF0


@pytest.mark.parametrize(("text", "named"), [
    ("", "missing"),
    ("1 +", "missing"),
    ("(1", "')'"),
    ("1 2", "'2'"),
    ("$nothing", "$nothing"),
    ("nothing_of_that_name", "nothing_of_that_name"),
    ("psr.LUNCH", "PIL"),
    ("&psr", "&"),
    ("1 / 0", "zero"),
    ("1 % 0", "zero"),
    ("1 << 65", "65"),
    ("1 << -1", "-1"),
    ("u32(0x20000000)", "0x20000000"),
    ("12x", "12x"),
    ("0777", "0777"),
    ("__import__('os')", "__import__"),
    ("(" * 500, "deeply"),
    ("~" * 5000 + "1", "deeply"),
    ("@", "@"),
    ("1" * 5000, "256 bits"),
    ("*".join(["0xffffffffffffffff"] * 900), "256 bits"),
])
def test_what_means_nothing_is_one_line(sparc, text, named) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, sparc.machine)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_condition_that_cannot_be_computed_holds(sparc) -> None:
    assert parse("u32(0x20000000) == 1", sparc.machine).holds(sparc.machine)
    assert not parse("$count == 0", sparc.machine).holds(sparc.machine)


def test_an_expression_ends_where_another_begins(sparc) -> None:
    first, rest = parse_first("main + 4 17", sparc.machine)
    assert (first.text, rest) == ("main + 4", "17")
