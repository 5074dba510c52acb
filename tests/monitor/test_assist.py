# SPDX-License-Identifier: GPL-2.0-or-later
"""Assisted guests: what leaves them, what comes of it, and that they cannot tell."""

from __future__ import annotations

from collections import Counter

import pytest
from runs import GUESTS, bare, machine, virtual, watch

from vmm.boards import Options, create
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.machine.guest_memory import read_virtual
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.monitor import MonitorError, virtualize
from vmm.monitor.assist import Action, ControlBlock, Controls, Event, Monitor, Reason
from vmm.monitor.assist.classes import CLASSES, fits
from vmm.monitor.memory import nested
from vmm.monitor.theorem import Instruction, classify
from vmm.state import snapshot

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
TRAPS = [(board, f"{architecture}/traps") for architecture, board in BOARDS.items()]
PREFIXES = b"\x66\x67\xf0\xf2\xf3"


def everything(guest) -> Controls:
    processor = guest.processor
    return Controls.everything(processor.architecture, processor.trap_kinds())


@pytest.mark.parametrize(("board", "guest"), TRAPS)
def test_with_every_control_on_nothing_that_the_guest_sees_differs(board: str, guest: str) -> None:
    seen = machine(board, guest)
    monitor = virtualize(seen, "assist", controls=everything(seen))
    assert watch(seen) == bare(board, guest)
    exits = monitor.block.exits
    assert sum(n for (reason, _), n in exits.items() if reason is Reason.TRAP) > 50
    assert sum(n for (reason, _), n in exits.items() if reason is Reason.INSTRUCTION) > 1000
    assert exits[Reason.DEVICE, "store"] + exits[Reason.PORT, "store"] > 10
    assert exits[Reason.SECOND_STAGE, "fetch"] > 1


@pytest.mark.parametrize("guest", [
    "sparc/nucleus-quick", "arm/nucleus-quick", "x86/nucleus-quick", "hostile/sparc/error_mode",
    "hostile/arm/unmapped", "hostile/x86/device_stack", "hostile/x86/triple_fault",
])
def test_kernels_run_and_end_as_on_the_bare_machine(guest: str) -> None:
    board = BOARDS[guest.split("/")[-2]]
    seen = machine(board, guest)
    virtualize(seen, "assist", controls=everything(seen))
    assert watch(seen) == bare(board, guest)


def in_a_class(architecture: str, instruction: Instruction) -> bool:
    code = instruction.code
    if architecture == "x86":
        code = code.lstrip(PREFIXES)
    return any(
        fits(pattern, code, instruction.thumb, architecture == "sparc")
        for patterns in CLASSES[architecture].values() for pattern in patterns
    )


def test_a_semihosting_call_exits_where_it_stands_also_before_any_trap() -> None:
    """It is the debugger's, and is not among the traps that the processor remembers."""
    guest, exits = machine("virt", "hostile/arm/middle"), []
    kinds = guest.processor.trap_kinds()

    def handler(block: ControlBlock) -> Action:
        assert block.exit is not None
        exits.append(block.exit)
        return Action.RESUME

    virtualize(guest, "assist", handler=handler,
               controls=Controls.named("arm", kinds, ["semihosting"]))
    assert watch(guest) == bare("virt", "hostile/arm/middle")
    (call,) = exits
    assert (call.reason, call.what) == (Reason.TRAP, "semihosting")
    assert read_virtual(guest, call.pc - 4, 4) == (0xEF123456).to_bytes(4, "little")
    assert call.qualification["info"] == 0x11 << 26 | 1 << 25 | 0x3456
    assert call.qualification["status"] & 0x1F == 0x13


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_every_instruction_that_is_found_sensitive_can_be_intercepted(architecture: str) -> None:
    verdicts = classify(architecture).verdicts
    missed = [v.instruction.name for v in verdicts
              if v.sensitive and not in_a_class(architecture, v.instruction)]
    assert missed == []
    ordinary = [v.instruction.name for v in verdicts
                if not v.instruction.system and in_a_class(architecture, v.instruction)]
    assert ordinary == []


# -- what a handler can do, on a LEON3 with a few instructions ---------------------------

