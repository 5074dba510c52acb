# SPDX-License-Identifier: GPL-2.0-or-later
"""The same guest, looked at from inside."""

import re

import pytest

from vmm import At

pytestmark = pytest.mark.vmm(kernel="guest.elf", timeout=0.01, coverage=True)


def test_calls_are_counted(machine):
    machine.expect("ready")
    assert machine.ledger.count("svc") == 0
    assert machine.expect(re.compile(r"^calls: (\d)$"))[1] == "3"
    assert machine.ledger.count("svc") == 3
    assert machine.memory.read_int(machine.address("count")) == 3
    assert machine.run().status == 0
    assert machine.coverage.count("call") == 3


@pytest.mark.parametrize("count", [0, 5])
def test_the_count_is_what_memory_has(machine, count):
    machine.run(until=At("call"))
    machine.memory.write_int(machine.address("count"), count)
    machine.expect(f"calls: {count + 3}")


def test_a_call_keeps_all_registers(machine):
    machine.run(until=At("call"))
    before = machine.registers.group("general")
    machine.run(until=At(machine.registers["r14"]))
    after = machine.registers.group("general")
    assert [name for name in before if before[name] != after[name]] == ["pc"]
