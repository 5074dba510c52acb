# SPDX-License-Identifier: GPL-2.0-or-later
"""Folded stacks for flame graphs: where a guest spends its instructions.

The stack is sampled every so many instructions, so two runs of the same
inputs give the same file.  A line is ``outer;inner;innermost COUNT``.
"""

from __future__ import annotations

from collections import Counter

from vmm.debug.explain.backtrace import Frame, backtrace
from vmm.debug.trace.feed import Feed
from vmm.debug.trace.output import Output
from vmm.machine.machine import Machine


def stack(machine: Machine) -> str:
    """The functions that the processor is in, outermost first."""
    frames = backtrace(machine)
    return ";".join(_name(frame) for frame in reversed(frames))


def _name(frame: Frame) -> str:
    """A frame's function, or the page of code that has no name."""
    return frame.function.replace(";", ":") or f"{frame.pc & ~0xFFF:#010x}"


class Folded:
    """Samples from now on; `finish` writes the file."""

    def __init__(self, feed: Feed, file: Output[str], every: int) -> None:
        self._file = file
        self._stacks: Counter[str] = Counter()
        machine = feed.machine

        def sample() -> None:
            self._stacks[stack(machine)] += 1

        machine.sample(every, sample)
        feed.when_closed(lambda: machine.sample(0, None))

    def finish(self) -> None:
        """Write the stacks and how often each was met."""
        self._file.writelines(f"{stack} {count}\n" for stack, count in sorted(self._stacks.items()))