RAM, TABLE = 0x40000000, 0x40004000
NOP, RD_PSR, TA_0x70 = 0x01000000, 0x83480000, 0x91D02070  # rd %psr, %g1
INC_G2, BA_SELF, ST_G2 = 0x8400A001, 0x10800000, 0xC420C000  # st %g2, [%g3]
POWER_DOWN = 0xA7800000  # wr %g0, %asr19


def leon3(code: list[int], controls: Controls, handler) -> tuple[Machine, Monitor]:
    """A machine in supervisor state with this code; traps go to TABLE and stay there."""
    made = create(Options(board="leon3", bare=True))
    words = b"".join(word.to_bytes(4, "big") for word in code)
    made.load_bytes(RAM, words, "code")
    loop = b"".join(word.to_bytes(4, "big") for word in (BA_SELF, NOP, NOP, NOP))
    made.load_bytes(TABLE, 256 * loop, "trap table")
    registers = made.processor.registers
    registers["psr"], registers["tbr"] = 0xE0, TABLE
    monitor = virtualize(made, "assist", controls=controls, handler=handler)
    assert isinstance(monitor, Monitor)
    made.processor.set_pc(RAM)
    return made, monitor


def ledger(guest: Machine) -> list[tuple[int, int, int]]:
    return [(count, kind, pc) for count, kind, pc, _, _ in guest.engine.recent_traps()]


def test_a_handler_emulates_an_instruction_that_does_not_trap() -> None:
    def handler(block: ControlBlock) -> Action:
        assert block.exit is not None
        assert block.exit[:4] == (Reason.INSTRUCTION, "state registers", RAM + 4, 1)
        guest = block.guest
        guest["g1"] = 0x12345678
        guest["pc"], guest["npc"] = guest["npc"], guest["npc"] + 4
        return Action.DONE

    guest, _ = leon3([INC_G2, RD_PSR, INC_G2, BA_SELF, NOP],
                     Controls(instructions=frozenset({"state registers"})), handler)
    guest.step(3)
    registers = guest.processor.registers
    assert (registers["g1"], registers["g2"], registers["pc"]) == (0x12345678, 2, RAM + 12)


def test_an_injected_event_is_a_trap_of_the_guests_and_no_exit() -> None:
    def handler(block: ControlBlock) -> Action:
        block.event = Event(0x15)
        return Action.RESUME

    everything_traps = frozenset(range(256)) & SparcProcessor().trap_kinds().keys()
    controls = Controls(everything_traps, frozenset({"state registers"}))
    guest, monitor = leon3([INC_G2, RD_PSR, BA_SELF, NOP], controls, handler)
    guest.step(3)
    registers = guest.processor.registers
    assert ledger(guest) == [(1, 0x15, RAM + 4)]
    assert (registers["l1"], registers["l2"]) == (RAM + 4, RAM + 8)
    assert registers["tbr"] == TABLE | 0x150 and not registers["psr"] & 0x20
    assert monitor.block.exits == {(Reason.INSTRUCTION, "state registers"): 1}


def test_another_trap_can_take_the_place_of_an_intercepted_one() -> None:
    def handler(block: ControlBlock) -> Action:
        block.event = Event(0x02)
        return Action.RESUME

    guest, _ = leon3([NOP, 0, BA_SELF, NOP], Controls(frozenset({0x02})), handler)  # unimp
    guest.step(3)
    assert [kind for _, kind, _ in ledger(guest)] == [0x02, 0x02]
    assert guest.processor.registers["tbr"] == TABLE | 0x20


def test_a_call_of_the_monitor_is_answered() -> None:
    def handler(block: ControlBlock) -> Action:
        assert block.exit is not None and block.exit.reason is Reason.CALL
        assert block.exit.qualification["kind"] == 0xF0
        guest = block.guest
        guest["o0"] = guest["g1"] + 1
        guest["pc"], guest["npc"] = guest["npc"], guest["npc"] + 4
        return Action.DONE

    guest, _ = leon3([0x82102029, TA_0x70, INC_G2, BA_SELF, NOP],  # mov 41, %g1
                     Controls(frozenset({0xF0})), handler)
    guest.step(3)
    assert guest.processor.registers["o0"] == 42
    assert guest.processor.registers["g2"] == 1


