# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to run a guest kernel that is not at home on the processor.

A machine is built by its board as always.  A *monitor* then takes its
processor over: what the guest believes about privilege lives in a *virtual
CPU*, a plain data object, and a *technique* decides how sensitive
instructions get there.

Each technique is a module here with a class `Technique`; each architecture a
package with a class `Monitor`, in its module `monitor`; each memory policy a
module of `vmm.monitor.memory` with a class `Policy`.
"""

from __future__ import annotations

from importlib import import_module

from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor, MonitorError
from vmm.monitor.memory import native
from vmm.monitor.memory.base import MemoryPolicy, PolicyError

__all__ = ["POLICIES", "TECHNIQUES", "Monitor", "MonitorError", "virtualize"]

TECHNIQUES = {
    "assist": "the processor's own modes, with an intercept set and nested translation",
    "trap_and_emulate": "in user mode; privileged instructions trap and are emulated",
    "translate": "in user mode; sensitive instructions are replaced as they are first executed",
    "previrt": "in user mode; sites that the build recorded are patched when the guest is loaded",
    "para": "in user mode; the kernel was built to call its monitor",
}
POLICIES = {
    "strict": "shadow tables; the guest's tables are write-protected, each update is trapped",
    "lazy": "shadow tables, synchronised when the guest flushes translations",
    "exposed": "the guest's own tables, write-protected; each update is validated",
    "nested": "the guest walks its own tables; a second stage says which frames are its own",
}
DEFAULT_POLICY = "lazy"
ASSIST_POLICY = "nested"  # the only one there: the guest's own tables are in use


def memory_policy(name: str, readable: bool) -> MemoryPolicy:
    """The policy of a name in POLICIES: a native one where there is, unless a ``readable`` one is
    asked for, which is Python."""
    if not readable and name in native.POLICIES:
        return native.Policy(name)
    made: MemoryPolicy = import_module(f"vmm.monitor.memory.{name}").Policy()
    return made


def virtualize(
    machine: Machine, technique: str, policy: str | None = None, *, readable: bool = False,
    **options: object,
) -> Monitor:
    """Have ``machine``'s guest run on a virtual processor from now on.

    Only before the machine has run.  ``policy`` is a name in POLICIES (the technique has a
    default); with ``readable`` it is the one written in Python, which does the same slowly.
    ``options`` are the technique's own.  MonitorError says in one line what does not fit.
    """
    if technique not in TECHNIQUES:
        raise MonitorError(f"unknown technique {technique!r}; known: {', '.join(TECHNIQUES)}")
    if policy is not None and policy not in POLICIES:
        raise MonitorError(f"unknown memory policy {policy!r}; known: {', '.join(POLICIES)}")
    if machine.engine.count:
        raise MonitorError("a machine can be virtualized only before it has run")
    if machine.turns is not None:
        raise MonitorError("only a machine with one processor can be virtualized")
    how = import_module(f"vmm.monitor.{technique}").Technique(**options)
    reason = how.refusal(machine)
    if reason is not None:
        raise MonitorError(reason)
    assisted = technique == "assist"
    if assisted and policy not in (None, ASSIST_POLICY):
        raise MonitorError(f"technique assist has memory policy {ASSIST_POLICY} only")
    chosen = policy or (ASSIST_POLICY if assisted else DEFAULT_POLICY)
    memory = memory_policy(chosen, readable)
    if assisted:
        monitor = how.monitor(machine, memory)
    else:
        package = import_module(f"vmm.monitor.{machine.processor.architecture}.monitor")
        monitor = package.Monitor(machine, how, memory)
    assert isinstance(monitor, Monitor)
    try:
        memory.attach(monitor)
    except PolicyError as error:
        raise MonitorError(str(error)) from None
    how.attach(monitor)
    return monitor
