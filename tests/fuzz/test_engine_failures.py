# SPDX-License-Identifier: GPL-2.0-or-later
"""What fuzzing found: guests that made the engine give up, each by name.

Every test runs a few instructions on a board and asserts what the manual says
happens instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import struct
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.cpu.arm.registers import HYP
from vmm.cpu.x86.registers import Segment
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending
from vmm.native.library import library

RAM = 4 << 20
UD, GP = 6, 13
MEM_IO_PC = 0x8178  # vmm/native/src/offsets.h: CPU_MEM_IO_PC


@pytest.fixture
def board(tmp_path: Path):
    firmware = tmp_path / "nothing.bin"
    firmware.write_bytes(bytes(16))

    def build(name: str, **properties: str) -> Machine:
        return create(Options(name, properties=properties, ram=RAM, bios=firmware))

    return build


def traps(machine: Machine) -> list[int]:
    return [kind for _, kind, _, _, _ in machine.engine.recent_traps()]


# -- x86 ---------------------------------------------------------------------------

CODE, IDT, HANDLER, GDT = 0x100000, 0x101000, 0x102000, 0x103000
CODE0, DATA0, CODE3, DATA3, TSS = 0x08, 0x10, 0x18, 0x20, 0x28


def protected(machine: Machine, code: bytes) -> None:
    """Flat 32-bit protected mode, every vector led to HLT."""
    r = machine.processor.registers
    write = machine.bus.write_memory
    descriptors = (0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, 0x00CFFB000000FFFF,
                   0x00CFF3000000FFFF, 0x0000890000000067)
    write(GDT, struct.pack("<6Q", *descriptors))
    gate = struct.pack("<HHHH", HANDLER & 0xFFFF, CODE0, 0xEE00, HANDLER >> 16)
    write(IDT, gate * 256)
    write(HANDLER, b"\xf4" * 16)
    write(CODE, code)
    r["cr0"] = 0x60000011
    for name in ("ds", "es", "ss", "fs", "gs"):
        machine.processor.load_segment(name, Segment(DATA0, 0, 0xFFFFFFFF, 0xCF9300))
    machine.processor.load_segment("cs", Segment(CODE0, 0, 0xFFFFFFFF, 0xCF9B00))
    r["gdtr.base"], r["gdtr.limit"] = GDT, 47
    r["idtr.base"], r["idtr.limit"] = IDT, 0x7FF
    r["esp"] = 0x110000
    machine.processor.set_pc(CODE)


def run_x86(machine: Machine, code: bytes) -> list[int]:
    protected(machine, code)
    assert machine.run(until=machine.engine.count + 50).ending is Ending.CRASH  # HLT, IF clear
    return traps(machine)


@pytest.mark.parametrize(
    "code",
    [
        "f00fa3cc",  # bt esp, ecx: the engine used a value that it never computed
        "f0f30fa3cc", "f0900000", "f08900", "f001c8", "f03900", "f08338ff" "00", "f0e2fe",
        "66f00fba2001", "f0f7c000000000", "f0ff10", "f00fc7f0", "f00fa2",
    ],
)
def test_lock_where_it_is_not_allowed_is_undefined(board, code: str) -> None:
    assert run_x86(board("pc"), bytes.fromhex(code)) == [UD]


@pytest.mark.parametrize(
    "code",
    ["f00100", "f0812000000000", "f0830001", "f08600", "f0f710", "f0f718", "f0ff00", "f0fe08",
     "f00fab08", "f00fba2801", "f00fb108", "f00fc108", "f00fc70e", "f0660100", "f0f3018000000000"],
)
def test_lock_where_it_is_allowed_is_none(board, code: str) -> None:
    machine = board("pc")
    load = b"\xb8\x00\x00\x11\x00\xbe\x00\x00\x11\x00"  # mov eax, 110000h; mov esi, 110000h
    assert run_x86(machine, load + bytes.fromhex(code) + b"\xf4") == []
    assert machine.processor.pc == CODE + len(load) + len(code) // 2 + 1


@pytest.mark.parametrize("code", ["c5f8a2", "c4e178a2", "66c5f8a2"])
def test_what_no_model_has_is_undefined_behind_a_vex_prefix_too(board, code: str) -> None:
    assert run_x86(board("pc"), bytes.fromhex(code)) == [UD]  # the engine did CPUID


@pytest.mark.parametrize("base", [0, 0x10, 0x8000])
def test_an_instruction_breakpoint_is_met_where_cs_has_a_base(board, base: int) -> None:
    machine = board("pc")
    r = machine.processor.registers
    protected(machine, b"\x90\x90\x90\xf4")
    machine.processor.load_segment("cs", Segment(CODE0, base, 0xFFFFFFFF, 0xCF9B00))
    machine.processor.set_pc(CODE - base)
    r["dr1"] = CODE + 2
    r["dr7"] = 0x404 | 8
    machine.run(until=machine.engine.count + 50)
    assert traps(machine) == [1]
    assert r["dr6"] & 0xF == 2
    saved = machine.bus.read_memory(r["esp"], 4)
    assert saved is not None and int.from_bytes(saved, "little") == CODE + 2 - base


def test_ltr_of_the_null_selector_is_a_general_protection_fault(board) -> None:
    assert run_x86(board("pc"), b"\x31\xc0\x0f\x00\xd8\xf4") == [GP]


def test_ltr_of_a_task_segment_loads_it(board) -> None:
    machine = board("pc")
    assert run_x86(machine, b"\x66\xb8\x28\x00\x0f\x00\xd8\xf4") == []
    assert machine.processor.registers["tr"] == TSS


def test_an_interrupt_from_user_mode_before_any_ltr_uses_the_reset_task_register(board) -> None:
    machine = board("pc")
    machine.bus.write_memory(4, struct.pack("<II", 0x110000, DATA0))  # TSS at 0: esp0, ss0
    frame = b"".join(b"\x68" + value.to_bytes(4, "little") for value in (
        DATA3 | 3, 0x111000, 2, CODE3 | 3, CODE + 0x40))
    protected(machine, frame + b"\xcf")  # iret to ring 3
    machine.bus.write_memory(CODE + 0x40, b"\xcd\x80")
    machine.run(until=machine.engine.count + 20)
    assert traps(machine) == [0x80 + 256]
    assert machine.processor.cpl == 0


def test_a_trap_frame_in_device_memory_is_written_where_the_trap_is(board) -> None:
    machine = board("pc")
    write, r = machine.bus.write_memory, machine.processor.registers
    protected(machine, b"\xa3\x00\x00\x0b\x00" * 3 + b"\xeb\xfe")  # mov [0xb0000], eax; jmp .
    machine.run(until=machine.engine.count + 20)
    # The code buffer starts over: where the last access came from has another meaning.
    assert ctypes.c_uint64.from_address(machine.engine.cpu + MEM_IO_PC).value == 0
    write(CODE, b"\x05\x01\x00\x00\x00" * 60 + b"\xcd\x80")  # add eax, 1; ...; int 0x80
    machine.traps.set_delivery("python")
    r["esp"], r["eax"] = 0xB0100, 0
    machine.processor.set_pc(CODE)
    assert machine.run(until=machine.engine.count + 61).ending is Ending.STOPPED
    assert (r["eax"], machine.processor.pc, r["esp"]) == (60, HANDLER, 0xB00F4)


def test_a_short_jump_below_address_0_goes_to_the_top(board) -> None:
    """The engine keeps such a pc in 64 bits, in a page behind which there is no other."""
    machine = board("pc")
    protected(machine, b"")
    machine.bus.write_memory(0, b"\x39\xc0\x74\xee")  # cmp eax, eax; je -14
    machine.processor.registers["eax"] = 0x110000
    machine.processor.set_pc(0)
    machine.run(until=machine.engine.count + 4)
    assert machine.processor.pc == 0xFFFFFFF6  # two of "add [eax], al", in the ROM


def test_a_slide_through_the_empty_bus_is_no_standstill(board) -> None:
    machine = board("pc")
    protected(machine, b"\xb8\x00\x00\x00\xc0" + b"\x00\x00" * 2000)  # add [eax], al: nobody there
    assert machine.run(until=machine.engine.count + 2000).ending is Ending.STOPPED
    # Long blocks translated for one instruction each would be a million instructions.
    assert machine.engine.native.blocks_translated < 6000


def test_hundreds_of_instructions_that_keep_temporaries_are_several_blocks(board) -> None:
    machine = board("pc")
    protected(machine, b"\xdc\xdc" * 700 + b"\xf4")  # fcomp st(4): two temporaries each
    assert machine.run(until=machine.engine.count + 2000).ending is Ending.CRASH  # HLT, IF clear
    assert traps(machine) == []
    assert machine.processor.pc == CODE + 1401



# -- ARM ---------------------------------------------------------------------------


@pytest.mark.parametrize("instruction", [0xE4A0E01B, 0xE4B0E000])  # strt, ldrt
def test_a_domain_fault_of_ldrt_in_hyp_mode_is_an_abort(board, instruction: int) -> None:
    machine = board("virt", virtualization="on")
    r, base = machine.processor.registers, 0x40000000
    table = base + 0x4000
    machine.bus.write_memory(base, struct.pack("<I", instruction))
    machine.bus.write_memory(table, b"".join(
        struct.pack("<I", (i << 20) | 0xC02) for i in range(4096)))
    assert r["cpsr"] & 0x1F == HYP
    r["ttbr0"], r["dacr"], r["sctlr"] = table, 0, r["sctlr"] | 1  # no domain may be used
    r["hvbar"] = base + 0x1000
    r["r0"] = base + 0x2000
    machine.processor.set_pc(base)
    machine.step()
    assert [machine.processor.trap_name(kind) for kind in traps(machine)] == ["data_abort"]
    assert r["hdfar"] == base + 0x2000
    assert r["hsr"] >> 26 == 0x25 and r["hsr"] & 0x3F == 0x0D  # section permission fault


def test_a_firmware_request_in_flash_is_the_guests_mistake(board) -> None:
    machine = board("virt")
    fw_cfg = next(p.device for p in machine.bus.devices if p.base == 0x09020000)
    fw_cfg.write(0x14, 4, 0x00000000)  # the request at 0: ROM, where no answer can go
    assert machine.bus.read_memory(0, 16) is not None


# -- SPARC -------------------------------------------------------------------------


def alternate_access(machine: Machine, asi: int, op3: int, mmu: bool) -> list[int]:
    """The traps of one access by %g2 to an alternate space."""
    r, base = machine.processor.registers, 0x40000000
    code = 3 << 30 | 2 << 25 | op3 << 19 | 1 << 14 | asi << 5  # %g2, [%g1] asi
    machine.bus.write_memory(base, struct.pack(">II", code, 0x01000000))
    if mmu:  # identity
        machine.bus.write_memory(base + 0x1000, struct.pack(">I", (base + 0x2000) >> 4 | 1))
        machine.bus.write_memory(base + 0x2000, b"".join(
            struct.pack(">I", i << 20 | 0xE) for i in range(256)))
        r["mmu.ctxtbl"], r["mmu.control"] = (base + 0x1000) >> 4, 1
    r["psr"], r["tbr"], r["g1"] = 0xE0, base + 0x3000, base + 0x4000
    machine.processor.set_pc(base)
    assert machine.step().ending is Ending.STOPPED
    return traps(machine)


@pytest.mark.parametrize("mmu", [False, True])
@pytest.mark.parametrize("op3", [0x10, 0x13, 0x14, 0x17, 0x1D, 0x1F])  # lda, ldda, sta, stda, ...
@pytest.mark.parametrize("asi", [0x17, 0x1F, 0x80])
def test_spaces_that_no_leon3_has_are_answered_as_any_that_is_not_there(
    board, asi: int, op3: int, mmu: bool
) -> None:
    found = alternate_access(board("leon3"), asi, op3, mmu)
    assert found == alternate_access(board("leon3"), 0xEE, op3, mmu)
    assert found == ([0x29] if mmu or op3 == 0x1F else [])  # SWAPA always


@pytest.mark.parametrize("asi", [9, 0xB, 0x1C])
def test_a_load_that_nobody_answers_gives_back_the_rest_of_its_block(board, asi: int) -> None:
    machine = board("leon3")
    r, base = machine.processor.registers, 0x40000000
    load = 3 << 30 | 2 << 25 | 0x10 << 19 | 1 << 14 | asi << 5  # lda [%g1] asi, %g2
    machine.bus.write_memory(base, struct.pack(">20I", *[0x01000000] * 4, load,
                                               *[0x01000000] * 15))
    r["psr"], r["tbr"], r["g1"] = 0xE0, 0xFFFF0000, 0x20000000  # no handler is there
    machine.processor.set_pc(base)
    assert machine.run(until=machine.engine.count + 20).ending is Ending.CRASH
    (count, kind, pc, _, _), *_ = machine.engine.recent_traps()
    assert (count, kind, pc) == (5, 1 if asi == 9 else 9, base + 16)
    assert machine.engine.count == 5


# -- what the engine prints ------------------------------------------------------------


def test_what_the_engine_prints_is_kept_and_not_printed(capfd) -> None:
    dll = library().dll
    say = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_size_t)(("vmm_engine_said", dll))
    said = ctypes.create_string_buffer(100)
    prints = ctypes.CFUNCTYPE(ctypes.c_uint64)(("vmm_engine_prints", dll))
    before = prints()
    unicorn = __import__("unicorn")
    # A register number that the engine warns about.
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    with contextlib.suppress(unicorn.UcError):
        uc.reg_read(5000)
    assert prints() == before + 1
    say(said, len(said))
    assert said.value.startswith(b"WARNING")
    say(said, len(said))
    assert said.value == b""
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""