def test_a_handler_stops_the_run_and_it_goes_on_with_the_instruction() -> None:
    guest, monitor = leon3([INC_G2, RD_PSR, INC_G2, BA_SELF, NOP],
                           Controls(instructions=frozenset({"state registers"})),
                           lambda block: Action.STOP)
    outcome = guest.run()
    assert outcome == Outcome.stopped(f"instruction: state registers at {RAM + 4:#x}")
    guest.step(2)
    assert guest.processor.registers["g2"] == 2
    assert monitor.counters.total == 1


@pytest.mark.parametrize("event", [None, Event(0x15)])
def test_a_run_that_stops_at_a_halt_goes_on_with_it(event: Event | None) -> None:
    """Unless an event was injected: that ends it."""
    def handler(block: ControlBlock) -> Action:
        block.event = event
        return Action.STOP

    guest, monitor = leon3([POWER_DOWN, BA_SELF, NOP], Controls(halt=True), handler)
    assert guest.run() == Outcome.stopped(f"halt: halt at {RAM + 4:#x}")
    assert monitor.counters.total == 1
    outcome = guest.step(2)
    if event is None:
        assert outcome.text == "halted, and nothing can wake the processor"
        assert (guest.engine.count, ledger(guest)) == (1, [])
    else:
        assert guest.engine.count == 3
        assert ledger(guest) == [(1, 0x15, RAM + 4)]


def test_a_page_that_the_second_stage_does_not_give_is_not_there() -> None:
    seen = []

    def handler(block: ControlBlock) -> Action:
        seen.append((block.exit.reason, block.exit.what, dict(block.exit.qualification)))
        return Action.RESUME

    guest, monitor = leon3([INC_G2, ST_G2, BA_SELF, NOP], Controls(), handler)
    guest.processor.registers["g3"] = RAM + 0x8000
    assert isinstance(monitor.memory, nested.Policy)
    monitor.memory.backing = False
    monitor.memory.allow(RAM, 0x8000, nested.EVERYTHING)
    monitor.memory.allow(RAM + 0x8000, 4, nested.READ)
    guest.step(3)
    assert seen == [(Reason.SECOND_STAGE, "store", {"address": RAM + 0x8000, "access": 1})]
    assert [kind for _, kind, _ in ledger(guest)] == [0x2B]
    assert guest.bus.read_memory(RAM + 0x8000, 4) == bytes(4)


def test_a_violation_can_stop_the_run_before_the_instruction() -> None:
    controls = Controls(second_stage=True)
    guest, _ = leon3([INC_G2, ST_G2, BA_SELF, NOP], controls, lambda block: (
        Action.STOP if block.exit.what == "store" else Action.RESUME))
    guest.processor.registers["g3"] = RAM + 0x8000
    outcome = guest.run()
    assert "second stage: store" in outcome.text
    assert (guest.processor.pc, guest.engine.count) == (RAM + 4, 1)


def test_hyp_mode_is_real_and_its_traps_are_exits_too() -> None:
    def made() -> Machine:
        return create(Options(board="virt", properties={"virtualization": "on"},
                              kernel=GUESTS / "arm" / "hyp.elf"))

    classes: Counter[int] = Counter()

    def handler(block: ControlBlock) -> Action:
        assert block.exit is not None
        if block.exit.qualification.get("level") == 2:
            classes[block.exit.qualification["info"] >> 26] += 1
        return Action.RESUME

    guest = made()
    virtualize(guest, "assist", controls=everything(guest), handler=handler)
    assert watch(guest) == watch(made())
    wfi, cp15, hvc = 0x01, 0x03, 0x12  # HSR.EC: trapped by HCR.TWI, TVM and others; HVC
    assert classes[wfi] == 1 and classes[cp15] > 5 and classes[hvc] > 20


