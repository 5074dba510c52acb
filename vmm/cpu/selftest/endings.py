# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of ends: what stops a machine never ends the process."""

from __future__ import annotations

import ctypes

from vmm.cpu.selftest.scratch import (
    ARM_BACK,
    ARM_INC,
    CODE,
    DEVICE,
    NOP,
    SPARC_TA3,
    Mismatch,
    arm,
    expect,
    sparc,
    x86,
)
from vmm.native import library as native

CPU_EXCEPTION_INDEX = 0x81A0  # as in offsets.h


def ends_are_caught() -> str:
    """Error mode, shutdown and the engine's own abort stop the machine, not the process."""
    one = sparc()
    one.processor.registers["psr"] = 0xC0
    one.put(CODE, [NOP, SPARC_TA3])
    expect("error mode", one.run(100), native.REASON_ERROR_MODE)
    expect("its trap", one.engine.native.reason_trap, 0x83)
    two = x86()
    two.processor.registers["idtr.limit"] = 0
    two.put(CODE, b"\x90\x0f\x0b")
    expect("shutdown", two.run(100), native.REASON_SHUTDOWN)
    three = arm()
    index = ctypes.c_int32.from_address(three.engine.cpu + CPU_EXCEPTION_INDEX)

    def spoil(kind: int) -> int:
        index.value = 0x55  # an exception that does not exist
        return native.NATIVE

    three.engine.handlers.trap = spoil
    three.engine.intercept([2])
    three.put(CODE, [0xEF000000])
    expect("abort", three.run(100), native.REASON_ABORT)
    return f"the last one said: {three.engine.native.message.decode().strip()}"


def handlers_may_fail() -> str:
    """An error of ours in a callback stops the engine and comes out of `run`."""
    scratch = arm()

    def read(address: int, size: int) -> int:
        raise LookupError("on purpose")

    scratch.engine.handlers.read = read
    scratch.processor.registers["r2"] = DEVICE
    scratch.put(CODE, [0xE5923000, ARM_INC, ARM_BACK])
    try:
        scratch.run(1000)
    except LookupError:
        return "stopped and raised again"
    raise Mismatch("the error was lost")
