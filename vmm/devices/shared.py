# SPDX-License-Identifier: GPL-2.0-or-later
"""Device state that the native layer knows too.

A few devices are touched in every interrupt.  Their state is a C structure
(`vmm/native/src/models.h`), so that the native layer's model of a device and
the Python device work on the same memory and either may handle the next
access.  Replacing such a state copies into that memory; its address stays.
"""

from __future__ import annotations

import ctypes as C
from typing import Any, Generic, Protocol, Self, TypeVar

from vmm.native import library as native

ALL = 0xFFFF_FFFF


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, C.Array) else value


class Shared(C.Structure):
    """A state with C layout; it compares, prints and copies like a dataclass."""

    def names(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(field[0] for field in self._fields_)

    def as_dict(self) -> dict[str, Any]:
        """Its fields by name."""
        return {name: _plain(getattr(self, name)) for name in self.names()}

    def assign(self, other: Self) -> None:
        """Become equal to ``other``, in place."""
        C.memmove(C.byref(self), C.byref(other), C.sizeof(self))

    def clone(self) -> Self:
        """A copy in memory of its own."""
        return type(self).from_buffer_copy(self)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bytes(self) == bytes(other)

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return self.clone()

    def __deepcopy__(self, memo: object) -> Self:
        return self.clone()

    def __repr__(self) -> str:
        fields = (f"{name}={_plain(getattr(self, name))!r}" for name in self.names())
        return f"{type(self).__name__}({', '.join(fields)})"


State = TypeVar("State", bound=Shared)


class SharedState(Generic[State]):
    """A device whose ``state`` is shared: assigning to it copies into the same memory."""

    _shared: State

    @property
    def state(self) -> State:
        return self._shared

    @state.setter
    def state(self, state: State) -> None:
        if hasattr(self, "_shared"):
            self._shared.assign(state)
        else:
            self._shared = state


class DeviceRegisters(Protocol):
    """What a cell needs of an engine's (`vmm.cpu.device_registers`)."""

    def add_cell(self, cell: native.Cell) -> native.Cell | None: ...


class Cell:
    """A register that is nothing but a 32-bit word of its device's state.

    The native layer reads and writes it there while it is ``active``; only the bits in
    ``mask`` are kept.  A device lists its cells in ``cells``.
    """

    def __init__(
        self, offset: int, state: Shared, field: str, index: int = 0, mask: int = ALL, size: int = 4
    ) -> None:
        """The word is ``state``'s 32-bit ``field``, or its element ``index``.

        Accesses have ``size`` bytes.
        """
        start = getattr(type(state), field).offset
        self.offset = offset
        self.native = native.Cell(
            size=size, mask=mask, word=C.addressof(state) + start + 4 * index, active=1
        )

    def connect(self, registers: DeviceRegisters, base: int) -> None:
        """Give it to an engine's registers, for a device at ``base``."""
        self.native.address = base + self.offset
        self.native = registers.add_cell(self.native) or self.native

    @property
    def active(self) -> bool:
        """Whether it is only a word now."""
        return bool(self.native.active)

    @active.setter
    def active(self, active: bool) -> None:
        self.native.active = active