def test_an_assisted_machine_goes_back_to_a_snapshot() -> None:
    guest = machine("leon3", "sparc/traps")
    virtualize(guest, "assist", controls=everything(guest))
    console = bytearray()
    guest.console.sinks.append(console.extend)
    guest.run(until=200_000)
    taken, printed = snapshot.take(guest), len(console)
    guest.run(until=400_000)
    registers, text = guest.processor.registers.snapshot(), bytes(console)
    snapshot.restore(guest, taken)
    del console[printed:]
    guest.run(until=400_000)
    assert (guest.processor.registers.snapshot(), bytes(console)) == (registers, text)
    guest.run()
    assert guest.engine.count == bare("leon3", "sparc/traps").instructions


# -- one level of nesting: the guest is a monitor itself -------------------------------------


def test_a_monitor_runs_its_own_guest_under_assist_as_on_the_bare_machine() -> None:
    guest = machine("leon3", "sparc/nested")
    monitor = virtualize(guest, "assist", controls=everything(guest))
    seen = watch(guest)
    assert seen == bare("leon3", "sparc/nested")
    assert seen.console.endswith(b"the same: yes\n")
    # The inner kernel in user mode: its monitor emulates what traps there.
    assert monitor.block.exits[Reason.TRAP, "privileged_instruction"] > 250


def test_a_monitor_in_a_monitor_by_traps_alone() -> None:
    # Popek and Goldberg's theorem 2: what can be virtualized so can be so recursively.
    seen, monitor = virtual("leon3", "sparc/nested", "trap_and_emulate")
    assert seen == bare("leon3", "sparc/nested")
    assert monitor.counters.reflected[0x03] > 250  # to the guest that is a monitor


@pytest.mark.parametrize(
    ("policy", "controls", "named"),
    [("lazy", Controls(), "nested"), (None, Controls(frozenset({999})), "999"),
     (None, Controls(instructions=frozenset({"flags"})), "flags")],
)
def test_what_does_not_fit_is_refused(policy, controls, named) -> None:
    guest = machine("leon3", "sparc/hello")
    with pytest.raises(MonitorError, match=named):
        virtualize(guest, "assist", policy, controls=controls)


# -- events on the other processors ----------------------------------------------------------


def test_an_interrupt_is_injected_into_an_arm_guest() -> None:
    guest = create(Options(board="virt", bare=True))
    base, vectors = 0x40000000, 0x40001000
    words = [0xE10F0000, 0xEAFFFFFE]  # mrs r0, cpsr; b .
    guest.load_bytes(base, b"".join(word.to_bytes(4, "little") for word in words), "code")
    guest.load_bytes(vectors, 8 * (0xEAFFFFFE).to_bytes(4, "little"), "vectors")
    registers = guest.processor.registers
    registers["cpsr"], registers["vbar"] = 0x113, vectors

    def handler(block: ControlBlock) -> Action:
        block.event = Event(5)  # IRQ
        return Action.RESUME

    virtualize(guest, "assist", controls=Controls(instructions=frozenset({"status"})),
               handler=handler)
    guest.processor.set_pc(base)
    guest.step(2)
    assert registers["pc"] == vectors + 0x18
    assert (registers["lr_irq"], registers["spsr_irq"]) == (base + 4, 0x113)
    assert registers["cpsr"] & 0x9F == 0x92
    assert [kind for _, kind, _ in ledger(guest)] == [5]


def test_a_fault_with_its_error_code_is_injected_into_an_x86_guest() -> None:
    guest = machine("pc", "x86/traps")
    injected = []

    def handler(block: ControlBlock) -> Action:
        if not injected and block.guest["idtr.base"] > 0x1000:
            injected.append(block.guest["eip"])
            block.event = Event(13, 0x1238)
            return Action.RESUME
        if injected and len(injected) == 1:
            injected.append(block.guest["esp"])
            return Action.STOP
        return Action.RESUME

    virtualize(guest, "assist", handler=handler, controls=Controls(
        instructions=frozenset({"control registers", "segments", "flags", "far transfers"})))
    guest.run()
    registers = guest.processor.registers
    kind, pc = ledger(guest)[-1][1:]
    assert (kind, pc) == (13, injected[0])
    stack = read_virtual(guest, registers["esp"], 64) or b""
    pushed = (0x1238).to_bytes(4, "little") + injected[0].to_bytes(4, "little")
    assert pushed in stack
