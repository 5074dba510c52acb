"""The native library as Python sees it.

Loads the library before the engine (the engine's calls then come to us
first), lets it look up everything it needs, and mirrors `struct vmm_cpu` of
`src/vmm.h` as a ctypes structure.  An engine of another build, or one that
was imported before us, is refused in one line.
"""

from __future__ import annotations

import ctypes as C
import importlib.util
import platform
import struct
import sys
from pathlib import Path

from vmm.native.build import LIBRARY

HERE = Path(__file__).resolve().parent

TRAP_KINDS = 768
HOT, PLACES, NEXTS, REGIONS, STALE = 64, 1024, 1024, 64, 256  # sizes of the native tables
PLACES_OF_PAGES, ENTRIES, MMU_INDEXES, LARGE_PAGES = 512, 1024, 12, 8
ARM_KNOWN = 64
MODELS, CELLS = 8, 16
PORT = 1 << 62  # flag of a hot register's address: an I/O port
(
    MODEL_NONE,
    MODEL_IRQMP,
    MODEL_GIC_DISTRIBUTOR,
    MODEL_GIC_INTERFACE,
    MODEL_I8259_MASTER,
    MODEL_I8259_SLAVE,
    MODEL_UART16550,
    MODEL_I8254,
    MODEL_GPTIMER,
    MODEL_LOCAL_APIC,
    MODEL_IO_APIC,
    MODEL_PC_SPEAKER,
    MODEL_GENERIC_TIMER,
) = range(13)
IRQ0_PIN = 2  # of the I/O APIC, where the PC has its timer
ACCESSES = 64  # watched accesses of one instruction that are told
TURN = 20_000  # instructions that a processor runs while another one could
RECENT = 16  # traps that are always remembered
KIND_SOFTWARE = 256
KIND_INTERRUPT = 512
KIND_SEMIHOSTING = 16  # ARM
KIND_RETURN = 768  # in the ledger, while returns are told
KIND_VIRTUAL_INTERRUPT = 1024  # of exits: a request that the virtual processor lets in
KIND_SITE = 1025  # of exits: a sensitive instruction that the monitor must know of
KIND_HYPERCALL = 1030  # of exits, x86: a paravirtual kernel calls its monitor
PARA_CALLS, PARA_TRAPS, PARA_STACK, PARA_SEGMENTS = range(96, 100)  # words of a VCPU
KIND_TABLE_STORE = 1026  # in profiles: a store to a page table that is followed
VIEW_BARE, VIEW_KERNEL, VIEW_USER = range(3)
FILL_ENGINE, FILL_SHADOW, FILL_EXPOSED, FILL_FLAT = range(4)
ENTRY_READ, ENTRY_WRITE, ENTRY_EXECUTE = 1, 2, 4  # of a space's entry, for kernel mode
ENTRY_USER = 3  # the same rights of user mode are this many bits to the left
ENTRY_SECURE = 64
ENTRY_PROTECTED = 128  # the guest may write here; who follows its tables wants to know
OFTEN = 8  # traps of a store to a page table before it is rewritten (rewritten.c)
NOTED = 64  # frames of annotated stores that wait to be followed, at most
ENTRY_FRAME = 0xFFFFFFFFF000
SHADOW_STRICT, SHADOW_PXN = 1, 2  # features of shadow tables: policy strict; ARM's PXN
VCPU_WORDS = 124
ALIAS = 1 << 36
SPARC_ALIAS, SPARC_ALIAS_SIZE = 0xE0000000, 0x1FF00000
HOLE = 1 << 37
BEHIND = 1 << 38

SPARC, ARM, X86 = range(3)

NATIVE, HANDLED, STOP = range(3)

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

PAGE_NONE, PAGE_RAM, PAGE_DEVICE, PAGE_ROM, PAGE_ALIAS = range(5)
PAGE_KIND = 0x0F  # all but the flags
PAGE_BEHIND_LOAD, PAGE_BEHIND_STORE = 0x10, 0x20  # flags: who reaches the RAM behind a page
DIRTY_BEHIND = 1 << 31  # of a page in the list of those stored to: the RAM behind it
WATCH_READ, WATCH_WRITE = 1, 2
TELL_TRANSLATED, TELL_BEGUN, TELL_RETURNS = 1, 2, 4
SPACE_MEMORY, SPACE_PORTS = range(2)
PAGE_SECURE = 0x40  # flag: only the ARM secure state is answered


class NativeError(RuntimeError):
    """The native library or the engine is missing, or not the one we know."""


