# SPDX-License-Identifier: GPL-2.0-or-later
"""Engines: of which architecture, why a run ends, turns.  Mirror of `src/engine.h`."""

from __future__ import annotations

SPARC, ARM, X86 = range(3)

(
    REASON_NONE,
    REASON_STOPPED,
    REASON_HALTED,
    REASON_ERROR_MODE,
    REASON_SHUTDOWN,
    REASON_ABORT,
    REASON_ENGINE_ERROR,
    REASON_UNHANDLED,
) = range(8)
TURN = 20_000  # instructions that a processor runs while another one could
STALE = 256  # pages that peers have stored to during one turn
