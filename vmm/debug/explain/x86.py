# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 traps explained."""

from __future__ import annotations

from vmm.debug.explain import changes
from vmm.debug.explain.explanation import Context, Explanation


def explain(context: Context) -> Explanation:
    """Any trap."""
    where = context.then.pc
    return Explanation(
        context.title(context.trap.name), (), context.instruction(where),
        (changes.section(context),),
    )