class TrapRecord(C.Structure):
    """One line of the trap ledger."""

    _fields_ = (
        ("count", C.c_uint64),
        ("kind", C.c_uint32),
        ("pc", C.c_uint32),
        ("status", C.c_uint32),
        ("info", C.c_uint32),
    )


class HotRegister(C.Structure):
    """A device register that the native layer answers."""

    _fields_ = (("address", C.c_uint64), ("size", C.c_uint32), ("value", C.c_uint32))


class Timer(C.Structure):
    """When a device wants to be called back, and the place among those of that time."""

    _fields_ = (("cycle", C.c_int64), ("order", C.c_int64))


class Model(C.Structure):
    """A device that the native layer models on the Python device's state."""

    _fields_ = (
        ("base", C.c_uint64),
        ("size", C.c_uint64),
        ("kind", C.c_int32),
        ("width", C.c_uint32),
        ("state", C.c_void_p),
        ("raised", C.c_void_p),
        ("source", C.c_uint32),
        ("irq", C.c_uint32),
        ("pins", C.c_void_p),
        ("processor", C.c_uint32),
        ("spare", C.c_uint32),
        ("timer", C.POINTER(Timer)),
    )


class Cell(C.Structure):
    """A register that is a word of its device's state, and nothing else while ``active``."""

    _fields_ = (
        ("address", C.c_uint64),
        ("size", C.c_uint32),
        ("mask", C.c_uint32),
        ("word", C.c_void_p),
        ("active", C.c_uint32),
        ("spare", C.c_uint32),
    )


class Place(C.Structure):
    """A return address in generated code and what is left of its block."""

    _fields_ = (("host_pc", C.c_size_t), ("rest", C.c_int64))


class Next(C.Structure):
    """A block that was found for a state of the register file."""

    _fields_ = (("tb", C.c_size_t), ("code", C.c_size_t), ("state", C.c_uint64 * 3))


class PlaceOfPage(C.Structure):
    """What the engine has found out for a page of RAM."""

    _fields_ = (
        ("page", C.c_uint64),
        ("physical", C.c_uint64),
        ("host", C.c_uint64),
        ("offset", C.c_uint64),
        ("attributes", C.c_uint32),
        ("spare", C.c_uint32),
    )


class Entries(C.Structure):
    """Where translations were put since they were last thrown away."""

    _fields_ = (
        ("count", C.c_uint32), ("large_count", C.c_uint32), ("used", C.c_uint64 * (ENTRIES // 64)),
        ("large", C.c_uint64 * (2 * LARGE_PAGES)),
    )


class Region(C.Structure):
    """Which of the engine's memory regions a page belongs to."""

    _fields_ = (("page", C.c_uint64), ("region", C.c_void_p))


class Watch(C.Structure):
    """A watched range of virtual addresses or of I/O ports."""

    _fields_ = (
        ("address", C.c_uint32),
        ("space", C.c_uint32),
        ("size", C.c_uint64),
        ("kinds", C.c_uint32),
        ("spare", C.c_uint32),
    )


class WatchedAccess(C.Structure):
    """A watched access that was made."""

    _fields_ = (
        ("space", C.c_uint32),
        ("address", C.c_uint32),
        ("size", C.c_uint32),
        ("kind", C.c_uint32),
        ("pc", C.c_uint64),
        ("value", C.c_uint64),
    )


class Pattern(C.Structure):
    """Instructions to leave the guest before."""

    _fields_ = (
        ("mask", C.c_uint32),
        ("value", C.c_uint32),
        ("thumb", C.c_uint32),
        ("spare", C.c_uint32),
    )


class TableSource(C.Structure):
    """An entry of a guest's tables that a translation is made from."""

    _fields_ = (
        ("address", C.c_uint64),
        ("value", C.c_uint64),
        ("size", C.c_uint32),
        ("spare", C.c_uint32),
    )


class X86Decoded(C.Structure):
    """A sensitive x86 instruction."""

    _fields_ = (
        ("operation", C.c_uint32),
        ("length", C.c_uint32),
        ("argument", C.c_uint64),
    )


class TableUpdate(C.Structure):
    """One entry that a guest asks to be set."""

    _fields_ = (("address", C.c_uint32), ("value", C.c_uint32))


class Range(C.Structure):
    """Addresses, both ends included."""

    _fields_ = (("first", C.c_uint32), ("last", C.c_uint32))


# How every virtual processor's structure begins (`struct vmm_vcpu`): words of 32 bits.
VCPU_HEADER = (
    ("kernel", C.c_uint32),
    ("open", C.c_uint32),
    ("level", C.c_uint32),
    ("view", C.c_uint32),
    ("fill_mode", C.c_uint32),
    ("native", C.c_uint32),
    ("hides", C.c_uint32),
    ("spare", C.c_uint32),
)
VCPU_SIZE = 4 * (8 + VCPU_WORDS)


def vcpu_words(vcpu: C.Structure) -> C.Array[C.c_uint32]:
    """The words of a virtual processor's structure, behind its header."""
    header = VCPU_SIZE - 4 * VCPU_WORDS
    return (C.c_uint32 * VCPU_WORDS).from_buffer(vcpu, header)


CPU_POINTER = C.c_void_p
ON_TRAP = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_uint32)
ON_EVENT = C.CFUNCTYPE(C.c_int32, CPU_POINTER)
ON_READ = C.CFUNCTYPE(C.c_uint64, CPU_POINTER, C.c_uint64, C.c_uint32)
ON_WRITE = C.CFUNCTYPE(None, CPU_POINTER, C.c_uint64, C.c_uint32, C.c_uint64)
ON_IN = C.CFUNCTYPE(C.c_uint32, CPU_POINTER, C.c_uint32, C.c_uint32)
ON_OUT = C.CFUNCTYPE(None, CPU_POINTER, C.c_uint32, C.c_uint32, C.c_uint32)
ON_ACKNOWLEDGE = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_int32)
ON_SYSREG = C.CFUNCTYPE(C.c_uint64, CPU_POINTER, C.c_uint32, C.c_int32, C.c_uint64)
ON_WATCH = C.CFUNCTYPE(None, CPU_POINTER)
ON_LEDGER = C.CFUNCTYPE(None, CPU_POINTER)
ON_EXIT = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_uint32)
ON_STAGE = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_uint32, C.c_uint32)
ON_INSTRUCTION = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_uint32)
ON_FILL = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_uint32, C.c_uint32)
ON_DECODE = C.CFUNCTYPE(C.c_int32, CPU_POINTER, C.c_uint32)
ON_BLOCK = C.CFUNCTYPE(None, CPU_POINTER, C.c_uint32, C.c_uint32, C.c_uint32)


