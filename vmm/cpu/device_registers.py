# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers of devices that the native layer answers: hot reads, cells, models.

docs/architecture.md says what each is; the mechanism is in `vmm/native/src`, in device.c and
model.c.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from typing import Any, cast

from vmm.native import library as native
from vmm.native.library import NativeError


class DeviceRegisters:
    """Those of the machine that one engine is a processor of."""

    def __init__(self, dll: Any, pointer: Any) -> None:
        self._dll = dll
        self._pointer = pointer
        self._native: native.NativeCpu = pointer.contents

    def set_hot(self, address: int, size: int, value: int, port: bool = False) -> None:
        """Have reads of a device register answered with ``value`` until `clear_hot`."""
        flag = native.PORT if port else 0
        self._dll.vmm_set_hot(self._pointer, address | flag, size, value)

    def add_model(self, model: native.Model) -> None:
        """Have the native layer answer a device's registers on the device's own state."""
        if self._native.model_count == native.MODELS:
            raise NativeError("too many devices are modelled natively")
        self._native.models[self._native.model_count] = model
        self._native.model_count += 1
        self._native.models_on = 1

    def add_cell(self, cell: native.Cell) -> native.Cell | None:
        """Have a register be a word of its device's state; the live entry, None if full."""
        if self._native.cell_count == native.CELLS:
            return None
        index = self._native.cell_count
        self._native.cells[index] = cell
        self._native.cell_count += 1
        self._native.models_on = 1
        return cast(native.Cell, self._native.cells[index])

    def gic_input(self, state: C.Structure) -> Callable[[int, int, bool], bool]:
        """A function that changes an input (of a processor, an INTID) of the modelled GIC.

        The GIC is the one with this state; for the time in which this engine's processor runs.
        """
        change, pointer, address = self._dll.vmm_gic_input, self._pointer, C.addressof(state)
        return lambda cpu, intid, level: cast(bool, change(pointer, address, cpu, intid, level))

    def set_models(self, on: bool) -> None:
        """Whether accesses may be answered natively at all."""
        self._native.models_on = on and bool(self._native.model_count + self._native.cell_count)

    def clear_hot(self) -> None:
        """Ask the devices again."""
        self._dll.vmm_clear_hot(self._pointer)
