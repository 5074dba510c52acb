# SPDX-License-Identifier: GPL-2.0-or-later
"""A processor's whole state between two runs, hidden parts included.

The engine keeps everything that influences execution in the register file
(`env`) up to the pointer to itself, and in three words of CPUState:
interrupt requests, halted, and the pending exception.  The bytes behind, the
translation cache and the TLB are derived.  Found by running one guest in two
processes and comparing: the words that differ are host pointers (`POINTERS`,
the engine's own, never copied) or the host's time.  The native layer adds its
account of instructions, traps and time (`NATIVE_FIELDS`).

The TLB is emptied when state is taken and when it is put back, so what runs
on from a snapshot starts with the same translations in both cases.
"""

from __future__ import annotations

import ctypes as C
from dataclasses import dataclass

from vmm.cpu.engine import HALTED, Engine
from vmm.native import library as native

# Offsets into CPUState.
NEXT_BLOCK_FLAGS, INTERRUPT_REQUEST, EXCEPTION_INDEX = 0x18, 0x1C, 0x81A0
EVENT_REQUEST = 1 << 30  # ours, set anew at the start of each run

# Bytes of `env` that are state: up to the engine's pointer to itself.
SIZES = {native.SPARC: 0xAB8, native.ARM: 0x1128, native.X86: 0x1B58}
# (start, end) of what inside is the engine's own: host pointers.
POINTERS: dict[int, tuple[tuple[int, int], ...]] = {
    native.SPARC: ((0xA68, 0xA70),),  # name of the processor model
    native.ARM: (),
    native.X86: ((0x1558, 0x1578), (0x15B8, 0x15C0), (0x1850, 0x18B0)),
    # breakpoints (derived from DR7), save area, three tables of four cache descriptions
}
SPARC_WINDOW = 0x20  # pointer to the current window, into `env` itself
X86_DR7 = 0x1518 + 8 * 7

NATIVE_FIELDS = (
    "idle", "virtual_offset", "unhandled_below", "psci_conduit", "semihosting", "counter_mul",
    "counter_shift", "reason_trap", "mmio_reads", "mmio_writes", "port_reads", "port_writes",
    "events", "halts", "hot_reads", "triple", "watch_hits", "check_alignment", "streak_count",
    "streak", "cycle_offset", "exact_clock", "last_unmapped", "unmapped_accesses", "recent_count",
    "refault", "refault_vector", "refault_code",
)

RESET_FIELDS = (  # of these
    "virtual_offset", "triple", "watch_hits", "check_alignment", "cycle_offset", "exact_clock",
    "refault",
)


@dataclass(frozen=True, slots=True)
class SavedProcessor:
    """What `take` found; SPARC's window pointer is kept relative to the register file."""

    kind: int
    env: bytes
    request: int
    halted: int
    exception: int
    count: int
    native: tuple[int, ...]  # NATIVE_FIELDS
    traps: bytes  # how often each kind was taken
    recent: bytes  # the last traps

    def fits(self) -> bool:
        """Whether it has the sizes that an engine of its kind wants."""
        return (
            self.kind in SIZES and len(self.env) == SIZES[self.kind]
            and len(self.native) == len(NATIVE_FIELDS)
            and len(self.traps) == C.sizeof(C.c_uint64) * native.TRAP_KINDS
            and len(self.recent) == C.sizeof(native.TrapRecord) * native.RECENT
        )


def _word(engine: Engine, offset: int) -> C.c_uint32:
    return C.c_uint32.from_address(engine.cpu + offset)


def take(engine: Engine) -> SavedProcessor:
    """Copy the state of a processor that is not running; its TLB is emptied."""
    env = bytearray(C.string_at(engine.env, SIZES[engine.kind]))
    for start, end in POINTERS[engine.kind]:
        env[start:end] = bytes(end - start)
    if engine.kind == native.SPARC:
        window = int.from_bytes(env[SPARC_WINDOW : SPARC_WINDOW + 8], "little") - engine.env
        env[SPARC_WINDOW : SPARC_WINDOW + 8] = window.to_bytes(8, "little", signed=True)
    n = engine.native
    return SavedProcessor(
        engine.kind,
        bytes(env),
        _word(engine, INTERRUPT_REQUEST).value & ~EVENT_REQUEST,
        _word(engine, HALTED).value,
        _word(engine, EXCEPTION_INDEX).value,
        engine.count,
        tuple(int(getattr(n, name)) for name in NATIVE_FIELDS),
        bytes(n.traps),
        bytes(n.recent),
    )


def restore(engine: Engine, saved: SavedProcessor) -> None:
    """Put the state back into an engine of the same kind that is not running."""
    _restore_engine(engine, saved)
    n = engine.native
    for name, value in zip(NATIVE_FIELDS, saved.native, strict=True):
        setattr(n, name, value)
    C.memmove(n.traps, saved.traps, len(saved.traps))
    C.memmove(n.recent, saved.recent, len(saved.recent))
    engine.set_count(saved.count)
    engine.flush_tlb()


def restore_registers(engine: Engine, saved: SavedProcessor) -> None:
    """Put back what a reset changes: not the account of instructions and time, nor counters."""
    _restore_engine(engine, saved)
    fields = dict(zip(NATIVE_FIELDS, saved.native, strict=True))
    for name in RESET_FIELDS:
        setattr(engine.native, name, fields[name])


def _restore_engine(engine: Engine, saved: SavedProcessor) -> None:
    kind = engine.kind
    if kind == native.X86:
        _update_dr7(engine, 0)  # takes its breakpoints out of the engine's list
    at = 0
    for start, end in (*POINTERS[kind], (SIZES[kind], SIZES[kind])):
        C.memmove(engine.env + at, saved.env[at:start], start - at)
        at = end
    if kind == native.SPARC:
        relative = int.from_bytes(
            saved.env[SPARC_WINDOW : SPARC_WINDOW + 8], "little", signed=True
        )
        C.c_uint64.from_address(engine.env + SPARC_WINDOW).value = engine.env + relative
    if kind == native.X86:
        dr7 = C.c_uint64.from_address(engine.env + X86_DR7)
        wanted, dr7.value = dr7.value, dr7.value & ~0xFF
        _update_dr7(engine, wanted)
    _word(engine, NEXT_BLOCK_FLAGS).value = 0xFFFFFFFF  # nothing special
    _word(engine, INTERRUPT_REQUEST).value = saved.request
    _word(engine, HALTED).value = saved.halted
    _word(engine, EXCEPTION_INDEX).value = saved.exception


def _update_dr7(engine: Engine, value: int) -> None:
    engine.function("cpu_x86_update_dr7_x86_64", None, C.c_void_p, C.c_uint32)(engine.env, value)