class NativeCpu(C.Structure):
    """`struct vmm_cpu`, field for field."""

    _fields_ = (
        ("left", C.POINTER(C.c_int64)),
        ("jit_begin", C.c_size_t),
        ("jit_size", C.c_uint64),
        ("limit", C.c_int64),
        ("event_at", C.c_int64),
        ("event_cycle", C.c_int64),
        ("idle", C.c_int64),
        ("held", C.c_uint32),
        ("halts_told", C.c_uint32),
        ("sleeps", C.c_uint64),
        ("intercept", C.c_uint64 * (TRAP_KINDS // 64)),
        ("psci_conduit", C.c_uint32),
        ("semihosting", C.c_uint32),
        ("ledger_on", C.c_uint32),
        ("ledger_size", C.c_uint32),
        ("ledger", C.POINTER(TrapRecord)),
        ("ledger_used", C.c_uint32),
        ("stop_requested", C.c_int32),
        ("counter_mul", C.c_uint64),
        ("counter_shift", C.c_uint64),
        ("unhandled_below", C.c_uint64),
        ("virtual_offset", C.c_uint64),
        ("on_trap", ON_TRAP),
        ("on_event", ON_EVENT),
        ("on_halt", ON_EVENT),
        ("on_read", ON_READ),
        ("on_write", ON_WRITE),
        ("on_in", ON_IN),
        ("on_out", ON_OUT),
        ("on_acknowledge", ON_ACKNOWLEDGE),
        ("on_sysreg", ON_SYSREG),
        ("on_ledger", ON_LEDGER),
        ("reason", C.c_int32),
        ("reason_trap", C.c_int32),
        ("engine_error", C.c_int32),
        ("blocks_translated", C.c_int32),
        ("traps", C.c_uint64 * TRAP_KINDS),
        ("mmio_reads", C.c_uint64),
        ("mmio_writes", C.c_uint64),
        ("port_reads", C.c_uint64),
        ("port_writes", C.c_uint64),
        ("fills", C.c_uint64),
        ("code_flushes", C.c_uint64),
        ("events", C.c_uint64),
        ("halts", C.c_uint64),
        ("device_splits", C.c_uint64),
        ("message", C.c_char * 256),
        ("uc", C.c_void_p),
        ("cpu", C.c_void_p),
        ("env", C.c_void_p),
        ("left_register", C.c_void_p),
        ("pages", C.c_void_p),
        ("code_ram", C.c_void_p),
        ("device_pcs", C.c_void_p),
        ("arch", C.c_int32),
        ("running", C.c_int32),
        ("helper_pc", C.c_size_t),
        ("fill_pc", C.c_size_t),
        ("fill_address", C.c_uint64),
        ("fill_access", C.c_int32),
        ("fill_probe", C.c_int32),
        ("fill_index", C.c_int32),
        ("settled", C.c_int32),
        ("kick", C.c_int32),
        ("resume", C.c_int32),
        ("triple", C.c_int32),
        ("restored", C.c_int32),
        ("resume_pc", C.c_uint32),
        ("resume_npc", C.c_uint32),
        ("watch_hits", C.c_uint32),
        ("check_alignment", C.c_uint32),
        ("streak_count", C.c_int64),
        ("streak", C.c_int32),
        ("spare", C.c_int32),
        ("cycle_offset", C.c_int64),
        ("exact_clock", C.c_uint32),
        ("spare4", C.c_uint32),
        ("last_unmapped", C.c_uint64),
        ("unmapped_accesses", C.c_uint64),
        ("next", C.c_void_p),
        ("hot", HotRegister * HOT),
        ("hot_used", C.c_uint32),
        ("intr", C.c_uint32),
        ("look", C.c_uint32),
        ("model_count", C.c_uint32),
        ("cell_count", C.c_uint32),
        ("models_on", C.c_uint32),
        ("hot_reads", C.c_uint64),
        ("hot_writes", C.c_uint64),
        ("clock_hz", C.c_int64),
        ("clock_sequence", C.POINTER(C.c_int64)),
        ("models", Model * MODELS),
        ("cells", Cell * CELLS),
        ("known", Place * PLACES),
        ("regions", Region * REGIONS),
        ("frame", C.c_uint64),
        ("way_out", C.c_void_p),
        ("told_expired", C.c_uint32),
        ("stay_spare", C.c_uint32),
        ("nexts", Next * NEXTS),
        ("places_of_pages", PlaceOfPage * PLACES_OF_PAGES),
        ("entry_lists", Entries * (MMU_INDEXES + 1)),
        ("entries", C.POINTER(Entries) * MMU_INDEXES),
        ("parked_entries", C.POINTER(Entries)),
        ("arm_known", C.c_uint64 * (2 * ARM_KNOWN)),
        ("block_groups", C.c_uint64),
        ("recent", TrapRecord * RECENT),
        ("recent_count", C.c_uint64),
        ("refault", C.c_int32),
        ("refault_vector", C.c_int32),
        ("refault_code", C.c_int32),
        ("breakpoint_count", C.c_uint32),
        ("breakpoints", C.POINTER(C.c_uint32)),
        ("breakpoint_hit", C.c_uint32),
        ("passed_pc", C.c_uint32),
        ("passed_count", C.c_int64),
        ("dirty", C.c_void_p),
        ("dirty_pages", C.POINTER(C.c_uint32)),
        ("dirty_count", C.c_uint32),
        ("tracking", C.c_uint32),
        ("watch_count", C.c_uint32),
        ("access_count", C.c_uint32),
        ("watches", C.POINTER(Watch)),
        ("on_watch", ON_WATCH),
        ("accesses", WatchedAccess * ACCESSES),
        ("watch_before", C.c_uint32),
        ("access_spare", C.c_uint32),
        ("unwatched_count", C.c_int64),
        ("begun", C.c_void_p),
        ("tell", C.c_uint32),
        ("range_count", C.c_uint32),
        ("ranges", C.POINTER(Range)),
        ("on_block", ON_BLOCK),
        ("vcpu", C.c_void_p),
        ("on_exit", ON_EXIT),
        ("on_fill", ON_FILL),
        ("on_decode", ON_DECODE),
        ("instructions", C.c_void_p),
        ("instruction_heads", C.c_uint32 * 256),
        ("decode_once", C.c_uint32),
        ("instruction_count", C.c_uint32),
        ("code_size", C.c_uint32),
        ("spare6", C.c_uint32),
        ("code", C.c_uint8 * 16),
        ("rewritten", C.c_uint8 * 8192),
        ("account", C.c_void_p),
        ("space", C.c_void_p),
        ("exits", C.c_uint64),
        ("fill_exits", C.c_uint64),
        ("fill_privileged", C.c_uint32),
        ("sleep", C.c_uint32),
        ("roles", C.POINTER(C.c_uint8)),
        ("fill_physical", C.c_uint32),
        ("exposed_spare", C.c_uint32),
        ("guard", C.c_void_p),
        ("asked_updates", C.c_uint64),
        ("asked_flushes", C.c_uint64),
        ("asked_switches", C.c_uint64),
        ("on_stored", ON_LEDGER),
        ("through", C.c_uint32 * 16),
        ("through_used", C.c_uint32),
        ("through_spare", C.c_uint32),
        ("parked", C.c_void_p),
        ("annotated", C.c_void_p),
        ("annotated_count", C.c_uint32),
        ("noted_used", C.c_uint32),
        ("noted", C.c_uint32 * NOTED),
        ("annotated_stores", C.c_uint64),
        ("fill_once", C.c_uint32),
        ("once_spare", C.c_uint32),
        ("vcpu_page", C.c_void_p),
        ("vcpu_page_address", C.c_uint64),
        ("patterns", C.POINTER(Pattern)),
        ("pattern_count", C.c_uint32),
        ("instruction", C.c_uint32),
        ("met", C.c_void_p),
        ("on_instruction", ON_INSTRUCTION),
        ("resumed_count", C.c_int64),
        ("resumed_pc", C.c_uint32),
        ("intercept_spare", C.c_uint32),
        ("second_stage", C.c_void_p),
        ("stage_frames", C.c_void_p),
        ("on_stage", ON_STAGE),
        ("peer", C.c_void_p),
        ("turn_end", C.POINTER(C.c_int64)),
        ("number", C.c_uint32),
        ("peer_spare", C.c_uint32),
        ("borrows_pages", C.c_uint32),
        ("withdrawn", C.c_uint32),
        ("yielded", C.c_uint32),
        ("stale_count", C.c_uint32),
        ("stale", C.c_uint64 * STALE),
        ("scan", C.c_void_p),
        ("shadow", C.c_void_p),
        ("on_table_store", ON_LEDGER),
        ("tell_stores", C.c_uint8),
        ("rewrites", C.c_uint8),
        ("shadow_spare", C.c_uint16),
        ("code_pages", C.c_void_p),
        ("code_cache", C.c_void_p),
        ("serial", C.c_uint32),
        ("narrowing", C.c_void_p),
    )


def engine_path() -> Path:
    """The engine's shared library inside the installed unicorn package."""
    found = importlib.util.find_spec("unicorn")
    if found is None or not found.submodule_search_locations:
        raise NativeError("the unicorn package is not installed (pip install unicorn==2.1.4)")
    library = Path(next(iter(found.submodule_search_locations))) / "lib" / "libunicorn.so.2"
    if not library.exists():
        raise NativeError(f"the unicorn package has no {library.name}: not a Linux wheel")
    return library


def build_id(path: Path) -> str:
    """The GNU build id of an ELF64 little-endian file, or "" if it has none."""
    with path.open("rb") as file:
        header = file.read(64)
        if header[:5] != b"\x7fELF\x02":
            return ""
        (offset,) = struct.unpack_from("<Q", header, 0x20)
        size, count = struct.unpack_from("<HH", header, 0x36)
        file.seek(offset)
        table = file.read(size * count)
        for index in range(count):
            kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", table, index * size)
            if kind != 4:  # PT_NOTE
                continue
            file.seek(start)
            notes = file.read(length)
            at = 0
            while at + 12 <= len(notes):
                name_size, data_size, note = struct.unpack_from("<III", notes, at)
                data = at + 12 + ((name_size + 3) & ~3)
                if note == 3 and notes[at + 12 : at + 16] == b"GNU\0":
                    return notes[data : data + data_size].hex()
                at = data + ((data_size + 3) & ~3)
    return ""


class Library:
    """The loaded native library with typed functions."""

    def __init__(self, path: Path = HERE / LIBRARY) -> None:
        if sys.platform != "linux" or platform.machine() != "x86_64":
            raise NativeError("vmm runs on Linux on x86-64 hosts only, where the engine is known")
        if not path.exists():
            raise NativeError(f"the native library {path.name} is not built (make setup)")
        loaded = sys.modules.get("unicorn")
        if loaded is not None and not getattr(loaded, "_loaded_by_vmm", False):
            raise NativeError("unicorn was imported before vmm: import vmm first")
        self.path = path
        dll = C.CDLL(str(path), mode=C.RTLD_GLOBAL)
        known = C.CFUNCTYPE(C.c_char_p)(("vmm_build_id", dll))()
        engine = engine_path()
        found = build_id(engine)
        if found.encode() != known:
            version = C.CFUNCTYPE(C.c_char_p)(("vmm_engine_version", dll))().decode()
            raise NativeError(
                f"unknown engine build {found or 'without build id'}: vmm needs unicorn {version}"
            )
        import unicorn
        from unicorn.unicorn_py3 import unicorn as binding

        unicorn._loaded_by_vmm = True  # type: ignore[attr-defined]
        self.engine = binding.uclib
        self.dll = dll
        error = C.create_string_buffer(256)
        dll.vmm_init.argtypes = (C.c_void_p, C.c_char_p, C.c_size_t)
        if dll.vmm_init(self.engine._handle, error, len(error)) != 0:
            raise NativeError(error.value.decode())
        dll.vmm_cpu_size.restype = C.c_size_t
        if dll.vmm_cpu_size() != C.sizeof(NativeCpu):
            raise NativeError("the native library is of another version of vmm (make setup)")
        pointer = C.POINTER(NativeCpu)
        dll.vmm_attach.argtypes = (C.c_void_p, C.c_int, C.c_char_p, C.c_size_t)
        dll.vmm_attach.restype = pointer
        dll.vmm_detach.argtypes = (pointer,)
        dll.vmm_run.argtypes = (pointer, C.c_uint64, C.c_uint32)
        dll.vmm_kick.argtypes = (pointer,)
        dll.vmm_kick.restype = None
        dll.vmm_set_event.argtypes = (pointer, C.c_int64)
        dll.vmm_set_event.restype = None
        dll.vmm_set_interrupt.argtypes = (pointer, C.c_uint32, C.c_int)
        dll.vmm_set_interrupt.restype = None
        dll.vmm_stop.argtypes = (pointer, C.c_int)
        dll.vmm_stop.restype = None
        dll.vmm_map_pages.argtypes = (pointer, C.c_uint64, C.c_uint64, C.c_int)
        dll.vmm_map_pages.restype = None
        dll.vmm_set_behind.argtypes = (pointer, C.c_uint64, C.c_uint64, C.c_int)
        dll.vmm_set_behind.restype = None
        dll.vmm_map_device.argtypes = (pointer, C.c_uint64, C.c_uint64, C.c_uint64)
        dll.vmm_set_hot.argtypes = (pointer, C.c_uint64, C.c_uint32, C.c_uint32)
        dll.vmm_set_hot.restype = None
        dll.vmm_clear_hot.argtypes = (pointer,)
        dll.vmm_clear_hot.restype = None
        dll.vmm_track_stores.argtypes = (pointer,)
        dll.vmm_model_size.argtypes = (C.c_int,)
        dll.vmm_model_size.restype = C.c_size_t
        for access in (dll.vmm_model_read, dll.vmm_model_write):
            access.restype = C.c_bool
        dll.vmm_model_read.argtypes = (pointer, C.c_uint64, C.c_uint32, C.POINTER(C.c_uint64))
        dll.vmm_model_write.argtypes = (pointer, C.c_uint64, C.c_uint32, C.c_uint64)
        dll.vmm_generic_timer_access.argtypes = (
            pointer, C.c_uint32, C.c_bool, C.c_bool, C.POINTER(C.c_uint64))
        dll.vmm_generic_timer_access.restype = C.c_bool
        dll.vmm_gic_input.argtypes = (pointer, C.c_void_p, C.c_uint32, C.c_uint32, C.c_int)
        dll.vmm_gic_input.restype = C.c_bool
        dll.vmm_timers_run.argtypes = (pointer,)
        dll.vmm_timers_run.restype = C.c_bool
        dll.vmm_acknowledge.argtypes = (pointer, C.c_int)
        dll.vmm_flush_tlb.argtypes = (pointer,)
        dll.vmm_flush_tlb.restype = None
        dll.vmm_set_watches.argtypes = (pointer, C.POINTER(Watch), C.c_uint32)
        dll.vmm_set_watches.restype = None
        dll.vmm_set_patterns.argtypes = (pointer, C.POINTER(Pattern), C.c_uint32)
        dll.vmm_set_patterns.restype = C.c_bool
        dll.vmm_set_coverage.argtypes = (pointer, C.c_int)
        dll.vmm_set_coverage.restype = C.c_bool
        dll.vmm_coverage_page.argtypes = (pointer, C.POINTER(C.c_uint32))
        dll.vmm_coverage_page.restype = C.POINTER(C.c_uint64)
        dll.vmm_forget_code.argtypes = (pointer, C.c_uint64, C.c_uint64)
        dll.vmm_forget_code.restype = None
        dll.vmm_trap.argtypes = (pointer, *(C.c_uint32,) * 4)
        dll.vmm_restart.argtypes = (pointer,)
        dll.vmm_restart.restype = None
        dll.vmm_set_view.argtypes = (pointer, C.c_uint32)
        dll.vmm_set_view.restype = None
        dll.vmm_flush_page.argtypes = (pointer, C.c_uint32)
        dll.vmm_flush_page.restype = None
        dll.vmm_pc_at.argtypes = (pointer, C.c_size_t)
        dll.vmm_pc_at.restype = C.c_uint32
        dll.vmm_set_annotated.argtypes = (pointer, C.POINTER(C.c_uint32), C.c_uint32)
        dll.vmm_set_vcpu_page.argtypes = (pointer, C.c_void_p, C.c_uint64)
        dll.vmm_set_vcpu_page.restype = None
        dll.vmm_reserve.argtypes = (C.c_size_t,)
        dll.vmm_reserve.restype = None
        dll.vmm_keep_code_pages.argtypes = (pointer,)
        dll.vmm_keep_code_pages.restype = C.c_void_p
        dll.vmm_add_template.argtypes = (pointer, C.c_void_p)
        dll.vmm_code_counted.argtypes = (pointer,)
        dll.vmm_code_counted.restype = C.c_void_p
        dll.vmm_limit_code_pages.argtypes = (pointer, C.c_uint32)
        dll.vmm_limit_code_pages.restype = None
        dll.vmm_set_cold_calls.argtypes = (pointer, C.c_uint32)
        dll.vmm_set_cold_calls.restype = None
        dll.vmm_set_second_opinion.argtypes = (pointer, C.c_void_p)
        dll.vmm_set_second_opinion.restype = None
        dll.vmm_report_site.argtypes = (pointer, C.c_uint32, C.c_uint32, C.c_void_p)
        dll.vmm_store_through.argtypes = (pointer, C.c_uint32)
        dll.vmm_store_through.restype = C.c_bool
        dll.vmm_set_role.argtypes = (pointer, C.c_uint32, C.c_uint32)
        dll.vmm_set_role.restype = C.c_bool
        dll.vmm_space_new.restype = C.c_void_p
        dll.vmm_space_free.argtypes = (C.c_void_p,)
        dll.vmm_space_free.restype = None
        dll.vmm_space_clear.argtypes = (C.c_void_p,)
        dll.vmm_space_clear.restype = None
        dll.vmm_space_get.argtypes = (C.c_void_p, C.c_uint32)
        dll.vmm_space_get.restype = C.c_uint64
        dll.vmm_space_set.argtypes = (C.c_void_p, C.c_uint32, C.c_uint64)
        dll.vmm_shadow_new.argtypes = (pointer, C.c_uint32, C.c_void_p)
        dll.vmm_shadow_window.argtypes = (pointer, C.c_uint64, C.c_uint64, C.c_void_p, C.c_int)
        dll.vmm_shadow_enter.argtypes = (
            pointer, C.c_uint32, C.c_uint32, C.c_uint64, C.POINTER(TableSource), C.c_uint32)
        dll.vmm_shadow_enter.restype = None
        dll.vmm_shadow_fill.argtypes = (pointer, C.c_uint32, C.c_uint32, C.POINTER(C.c_int))
        dll.vmm_shadow_fill.restype = C.c_bool
        dll.vmm_shadow_wrote.argtypes = (pointer, C.c_uint64, C.c_uint64)
        dll.vmm_shadow_wrote.restype = C.c_bool
        dll.vmm_shadow_store.argtypes = (pointer, C.c_uint32, C.c_uint32)
        dll.vmm_shadow_store.restype = C.c_bool
        dll.vmm_shadow_flush_page.argtypes = (pointer, C.c_uint32)
        dll.vmm_shadow_flush_page.restype = C.c_bool
        for name in ("vmm_shadow_context", "vmm_shadow_flush_all", "vmm_shadow_stored"):
            getattr(dll, name).argtypes = (pointer,)
            getattr(dll, name).restype = C.c_bool
        dll.vmm_shadow_free.argtypes = (pointer,)
        dll.vmm_shadow_free.restype = None
        dll.vmm_shadow_forget.argtypes = (pointer,)
        dll.vmm_shadow_forget.restype = None
        dll.vmm_shadow_make_up.argtypes = (pointer, C.c_uint32, C.c_uint64)
        dll.vmm_shadow_make_up.restype = None
        dll.vmm_shadow_physical.argtypes = (pointer, C.c_uint32, C.POINTER(C.c_uint64))
        dll.vmm_shadow_physical.restype = C.c_bool
        dll.vmm_shadow_update.argtypes = (pointer, C.POINTER(TableUpdate), C.c_uint32)
        dll.vmm_shadow_update.restype = C.c_bool
        dll.vmm_shadow_protects.argtypes = (pointer, C.c_uint32)
        dll.vmm_shadow_protects.restype = C.c_bool
        dll.vmm_x86_add_instruction.argtypes = (
            pointer, C.c_uint32, C.c_uint32, C.c_uint64, C.c_uint32, C.c_int)
        dll.vmm_store_trapped.argtypes = (pointer, C.c_uint32)
        dll.vmm_store_trapped.restype = None
        dll.vmm_is_rewritten.argtypes = (pointer, C.c_uint32)
        dll.vmm_is_rewritten.restype = C.c_bool
        dll.vmm_x86_decode.argtypes = (
            C.c_char_p, C.c_uint32, C.c_bool, C.c_bool, C.POINTER(X86Decoded))
        dll.vmm_x86_decode.restype = C.c_bool
        dll.vmm_x86_operation_ends.argtypes = (C.c_uint32,)
        dll.vmm_x86_operation_ends.restype = C.c_bool
        dll.vmm_sparc_put_psr.argtypes = (pointer, C.c_uint32)
        dll.vmm_sparc_put_psr.restype = None
        dll.vmm_sparc_take.argtypes = (pointer, C.c_uint32)
        dll.vmm_sparc_take.restype = None
        dll.vmm_returned.argtypes = (pointer, C.c_uint32)
        dll.vmm_returned.restype = None
        dll.vmm_arm_constant_register.argtypes = (C.c_void_p, C.c_uint32, C.c_uint32)
        for name in ("vmm_join", "vmm_take_turn"):
            function = getattr(dll, name)
            function.argtypes, function.restype = (pointer, pointer), None
        dll.vmm_wake.argtypes, dll.vmm_wake.restype = (pointer,), None
        dll.vmm_arm_timer_register.argtypes = (pointer, C.c_void_p, C.c_uint32, C.c_int)
        dll.vmm_arm_set_cpsr.argtypes = (pointer, C.c_uint32)
        dll.vmm_arm_set_cpsr.restype = None
        dll.vmm_para_arm_settle.argtypes = (pointer,)
        dll.vmm_para_arm_settle.restype = None
        dll.vmm_arm_system_word.argtypes = (pointer, C.c_uint32)
        dll.vmm_arm_system_word.restype = C.c_void_p
        dll.vmm_arm_advance.argtypes = (pointer, C.c_uint32)
        dll.vmm_arm_advance.restype = None
        dll.vmm_arm_raise.argtypes = (pointer, *(C.c_uint32,) * 4)
        dll.vmm_arm_raise.restype = None
        dll.vmm_arm_decode_into.argtypes = (C.c_uint32, C.c_bool, C.POINTER(C.c_uint32 * 3))
        dll.vmm_arm_decode_into.restype = None
        dll.vmm_arm_decode_store_into.argtypes = (C.c_uint32, C.c_bool, C.POINTER(C.c_uint32 * 3))
        dll.vmm_arm_decode_store_into.restype = None
        dll.vmm_arm_counter.argtypes = (pointer,)
        dll.vmm_arm_counter.restype = C.c_uint64
        dll.vmm_x86_load.argtypes = (pointer, C.c_uint64, C.c_uint32)
        dll.vmm_x86_load.restype = C.c_uint64
        dll.vmm_x86_store.argtypes = (pointer, C.c_uint64, C.c_uint32, C.c_uint32)
        dll.vmm_x86_store.restype = None
        dll.vmm_x86_accessed.argtypes = (pointer, C.c_uint32, C.c_uint32, C.c_uint32)
        dll.vmm_x86_accessed.restype = None
        dll.vmm_x86_push.argtypes = (pointer, C.c_uint64, C.c_uint32, C.c_uint32, C.c_char_p)
        dll.vmm_x86_push.restype = None
        dll.vmm_x86_load_entry.argtypes = (pointer, C.c_uint64, C.c_uint32)
        dll.vmm_x86_load_entry.restype = C.c_uint64
        dll.vmm_x86_mark_entry.argtypes = (pointer, C.c_uint64, C.c_uint32)
        dll.vmm_x86_mark_entry.restype = None
        dll.vmm_x86_arithmetic_flags.argtypes = (pointer,)
        dll.vmm_x86_arithmetic_flags.restype = C.c_uint32

    def function(self, name: str, result: object, *arguments: object) -> object:
        """One of the engine's own exported functions, typed."""
        function = getattr(self.engine, name)
        function.restype = result
        function.argtypes = arguments
        return function


_library: Library | None = None


def library() -> Library:
    """The native library, loaded on first use.  NativeError says what is wrong."""
    global _library
    if _library is None:
        _library = Library()
    return _library
