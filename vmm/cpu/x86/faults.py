# SPDX-License-Identifier: GPL-2.0-or-later
"""A fault met while a trap is being delivered.

Intel SDM volume 3A, 6.13 (error codes) and 6.15, interrupt 8.  Delivery is
abandoned where the fault is; what it has written to memory stays written.
Whether the two make a double fault (table 6-5), or a third one a shutdown, is
the engine's account to keep: it is told of every fault in the same way.
"""

from __future__ import annotations

DE, DB, NMI, BP, OF, BR, UD, NM, DF = range(9)
TS, NP, SS, GP, PF = range(10, 15)
AC = 17

WITH_ERROR_CODE = frozenset((DF, TS, NP, SS, GP, PF, AC))

CODE_IDT = 2  # error code: the index is of a gate in the IDT


class Fault(Exception):
    """``vector`` with its error code."""

    def __init__(self, vector: int, code: int) -> None:
        super().__init__(f"fault {vector} with error code {code:#06x}")
        self.vector, self.code = vector, code


def selector_fault(vector: int, selector: int) -> Fault:
    """A fault whose error code names a descriptor (figure 6-6), without its RPL."""
    return Fault(vector, selector & 0xFFFC)


def gate_fault(vector: int, number: int) -> Fault:
    """A fault whose error code names gate ``number`` of the IDT."""
    return Fault(vector, number * 8 | CODE_IDT)
