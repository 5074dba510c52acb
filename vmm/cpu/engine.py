# SPDX-License-Identifier: GPL-2.0-or-later
"""One Unicorn engine with the native layer attached.

This module and its neighbours in `vmm.cpu` are the only ones that know
Unicorn.  An `Engine` maps memory and devices, runs, counts, and reports what
happens through the callables of its `Handlers`; it knows no architecture
beyond which engine to open.

A handler runs inside the engine, at a boundary where guest state is exact.
What a handler raises stops the engine and is raised again by `run`, so a
mistake of ours is never mistaken for the guest's.
"""

from __future__ import annotations

import ctypes as C
import importlib
import struct
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from vmm.cpu.callbacks import Handlers, connect
from vmm.cpu.device_registers import DeviceRegisters
from vmm.cpu.watch import Access, Watchpoints
from vmm.native import library as native
from vmm.native.library import NativeCpu, NativeError, TrapRecord

if TYPE_CHECKING:
    from vmm.cpu.second_stage import SecondStage
    from vmm.cpu.virtual import Virtual

LEDGER_SIZE = 4096
RECORD = struct.Struct("=QIIII")  # a TrapRecord
HALTED = 0x8198  # of CPUState
NEVER = 1 << 62  # an instruction count that is not reached


def constants(name: str) -> Any:
    """A module of the engine's Python binding, loaded in the right order (ours first)."""
    native.library()
    return importlib.import_module(name)


