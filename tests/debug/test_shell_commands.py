# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command of the shell on all three processors, and what it says when it cannot."""

from __future__ import annotations

import re

import pytest
from shells import BOARDS, Talk

from vmm.debug.shell import table
from vmm.debug.shell.command import CommandError

ALL = pytest.mark.parametrize("board", BOARDS)
SERIAL = {"leon3": "apbuart", "virt": "pl011", "pc": "uart16550"}
STATUS = {"leon3": "psr", "virt": "cpsr", "pc": "eflags"}
CONTROLLER = {"leon3": "irqmp", "virt": "gic.distributor", "pc": "i8259-master"}
TRAP = {"leon3": "illegal_instruction", "virt": "undefined", "pc": "#UD"}
NOP = {"leon3": "01000000", "virt": "e320f000", "pc": "90"}


@ALL
def test_registers_and_fields(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    status = STATUS[board]
    whole = talk.text("registers")
    assert re.search(rf"^{status} +[0-9a-f]{{8}} \w+=", whole, re.MULTILINE)
    value = talk.machine.processor.registers[status]
    said = talk.do(f"registers {status}")
    assert said[0] == f"{status} = {value:08x}" and len(said) > 5
    everything = talk.text("registers all")
    for name, register in talk.machine.processor.registers.table.items():
        assert re.search(rf"(^|  ){re.escape(name)} +{register.read():0{register.bits // 4}x}",
                         everything, re.MULTILINE)
    group = talk.text("registers general")
    assert group.split()[0] in everything and len(group) < len(everything)
    assert "nothing_like_it" in talk.error("registers nothing_like_it")


@ALL
def test_set_writes_registers_and_fields(board) -> None:
    talk = Talk(board)
    name = {"leon3": "g1", "virt": "r1", "pc": "ebx"}[board]
    assert talk.do(f"set {name} = 0x1234 + 1") == [f"{name}  00001235"]
    assert talk.do(f"set ${name} = -1") == [f"{name}  ffffffff"]
    field = {"leon3": "psr.PIL", "virt": "cpsr.GE", "pc": "eflags.IOPL"}[board]
    register, _, field_name = field.partition(".")
    before = talk.machine.processor.registers[register]
    talk.do(f"set {field} = 3")
    assert talk.do(f"print {field}") == ["3 = 0x3"]
    fields = talk.machine.processor.registers.find(register).fields
    bits = next(one for one in fields if one.name == field_name)
    assert talk.machine.processor.registers[register] == before & ~(
        (1 << bits.high + 1) - (1 << bits.low)
    ) | 3 << bits.low
    assert "fit" in talk.error(f"set {field} = 0x1000")
    assert "fit" in talk.error(f"set {name} = 0x100000000")
    assert "LUNCH" in talk.error(f"set {register}.LUNCH = 1")
    assert "set REGISTER = EXPRESSION" in talk.error("set")


@ALL
def test_memory_is_shown_as_gdb_does(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    machine = talk.machine
    main = machine.symbols.find("main").address & ~1
    order = machine.processor.byteorder
    code = machine.bus.read_memory(main, 32)
    words = [int.from_bytes(code[i : i + 4], order) for i in range(0, 32, 4)]
    assert talk.do(f"x/8xw {main:#x}") == [
        f"{main + 16 * row:08x}: " + " ".join(f"{w:08x}" for w in words[4 * row : 4 * row + 4])
        for row in range(2)
    ]
    assert talk.do("x") == [f"{main + 32:08x}: " + talk.do(f"x/x {main + 32:#x}")[0][10:]]
    [line] = talk.do(f"x/3xb {main:#x}")
    assert line.startswith(f"{main:08x}: {code[:3].hex(' ')} ")
    assert talk.do(f"xp/1xh {main:#x}") == [
        f"{main:08x}: {int.from_bytes(code[:2], order):04x}"
    ]
    assert talk.do(f"x/1dw {main:#x}") == [
        f"{main:08x}: {int.from_bytes(code[:4], order, signed=True)}"
    ]
    assert sum(line.startswith("=> ") for line in talk.do("x/2i main")) == 1
    assert "0x20000000" in talk.error("x 0x20000000") or board == "pc"
    assert "1 to" in talk.error("x/0xw main")
    assert "'q'" in talk.error("x/1q main")


@ALL
def test_writing_memory_and_assembling(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    at = talk.machine.linear_pc
    assert talk.do(f"assemble {at:#x} nop")[-1].split()[:3] == ["=>", f"{at:08x}", NOP[board]]
    data = talk.machine.processor.registers[{"leon3": "o6", "virt": "r13", "pc": "esp"}[board]]
    data = data - 64 & ~7
    assert talk.do(f"write {data:#x} 0x11223344 (1+1)") == [f"8 bytes written at {data:08x}"]
    assert talk.do(f"x/2xw {data:#x}") == [f"{data:08x}: 11223344 00000002"]
    talk.do(f"write/b {data:#x} -1 2")
    assert talk.do(f"x/2db {data:#x}") == [f"{data:08x}: -1 2"]
    talk.do(rf'write {data:#x} "two\nlines\0"')
    assert talk.do(f"x/s {data:#x}") == [f'{data:08x}: "two\\nlines"']
    assert "bytes" in talk.error(f"write/b {data:#x} 256")
    assert "what" in talk.error(f"write {data:#x}")
    assert "quotes" in talk.error(f'write {data:#x} "unfinished')
    assert "frobnicate" in talk.error(f"assemble {data:#x} frobnicate r1")
    assert "UNIT" in talk.error(f"write/q {data:#x} 1")


def test_assembling_knows_privileged_instructions() -> None:
    cases = {
        "leon3": ("rd %psr, %g1; wr %g1, %g0, %wim; lda [%g1] 0x19, %g2; rett %l2",
                  ["rd", "wr", "lda", "rett"]),
        "virt": ("mcr p15, 0, r0, c1, c0, 0; smc #0; mrs r0, spsr_fiq",
                 ["mcr", "smc", "mrs"]),
        "pc": ("lgdt [eax]; mov cr0, eax; hlt", ["lgdt", "mov", "hlt"]),
    }
    for board, (source, names) in cases.items():
        talk = Talk(board)
        talk.do("until main")
        lines = talk.do(f"assemble $pc {source}")
        text = "\n".join(lines)
        for name in names:
            assert re.search(rf"\b{name}\b", text), text


@ALL
def test_code_symbols_and_print(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    lines = talk.do("disassemble")
    assert lines[0] == "main:" and "main.c:" in lines[1] and lines[2].startswith("=> ")
    size = talk.machine.symbols.find("main").size
    end = talk.machine.symbols.find("main").address + size
    whole = talk.do("disassemble main")
    code = [line for line in whole if line.startswith(("=> ", "   "))]
    assert end - 16 < int(code[-1][3:11], 16) < end
    few = [line for line in talk.do("disassemble main 3") if line.startswith(("=> ", "   "))]
    assert [line.split() for line in few] == [line.split() for line in code[:3]]
    main = talk.machine.symbols.find("main").address
    assert talk.do("symbols main")[1].split() == [f"{main:08x}", str(size), "main"]
    assert talk.do("symbols at main + 1") == [f"{main + 1:08x} <main+0x1>"]
    assert "no_such" in talk.error("symbols no_such*")
    assert talk.do("print main") == [f"{main} = {main:#x} <main>"]
    assert talk.do("print/d 0x10") == ["16"]
    assert talk.do("print/a main") == [f"{main:08x} <main>"]
    assert "'q'" in talk.error("print/q 1")


@ALL
def test_devices_interrupts_and_events(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    names = [line.split()[0] for line in talk.do("devices")[1:]]
    assert SERIAL[board] in names and CONTROLLER[board] in names
    for name in names:
        lines = talk.do(f"device {name}")
        assert lines[0].startswith(f"{name} at ")
    [line] = [one for one in talk.do(f"device {SERIAL[board]}") if "interrupt" in one]
    assert line == "interrupt line " + {
        "leon3": "irqmp.3: low", "virt": "spi1: low", "pc": "COM1 to i8259-master.4: low",
    }[board]
    assert "frobnicator" in talk.error("device frobnicator")
    number = {"leon3": 5, "virt": 40, "pc": 5}[board]
    assert talk.do(f"inject interrupt {number}") == [f"interrupt {number} is pending"]
    pending = [line for line in talk.do("interrupts") if re.search("pending:|requested:", line)]
    assert re.search(rf"ed: {number}$|ing: {number}$", pending[0]), pending
    assert "999" in talk.error("inject interrupt 999")
    assert talk.do("events")[0].startswith("now: cycle ")


@ALL
def test_breakpoints(board) -> None:
    talk = Talk(board)
    assert talk.do("breakpoints") == ["no breakpoints"]
    main = talk.machine.symbols.find("main").address
    assert talk.do("break main") == [f"breakpoint 1 at {main:08x} <main>"]
    talk.do("tbreak main if 0")
    talk.do("break main if $count < 10")
    talk.do("run")
    assert talk.machine.linear_pc == main
    hits = [line.split()[3] for line in talk.do("breakpoints")[1:] if "once" not in line]
    assert hits == ["1", "0"]
    talk.do("disable 1")
    assert talk.do("breakpoints")[1].split()[2] == "off"
    talk.do("enable")
    assert talk.do("breakpoints")[1].split()[2] == "on"
    talk.do("delete 2 3")
    assert len(talk.do("breakpoints")) == 2
    talk.do("delete")
    assert talk.do("breakpoints") == ["no breakpoints"]
    assert "7" in talk.error("delete 7")
    assert "expression" in talk.error("break main if")
    assert "nowhere" in talk.error("break nowhere")


@ALL
def test_a_register_is_watched_by_comparing(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    stack = {"leon3": "o6", "virt": "r13", "pc": "esp"}[board]
    before = talk.machine.processor.registers[stack]
    assert "after every instruction" in talk.text(f"watch ${stack}")
    said = talk.do("run")[0]
    after = talk.machine.processor.registers[stack]
    assert after != before
    assert f"{before:08x} -> {after:08x}" in said
    assert talk.do("breakpoints")[1].split()[:2] == ["v1", "value"]
    talk.do("delete v1")
    assert "only changes" in talk.error(f"rwatch ${stack}")
    assert "no if" in talk.error(f"watch ${stack} if 1")


@ALL
def test_intercepts_and_injected_traps(board) -> None:
    talk = Talk(board, "traps")
    talk.do("trap")
    talk.do("step 20")
    assert talk.do("intercept") == ["intercepted: none"]
    assert talk.do(f"intercept on {TRAP[board]}") == [f"intercepted: {TRAP[board]}"]
    assert "every trap" in talk.text("intercept on all")
    assert talk.do("intercept off") == ["intercepted: none"]
    assert TRAP[board] in talk.text("intercept help")
    assert "lunch" in talk.error("intercept on lunch")
    assert "on KIND" in talk.error("intercept sideways")
    if board == "leon3":
        talk.do("set psr.ET = 0")
        assert "error mode" in talk.error("inject trap illegal_instruction")
        talk.do("set psr.ET = 1")
    pc = talk.machine.linear_pc
    assert talk.do(f"inject trap {TRAP[board]}")[0] == f"{TRAP[board]} entered"
    assert talk.machine.linear_pc != pc
    assert "inject" in talk.error("inject")
    assert "lunch" in talk.error("inject trap lunch")
    assert "breakfast" in talk.error("inject interrupt breakfast")


@ALL
def test_console_counters_and_info(board) -> None:
    talk = Talk(board)
    talk.do("run")
    assert "ello" in talk.text("console")
    assert len(talk.do("console 1")) == 1
    assert re.search(r"^instructions +\d+$", talk.text("counters"), re.MULTILINE)
    info = talk.text("info")
    assert f"machine   {board}" in info and "stopped" in info
    assert talk.do("info breakpoints") == ["no breakpoints"]
    assert "info of info" in talk.error("info " * 3000)


@ALL
def test_python_statements_have_the_machine(board) -> None:
    talk = Talk(board)
    assert talk.do("python m.name") == [f"'{board}'"]
    assert talk.do("python x = m.engine.count + 1") == []
    assert talk.do("python print(x); print('two')") == ["1", "two"]
    assert talk.error("python 1/0") == "python: ZeroDivisionError: division by zero"
    assert "SyntaxError" in talk.error("python 1 +")
    assert "leaves" in talk.error("python raise SystemExit")
    assert "prompt" in talk.error("python")


def test_names_may_be_cut_short_if_that_is_clear() -> None:
    assert table.find("disas", "sparc") is table.NAMES["disassemble"]
    assert table.find("s", "sparc") is table.NAMES["step"]
    with pytest.raises(CommandError, match=r"ambiguous: device, devices$"):
        table.find("devi", "sparc")


def test_an_unknown_command_and_wrong_arguments() -> None:
    talk = Talk("leon3")
    assert "frobnicate" in talk.error("frobnicate")
    assert "takes nothing" in talk.error("events now")
    assert "name" in talk.error("$pc")
    assert "steps" in talk.error("step 0")
    assert "until wants" in talk.error("until")
    assert "to COUNT" in talk.error("run away")
    assert "past" in talk.error("run to -1")
    assert "quit" not in talk.text("help step")
    assert talk.do("# a comment") == []
    assert talk.do("") == []
