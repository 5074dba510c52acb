# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual processor on an engine that stays in user mode: what monitors stand on.

`Virtual` attaches a VCPU structure (it begins with `native.VCPU_HEADER`) to an engine.
From then on nothing that the engine raises is a trap of the guest: it comes to the
exit handler, with the guest's pc (and npc) exact, uncounted and in no ledger.  The
monitor emulates the instruction, or finds that the guest must see a trap, which it says
with `reflect`.  An instruction counts when it begins, so whatever an exit is for has
been counted; a handler that lets the instruction begin anew says `restart`.

Addresses are translated by the engine's own walk of the guest's tables, with the
privilege of the virtual mode (FILL_ENGINE); from a `Space` (FILL_SHADOW), whose missing
entries the fill handler puts in; by the engine while the fill handler validates stores to
the tables (FILL_EXPOSED); or not at all, as with the guest's MMU off (FILL_FLAT).

What a handler raises stops the engine and is raised again by `Engine.run`.
"""

from __future__ import annotations

import ctypes as C
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from vmm.cpu.engine import Engine
from vmm.native import library as native

LOAD, STORE, FETCH = range(3)
TABLES = 1 << 19  # bytes that a monitor's tables of a small guest take
FILL_STOPS = -1  # to the native layer: leave, the instruction has not begun


def _no_exit(kind: int) -> int:
    raise RuntimeError(f"no monitor handles exit {kind}")


def _no_fill(address: int, access: int) -> int:
    raise RuntimeError(f"no monitor translates {address:#x}")


@dataclass(slots=True)
class VirtualHandlers:
    """Who is told of what."""

    # The kind of a trap as in the ledger (x86: INT n is n + KIND_SOFTWARE), or one of the
    # native layer's KIND_ from 1024 -> HANDLED, or STOP to end the run.
    exit: Callable[[int], int] = _no_exit
    # A virtual address that the space does not allow the access (LOAD, STORE, FETCH) of -> 0
    # once an entry is there that does, or the number of the engine's exception to raise.
    fill: Callable[[int, int], int] = _no_fill
    # An instruction that was let store where it may not (`Virtual.store_through`) has ended.
    stored: Callable[[], None] = lambda: None
    # In a fill, while `NativeCpu.tell_stores` is set: a store to a page of the guest's tables,
    # which the native layer keeps shadow tables of, has trapped at `Virtual.fill_pc`.
    table_store: Callable[[], None] = lambda: None
    # x86: linear address and first bytes (as far as its page goes) of an instruction that is
    # about to be translated -> the number that `add_instruction` gave, or 0: let it run.
    decode: Callable[[int, bytes], int] = lambda address, code: 0


class Space:
    """Translations of one address space: entries for pages of 4 KiB."""

    def __init__(self, engine: Engine) -> None:
        self._dll = engine.library.dll
        address = self._dll.vmm_space_new()
        if not address:
            raise MemoryError("no memory for an address space")
        self.address: int = address
        weakref.finalize(self, self._dll.vmm_space_free, address)

    @classmethod
    def at(cls, engine: Engine, address: int) -> Space:
        """The space that the native layer keeps there, for as long as it does."""
        space = cls.__new__(cls)
        space._dll, space.address = engine.library.dll, address
        return space

    def get(self, address: int) -> int:
        """The entry of the page at a virtual address; 0: none."""
        return int(self._dll.vmm_space_get(self.address, address))

    def set(self, address: int, frame: int, kernel: int, user: int, secure: bool = False) -> None:
        """Map the page at ``address`` to the frame at a physical address.

        ``kernel`` and ``user`` are rights: ENTRY_READ, ENTRY_WRITE, ENTRY_EXECUTE, or 0.
        A translation that the engine has already is not changed (`Virtual.flush_page`).
        """
        entry = frame & native.ENTRY_FRAME | kernel | user << native.ENTRY_USER
        self.put(address, entry | native.ENTRY_SECURE * secure)

    def put(self, address: int, entry: int) -> None:
        """Put in a whole entry, as `get` has them; 0 removes it."""
        if self._dll.vmm_space_set(self.address, address, entry):
            raise MemoryError("no memory for an address space")

    def clear(self) -> None:
        """Remove all entries."""
        self._dll.vmm_space_clear(self.address)


class Virtual:
    """The virtual processor ``vcpu`` on ``engine``.

    ``vcpu`` is a structure of VCPU_SIZE bytes whose first fields are VCPU_HEADER;
    ValueError if it is not.  The engine must not be running.
    """

    def __init__(self, engine: Engine, vcpu: C.Structure) -> None:
        header = len(native.VCPU_HEADER)
        if C.sizeof(vcpu) != native.VCPU_SIZE or tuple(vcpu._fields_[:header]) != (
            native.VCPU_HEADER
        ):
            raise ValueError(f"{type(vcpu).__name__} is not the structure of a virtual processor")
        self.engine = engine
        self.vcpu = vcpu
        self.handlers = VirtualHandlers()
        self._dll = engine.library.dll
        self._pointer = engine.pointer
        self._space: Space | None = None
        self.annotated: frozenset[int] = frozenset()  # pcs of stores that tables may be changed by
        self._code = C.addressof(engine.native) + native.NativeCpu.code.offset
        self._dll.vmm_reserve(TABLES)
        self._keep = self._connect()
        self.kept: list[object] = []  # what else the native layer has addresses of
        engine.native.vcpu = C.addressof(vcpu)
        engine.virtual = self
        engine.flush_tlb()

    def _connect(self) -> list[object]:
        # The callbacks live in C, where Python's collector cannot follow: they must not own us.
        own = cast("Callable[[], Virtual]", weakref.ref(self))

        def left(_: object, kind: int) -> int:
            v = own()
            try:
                return v.handlers.exit(kind)
            except BaseException as error:
                v.engine.fail(error)
                return native.STOP

        def fill(_: object, address: int, access: int) -> int:
            v = own()
            try:
                return v.handlers.fill(address, access)
            except BaseException as error:
                v.engine.fail(error)
                return FILL_STOPS

        def decode(_: object, address: int) -> int:
            v = own()
            try:
                return v.handlers.decode(address, v.code())
            except BaseException as error:
                v.engine.fail(error)
                return 0

        def stored(_: object) -> None:
            v = own()
            try:
                v.handlers.stored()
            except BaseException as error:
                v.engine.fail(error)

        def table_store(_: object) -> None:
            v = own()
            try:
                v.handlers.table_store()
            except BaseException as error:
                v.engine.fail(error)

        n = self.engine.native
        n.on_stored = native.ON_LEDGER(stored)
        n.on_table_store = native.ON_LEDGER(table_store)
        n.on_exit, n.on_fill = native.ON_EXIT(left), native.ON_FILL(fill)
        n.on_decode = native.ON_DECODE(decode)
        return [n.on_exit, n.on_fill, n.on_decode, n.on_stored, n.on_table_store]

    def detach(self) -> None:
        """Make the engine a bare machine again; only between runs.

        Its privileged registers are left as they are, SPARC's MMU on.
        """
        n = self.engine.native
        self.set_view(native.VIEW_BARE)
        n.vcpu = None
        n.space = None
        n.guard = None
        self.engine.virtual = None
        self.engine.flush_tlb()

    # -- what an exit handler says ---------------------------------------------------

    def reflect(self, kind: int, pc: int, status: int, info: int = 0) -> int:
        """The guest sees a trap: count it, write it to the ledger, offer it to intercepts.

        Returns NATIVE if the caller is to enter the virtual trap, HANDLED if that is done
        or not wanted, STOP if the run ends.
        """
        return int(self._dll.vmm_trap(self._pointer, kind, pc, status, info))

    def restart(self) -> None:
        """The instruction of this exit begins anew: it is not counted twice."""
        self._dll.vmm_restart(self._pointer)

    def halt(self) -> None:
        """Let the processor sleep when this exit's handler returns (`Handlers.halt`)."""
        self.engine.native.sleep = 1

    def end(self, reason: int, trap: int = 0) -> None:
        """End the run as a bare engine would, for a REASON_ value; ``trap`` is what led to it."""
        self.engine.native.reason_trap = trap
        self._dll.vmm_stop(self._pointer, reason)

    def code(self) -> bytes:
        """x86: the bytes of the instruction that is translated, or has trapped, as far as its
        page goes; none if it cannot be read any more."""
        return C.string_at(self._code, self.engine.native.code_size)

    def add_instruction(
        self, operation: int, length: int, argument: int, immediate: int, ends: bool
    ) -> int:
        """x86: a number by which translated code calls for a sensitive instruction."""
        number = int(self._dll.vmm_x86_add_instruction(
            self._pointer, operation, length, argument, immediate, ends))
        if not number:
            raise MemoryError("no memory for another sensitive instruction")
        return number

    # -- modes and translations --------------------------------------------------------

    def set_view(self, view: int) -> None:
        """Run blocks and use translations of virtual kernel mode (VIEW_KERNEL) or VIEW_USER."""
        self._dll.vmm_set_view(self._pointer, view)

    def set_fill_mode(self, mode: int) -> None:
        """Who translates addresses: FILL_ENGINE, FILL_SHADOW, FILL_EXPOSED or FILL_FLAT.

        For FILL_FLAT the engine's own MMU must be off, except SPARC's, which stays on.
        """
        if self.vcpu.fill_mode != mode:
            self.vcpu.fill_mode = mode
            self._dll.vmm_real_mmu_stays_on(self._pointer)
            self.engine.flush_tlb()

    @property
    def space(self) -> Space | None:
        """The address space that FILL_SHADOW translates with; setting it empties the TLB."""
        address = self.engine.native.space
        if address is None or (self._space is not None and self._space.address == address):
            return self._space
        return Space.at(self.engine, address)

    @space.setter
    def space(self, space: Space | None) -> None:
        self._space = space
        self.engine.native.space = None if space is None else space.address
        self.engine.flush_tlb()

    def flush_page(self, address: int) -> None:
        """Forget the engine's translation of the page at ``address``, in both modes."""
        self._dll.vmm_flush_page(self._pointer, address)

    def set_role(self, frame: int, role: int) -> None:
        """Say that the frame at a physical address has a role (0: none; up to 255).

        With FILL_EXPOSED a frame with a role is mapped without permission to write, and a
        store to it comes to the fill handler with `fill_physical` set.  The handler lets it
        through (`store_through`), or returns the engine's exception to raise.
        """
        if not self._dll.vmm_set_role(self._pointer, frame >> 12, role):
            raise MemoryError("no memory for the roles of frames")
        if role:
            self.engine.flush_tlb()

    def asked(self) -> tuple[int, int, int]:
        """Table entries set, flushes and switches of the address space that the guest asked
        for and the native layer did, since this was last asked."""
        n = self.engine.native
        found = n.asked_updates, n.asked_flushes, n.asked_switches
        n.asked_updates = n.asked_flushes = n.asked_switches = 0
        return found

    @property
    def fill_physical(self) -> int:
        """With FILL_EXPOSED, in a fill: the physical address of the page that is stored to."""
        return int(self.engine.native.fill_physical)

    def store_through(self, address: int) -> None:
        """In a fill for a store: let just the current instruction store to the page.

        The page's entry need not allow it.  The stored handler is called at the end of the
        instruction, and the page is protected again by then.
        """
        if not self._dll.vmm_store_through(self._pointer, address):
            raise RuntimeError("one instruction stores to more pages than there can be")

    def store_trapped(self) -> None:
        """In a fill: the store that wants it has trapped.  One that does so often is rewritten,
        if stores are."""
        if self.engine.native.rewrites:
            self._dll.vmm_store_trapped(self._pointer, self.fill_pc)

    def annotate(self, stores: Sequence[int]) -> None:
        """Let the stores at these addresses, ascending, go through to ENTRY_PROTECTED pages.

        No exit is made for them; whoever follows the pages finds in `noted` which they were.
        """
        pcs = (C.c_uint32 * len(stores))(*stores)
        if self._dll.vmm_set_annotated(self._pointer, pcs, len(stores)):
            raise MemoryError("no memory for the addresses of stores")
        self.annotated = frozenset(stores)

    def noted(self) -> set[int]:
        """Frame numbers that annotated stores have stored to since this was last asked."""
        n = self.engine.native
        used, n.noted_used = n.noted_used, 0
        return set(n.noted[:used]) if used else set()

    @property
    def fill_pc(self) -> int:
        """In a fill: address of the instruction that wants the translation (x86: linear)."""
        return int(self._dll.vmm_pc_at(self._pointer, self.engine.native.fill_pc))

    @property
    def fill_privileged(self) -> bool:
        """In a fill: whether the access has the kernel's rights."""
        return bool(self.engine.native.fill_privileged)

    @property
    def fill_probe(self) -> bool:
        """In a fill: whether this only asks, and a refusal raises nothing."""
        return bool(self.engine.native.fill_probe)