class Engine:
    """One engine: ``arch`` and ``mode`` are Unicorn's, ``kind`` is the native layer's."""

    def __init__(
        self, kind: int, arch: int, mode: int, model: int, page_size: int | None = None
    ) -> None:
        self.library = native.library()
        unicorn = constants("unicorn")
        self.kind = kind
        self.uc = unicorn.Uc(arch, mode)
        self.uc.ctl_set_cpu_model(model)
        if page_size is not None:
            self.uc.ctl_set_page_size(page_size)
        self.uc.ctl_exits_enabled(True)  # no `until` address: stops are ours
        self.uc.query(unicorn.UC_QUERY_MODE)  # the engine is set up on first use
        handle = self.uc._uch
        self._handle = C.c_void_p(handle.value if hasattr(handle, "value") else handle)
        error = C.create_string_buffer(256)
        pointer = self.library.dll.vmm_attach(self._handle, kind, error, len(error))
        if not pointer:
            raise NativeError(error.value.decode())
        self.pointer = pointer
        self.native: NativeCpu = pointer.contents
        self._left = self.native.left.contents
        self._left.value = NEVER
        self.native.limit = NEVER
        self.env: int = self.native.env
        self.cpu: int = self.native.cpu
        self._halted = C.c_uint32.from_address(self.cpu + HALTED)
        self.handlers = Handlers()
        self.error: BaseException | None = None
        self._breakpoints: Any = ()
        self.device_registers = DeviceRegisters(self.library.dll, pointer)
        self.watchpoints = Watchpoints(self.library.dll, pointer)
        self._ledger = (TrapRecord * LEDGER_SIZE)()
        self._records = memoryview(self._ledger).cast("B")
        self.native.ledger = self._ledger
        self.native.ledger_size = LEDGER_SIZE
        self._keep = connect(self)  # the callbacks live as long as the engine
        weakref.finalize(self, self.library.dll.vmm_detach, pointer)
        self._mapped: list[object] = []
        self.virtual: Virtual | None = None  # the virtual processor that runs here, if one does
        self.second_stage: SecondStage | None = None  # behind its translations, if there is one

    # -- callbacks ------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """A handler raised: keep it for `run` and leave the engine."""
        if self.error is None:
            self.error = error
        self.library.dll.vmm_stop(self.pointer, native.REASON_STOPPED)

    def drain_ledger(self) -> None:
        """Report the traps so far as (count, kind, pc, status, info), now and not in a batch."""
        used = self.native.ledger_used
        if used:
            self.native.ledger_used = 0
            self.handlers.ledger(list(RECORD.iter_unpack(self._records[: used * RECORD.size])))

    def recent_traps(self) -> list[tuple[int, int, int, int, int]]:
        """The last traps, oldest first, as the ledger has them."""
        n = self.native
        total = int(n.recent_count)
        picked = (n.recent[i % native.RECENT] for i in range(max(0, total - native.RECENT), total))
        return [(r.count, r.kind, r.pc, r.status, r.info) for r in picked]

    # -- memory ---------------------------------------------------------------

    def map_memory(
        self, base: int, size: int, address: int, rom: bool = False, secure: bool = False
    ) -> None:
        """Map host memory at ``address`` as guest RAM, or as ROM whose writes go to a device.

        ``secure`` memory answers the ARM secure state only.  NativeError for ROM of a SPARC
        that does not end below 0x1ff00000: its stores are told from loads at an address of
        32 bits, where no LEON has anything (GRLIB, AHBCTRL).
        """
        alias = native.SPARC_ALIAS if self.kind == native.SPARC else native.ALIAS
        if rom and self.kind == native.SPARC and base + size > native.SPARC_ALIAS_SIZE:
            raise NativeError(f"ROM of a SPARC lies below {native.SPARC_ALIAS_SIZE:#x},"
                              f" not at {base:#x}")
        self.uc.mem_map_ptr(base, size, 7, C.c_void_p(address))
        kind = native.PAGE_ROM if rom else native.PAGE_RAM
        if secure:
            kind |= native.PAGE_SECURE
        self.library.dll.vmm_map_pages(self.pointer, base, size, kind)
        if rom:
            self._device(alias + base, size, base)

    def map_device(self, base: int, size: int) -> None:
        """Send accesses to whole pages ``base`` to ``base+size`` to the read and write handlers."""
        self._device(base, size, base)
        self.library.dll.vmm_map_pages(self.pointer, base, size, native.PAGE_DEVICE)

    def map_behind(self, base: int, size: int, address: int) -> None:
        """Put host memory at ``address`` behind the pages from ``base``, switched out at first."""
        self.uc.mem_map_ptr(native.BEHIND + base, size, 7, C.c_void_p(address))

    def set_behind(self, base: int, size: int, load: bool, store: bool) -> None:
        """Say which accesses reach the memory behind pages, from the next instruction on."""
        flags = native.PAGE_BEHIND_LOAD * load | native.PAGE_BEHIND_STORE * store
        self.library.dll.vmm_set_behind(self.pointer, base, size, flags)

    def map_hole(self) -> None:
        """Send accesses that nobody answers, and do not trap, to the read and write handlers."""
        base = native.SPARC_HOLE if self.kind == native.SPARC else native.HOLE
        self._device(base, 0x1000, native.HOLE)

    def _device(self, base: int, size: int, report: int) -> None:
        code = self.library.dll.vmm_map_device(self.pointer, base, size, report)
        if code:
            raise NativeError(f"cannot map a device at {base:#x}: engine error {code}")

    def set_rom_mode(self, base: int, size: int, readable: bool) -> None:
        """Switch mapped ROM between memory (writes still reach the device) and device."""
        kind = native.PAGE_ROM if readable else native.PAGE_ALIAS
        self.library.dll.vmm_map_pages(self.pointer, base, size, kind)
        self.library.dll.vmm_flush_tlb(self.pointer)

    def rom_readable(self, base: int) -> bool:
        """Whether the ROM at ``base`` is mapped as memory."""
        kind = C.c_uint8.from_address(self.native.pages + (base >> 12)).value
        return kind & native.PAGE_KIND == native.PAGE_ROM

    def answers(self, address: int) -> bool:
        """Whether memory or a device is at the page of a physical address."""
        if address >> 32:
            return False
        kind = C.c_uint8.from_address(self.native.pages + (address >> 12)).value
        return bool(kind & native.PAGE_KIND)

    def forget_code(self, base: int, size: int) -> None:
        """Drop translations of code that somebody other than the guest has written."""
        self.library.dll.vmm_forget_code(self.pointer, base, size)

    # -- running --------------------------------------------------------------

    @property
    def count(self) -> int:
        """Instructions begun since reset.

        A signal handler that asks for an event (Ctrl-C, the command's tick) may run between
        the two reads and change both words; then the read starts over.
        """
        n = self.native
        while True:
            limit, left = int(n.limit), int(self._left.value)
            if n.limit == limit:
                return limit - int(left)

    @property
    def cycles(self) -> int:
        """Instructions begun plus the cycles slept through."""
        return self.count + int(self.native.idle)

    def set_count(self, count: int) -> None:
        """Say how many instructions have begun, as a snapshot has it; only between runs."""
        n = self.native
        n.kick = 0
        n.reason = native.REASON_NONE
        n.event_at = n.event_cycle = self._left.value = NEVER
        n.limit = NEVER + count
        n.breakpoint_hit = 0
        n.passed_count = n.resumed_count = -1

    def flush_tlb(self) -> None:
        """Forget all translations of addresses."""
        self.library.dll.vmm_flush_tlb(self.pointer)

    def forget_translations(self) -> None:
        """Forget all translations, of code and of addresses; only between runs."""
        self.uc.ctl_flush_tb()
        self.flush_tlb()

    def drop_derived(self) -> None:
        """Forget whatever is derived from state: a snapshot is taken, or was put back."""
        self.flush_tlb()
        self.handlers.derived()

    # -- stores to memory -------------------------------------------------------

    def track_stores(self) -> None:
        """From now on keep account of the pages stored to, beginning with none."""
        if self.library.dll.vmm_track_stores(self.pointer):
            raise MemoryError("no memory to keep account of stores")

    def stored_pages(self) -> list[int]:
        """Numbers of the pages stored to; with `native.DIRTY_BEHIND`, of the RAM behind one."""
        n = self.native
        return list(n.dirty_pages[: n.dirty_count]) if n.dirty_count else []

    def run(self, pc: int, npc: int = 0) -> int:
        """Run from ``pc`` until something stops the engine; a REASON_ value."""
        self.error = None
        reason = self.library.dll.vmm_run(self.pointer, pc, npc)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return cast(int, reason)

    def stop(self) -> None:
        """Leave the engine at the next boundary (from a handler)."""
        self.library.dll.vmm_stop(self.pointer, native.REASON_STOPPED)

    def request_stop(self) -> None:
        """Leave the engine soon: safe from another thread or a signal handler."""
        self.native.stop_requested = 1

    def join(self, first: Engine) -> None:
        """Be one more processor of the machine of ``first``; before anything is mapped."""
        self.library.dll.vmm_join(self.pointer, first.pointer)

    def take_turn(self, other: Engine) -> None:
        """Go on with the account of instructions and time where a peer's run has ended."""
        self.library.dll.vmm_take_turn(self.pointer, other.pointer)

    @property
    def asleep(self) -> bool:
        """Whether the processor waits for an interrupt."""
        return bool(self._halted.value)

    @asleep.setter
    def asleep(self, asleep: bool) -> None:
        self._halted.value = asleep

    def wake(self) -> None:
        """Let a processor that waits for an interrupt go on."""
        self.library.dll.vmm_wake(self.pointer)

    def set_event(self, count: int) -> None:
        """Have the event handler called when ``count`` instructions have begun, or before.

        It is called before at the cycle that `native.event_cycle` says.
        """
        self.library.dll.vmm_set_event(self.pointer, min(count, NEVER))

    def ask_look(self) -> None:
        """Have the event handler called at the next boundary, for the host's sake: no event counts.

        `native.only_asked` says in the handler that there is nothing else.
        """
        self.library.dll.vmm_ask_look(self.pointer)

    def watch_halts(self, halt: Callable[[], bool]) -> Callable[[], None]:
        """Have ``halt`` be the handler of every halt; returns what puts the one before back."""
        before, self.handlers.halt = self.handlers.halt, halt
        self.native.halts_told += 1

        def end() -> None:
            self.handlers.halt = before
            self.native.halts_told -= 1

        return end

    def set_interrupt(self, bits: int, on: bool) -> None:
        """Raise or lower interrupt request bits of the engine."""
        self.library.dll.vmm_set_interrupt(self.pointer, bits, on)

    def set_breakpoints(self, addresses: Iterable[int]) -> None:
        """Have the event handler called before each instruction at one of ``addresses``.

        These are pcs (linear ones on x86).  The handler finds `breakpoint_hit` set.  An
        instruction is announced once each time it is about to begin, so a run that was
        stopped there goes on.  Only between runs: all translations are dropped.
        """
        if self.native.running:
            raise RuntimeError("breakpoints can change only while the machine is stopped")
        wanted = sorted({address & 0xFFFFFFFF for address in addresses})
        if wanted == list(self._breakpoints):
            return
        self._breakpoints = (C.c_uint32 * len(wanted))(*wanted)
        self.native.breakpoints = self._breakpoints
        self.native.breakpoint_count = len(wanted)
        self.uc.ctl_flush_tb()

    def take_breakpoint(self) -> bool:
        """Whether this look is at a breakpoint (asked once)."""
        hit = bool(self.native.breakpoint_hit)
        if hit:
            self.native.breakpoint_hit = 0
        return hit

    def pass_breakpoint(self, pc: int) -> None:
        """Let a run that begins at ``pc`` begin, whether or not a breakpoint is there."""
        self.native.passed_pc = pc
        self.native.passed_count = self.count

    def pass_access(self, passing: bool) -> None:
        """Forget accesses not yet taken; if ``passing``, the next instruction's are not watched."""
        self.native.access_count = 0
        self.native.unwatched_count = self.count + 1 if passing else -1

    def note_access(self) -> None:
        """A watched access is about to be made: keep what memory holds there."""
        self.watchpoints.note(self.handlers.peek)

    def take_access(self) -> Access | None:
        """The watched access that this look is for, if it is (asked once)."""
        return self.watchpoints.take(self.handlers.peek)

    def intercept(self, kinds: Any) -> None:
        """Have exactly these trap kinds (numbers) reach the trap handler."""
        words = [0] * (native.TRAP_KINDS // 64)
        for kind in kinds:
            words[kind >> 6] |= 1 << (kind & 63)
        for index, word in enumerate(words):
            self.native.intercept[index] = word

    def engine_error(self) -> str:
        """The engine's own words for why the last run failed."""
        return str(constants("unicorn").UcError(self.native.engine_error))

    def words(self, offset: int, count: int) -> Any:
        """A live view of ``count`` 32-bit words of the register file."""
        return (C.c_uint32 * count).from_address(self.env + offset)

    def function(self, name: str, result: object, *arguments: object) -> Any:
        """One of the engine's own functions."""
        return self.library.function(name, result, *arguments)
