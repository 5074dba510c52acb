# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditional branches that compare once (sparc_branches.c) go where the manual says, and a
delay slot that traps says so too (The SPARC Architecture Manual, V8: B.21 and 7.2)."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine

CODE, DATA, TABLE, NOWHERE = 0x40001000, 0x40002000, 0x40000000, 0x70000000
BRANCH, TARGET = CODE + 4, CODE + 0x20
NOP, STAY = 0x01000000, (0x10800000, 0x01000000)  # ba .; nop
G1, G2, G3, G4, G5 = range(1, 6)
SUB, ADD, AND, OR, XOR = 0x04, 0x00, 0x01, 0x02, 0x03
SETS_CONDITIONS = 0x10
SETTERS = {"subcc": SUB, "addcc": ADD, "andcc": AND, "orcc": OR, "xorcc": XOR}
EDGES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Delay slots; in those with an address it is in %g4.
LOAD, STORE = 0xC0012000 | G3 << 25, 0xC0212000 | G3 << 25  # ld [%g4], %g3; st %g3, [%g4]
ACCESSES = {"load": LOAD, "store": STORE}
TRAPS = {"load": 0x09, "store": 0x2B}  # data_access_exception, data_store_error


def register_form(op3: int, destination: int, first: int, second: int) -> int:
    return 2 << 30 | destination << 25 | op3 << 19 | first << 14 | second


SLOTS = {
    "nothing": NOP, **ACCESSES,
    "what is compared": register_form(XOR, G1, G1, G2),
    "conditions": register_form(SUB | SETS_CONDITIONS, G3, G2, G1),
}


@dataclass(frozen=True)
class Conditions:
    n: bool
    z: bool
    v: bool
    c: bool

    def taken(self, condition: int) -> bool:
        """Of Bicc, table 5-17 of the manual's section B.21."""
        holds = (False, self.z, self.z or self.n != self.v, self.n != self.v, self.c or self.z,
                 self.c, self.n, self.v)[condition & 7]
        return holds != bool(condition & 8)


def result(op3: int, a: int, b: int) -> tuple[int, Conditions]:
    value = {SUB: a - b, ADD: a + b, AND: a & b, OR: a | b, XOR: a ^ b}[op3]
    low = value & 0xFFFFFFFF
    signs = (a >> 31, (b >> 31) ^ (op3 == SUB), low >> 31)
    overflow = op3 in (SUB, ADD) and signs[0] == signs[1] != signs[2]
    carry = op3 in (SUB, ADD) and not 0 <= value <= 0xFFFFFFFF
    return low, Conditions(bool(low >> 31), low == 0, overflow, carry)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    firmware = tmp_path_factory.mktemp("bios") / "nothing.bin"
    firmware.write_bytes(bytes(16))
    machine = create(Options("leon3", ram=4 << 20, bios=firmware))
    for trap in TRAPS.values():
        put(machine, TABLE + 16 * trap, *STAY)
    return machine


def put(machine: Machine, address: int, *words: int) -> None:
    machine.bus.write_memory(address, b"".join(word.to_bytes(4, "big") for word in words))


def run(machine: Machine, words: tuple[int, ...], a: int, b: int, address: int, steps: int,
        at_once: bool) -> None:
    """WORDS at CODE, and at the branch's target and behind it what stays there."""
    put(machine, CODE, *words, *STAY)
    put(machine, TARGET, *STAY)
    registers = machine.processor.registers
    registers["psr"], registers["wim"], registers["tbr"] = 0xE0, 0, TABLE  # S, PS, ET; window 0
    for name, value in (("g1", a), ("g2", b), ("g3", 0), ("g4", address)):
        registers[name] = value
    machine.processor.set_pc(CODE)
    for count in (steps,) if at_once else (1,) * steps:
        machine.run(until=machine.engine.count + count)


def branch(condition: int, annul: bool) -> int:
    return annul << 29 | condition << 25 | 2 << 22 | (TARGET - BRANCH) >> 2


def pairs(pick: random.Random, count: int) -> list[tuple[int, int]]:
    def value() -> int:
        return pick.choice((pick.choice(EDGES), pick.getrandbits(32)))

    chosen = [(value(), value()) for _ in range(count)]
    return [*chosen, (chosen[0][0],) * 2]


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("setter", SETTERS)
def test_a_branch_goes_where_the_conditions_say(board: Machine, setter: str, slot: str) -> None:
    op3 = SETTERS[setter]
    pick = random.Random(f"{setter} {slot}")
    for condition in range(16):
        for a, b in pairs(pick, 1):
            annul, keep = pick.random() < 0.3, pick.choice((G3, G5))
            low, conditions = result(op3, a, b)
            taken = conditions.taken(condition)
            words = (register_form(op3 | SETS_CONDITIONS, keep, G1, G2), branch(condition, annul),
                     SLOTS[slot])
            found = []
            for at_once in (True, False):
                run(board, words, a, b, DATA, 6, at_once)
                registers = board.processor.registers
                found.append([registers[name] for name in ("g1", "g2", "g3", "g5", "psr")])
                where = TARGET if taken else BRANCH + 8
                assert where <= registers["pc"] < where + 8, (condition, a, b, annul, at_once)
            assert found[0] == found[1]
            if keep == G5:
                assert found[0][3] == low


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("setter", SETTERS)
def test_a_trap_in_the_delay_slot_knows_where_the_branch_goes(
    board: Machine, setter: str, access: str,
) -> None:
    op3 = SETTERS[setter]
    pick = random.Random(f"{setter} {access}")
    for condition in range(16):
        for a, b in pairs(pick, 1):
            conditions = result(op3, a, b)[1]
            words = (register_form(op3 | SETS_CONDITIONS, 0, G1, G2), branch(condition, False),
                     ACCESSES[access])
            for at_once in (True, False):
                # The code is the same both times: it is not translated between.
                for address in (DATA, NOWHERE):
                    run(board, words, a, b, address, 5, at_once)
                registers = board.processor.registers
                assert registers["tbr"] >> 4 & 0xFF == TRAPS[access]
                assert registers["l1"] == BRANCH + 4
                assert registers["l2"] == (TARGET if conditions.taken(condition) else BRANCH + 8), (
                    condition, a, b, at_once)
