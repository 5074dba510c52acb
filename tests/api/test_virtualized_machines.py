# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's machine with a technique: the bare machine's run, and what its monitor did."""

from __future__ import annotations

import pytest

from vmm import At, Machine

WAYS = [
    ("leon3", "sparc", "trap_and_emulate", "lazy"),
    ("leon3", "sparc", "translate", "strict"),
    ("virt", "arm", "translate", "exposed"),
    ("virt", "arm", "assist", "nested"),
    ("pc", "x86", "translate", "nested"),
]


@pytest.mark.parametrize(("board", "architecture", "technique", "shadow"), WAYS)
def test_a_virtualized_run_is_the_bare_run(guest, board, architecture, technique, shadow) -> None:
    kernel = guest(f"{architecture}/traps")
    with Machine(board, kernel=kernel, ledger=True) as bare, Machine(
        board, kernel=kernel, technique=technique, shadow=shadow, ledger=True
    ) as m:
        for machine in (bare, m):
            machine.run(until=At("main"))
            start = machine.snapshot()
            machine.run()
            machine.restore(start)
            machine.run()
        assert (m.outcome, m.count, m.output) == (bare.outcome, bare.count, bare.output)
        assert m.ledger.counts() == bare.ledger.counts()
        assert (m.virtualization.technique, m.virtualization.shadow) == (technique, shadow)
        counted = m.statistics()["virtualization"]
        assert counted == m.virtualization.statistics()
        assert counted["technique"] == technique and counted["policy"] == shadow
        assert sum(counted["exits"].values()) == m.virtualization.exits
        assert "virtualization" not in bare.statistics()


def test_hooks_are_told_of_the_traps_of_a_virtualized_guest(guest) -> None:
    heard = {}
    for technique in (None, "trap_and_emulate"):
        with Machine("leon3", kernel=guest("sparc/hello"), ram="2M", technique=technique) as m:
            traps = heard[technique] = []

            @m.on_trap("data_store_error")
            def fault(trap, traps=traps) -> None:
                traps.append((trap.name, trap.pc, trap.count))

            m.run()
    assert heard[None] == heard["trap_and_emulate"] and len(heard[None]) == 2


def test_a_profile_names_places_and_what_would_spare_them(guest) -> None:
    with Machine(
        "leon3", kernel=guest("sparc/hello"), technique="trap_and_emulate", profile=True
    ) as m:
        m.run()
        rows = m.virtualization.hottest(1000)
        assert sum(row.count for row in rows) == m.virtualization.exits
        assert rows == sorted(rows, key=lambda row: -row.count)
        assert any(row.instruction.startswith("rd %psr") for row in rows)
    m = Machine("leon3", kernel=guest("sparc/hello"), technique="trap_and_emulate")
    with m, pytest.raises(ValueError, match="keeps no profile"):
        m.virtualization.hottest()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"technique": "magic"}, "unknown technique 'magic'; known: assist"),
        ({"technique": "translate", "shadow": "dark"}, "unknown memory policy 'dark'; known: str"),
        ({"technique": "assist", "shadow": "lazy"}, "memory policy nested only"),
        ({"technique": "previrt"}, "no note of its sensitive instructions"),
        ({"technique": "translate", "processors": 2}, "only a machine with one processor"),
        ({"technique": "translate", "trusted": True}, "trusted goes with technique trap_and_emu"),
        ({"technique": "translate", "assist_controls": ["halt"]}, "go with technique assist"),
        ({"technique": "assist", "assist_controls": ["lunch"]}, "no control 'lunch' on arm"),
        ({"shadow": "lazy"}, "need a technique"),
        ({"profile": True}, "need a technique"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_a_value_error(guest, options, text) -> None:
    with pytest.raises(ValueError, match=text):
        Machine("virt", kernel=guest("arm/hello"), **options)


def test_a_bare_machine_has_no_monitor(guest) -> None:
    m = Machine("virt", kernel=guest("arm/hello"))
    with m, pytest.raises(ValueError, match=r"not virtualized: Machine\(\.\.\., technique=\)"):
        _ = m.virtualization
