# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypercalls of a LEON3 guest: `ta 0x70`, direct entry, and the register windows.

The contract is in guests/runtime/hypercall.h.  With direct entry WIM and CWP
are the monitor's: it spills and fills windows as the manual's window handlers
do (SPARC V8, appendix D.2.1), but for windows of user stacks of which the
kernel has not said that they are there.

The native layer does all this by itself, and the calls that need no memory policy
(vmm/native/src/para_sparc.c); what comes here is what it could not do, or all of it with
``native`` off.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from vmm.cpu.sparc.registers import CWP, INTERRUPT_INDEX, NPC, PC, REGBASE, WIM, WINDOWS
from vmm.cpu.sparc.traps import PSR_CWP, PSR_ET, PSR_PS, PSR_S
from vmm.monitor import para
from vmm.monitor.sparc.monitor import Monitor
from vmm.monitor.sparc.processor import FAULT_ADDRESS, FAULT_STATUS
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.para import Hypervisor

CALL = 0xF0  # ta 0x70
WINDOW_OVERFLOW, WINDOW_UNDERFLOW = 0x05, 0x06
ACCESSES = (0x01, 0x09)  # traps of the MMU
PSR_EF, PSR_PIL, PSR_ICC = 1 << 12, 0xF00, 0xF << 20
HARD = 2  # interrupt request bit
G1, O0, O1, SP, L0, FP = 1, 8, 9, 14, 16, 30
WINDOW = Struct(">16I")  # locals and ins, as memory has them
LOW, ROOM, NEXT, ELEMENT = 0, 4, 8, 72  # struct hyper_spill; bytes of an element


class Calls:
    """The LEON3's part of the hypercalls."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        monitor = hypervisor.monitor
        assert isinstance(monitor, Monitor)
        self._hypervisor = hypervisor
        self._monitor = monitor
        self._processor = monitor.processor
        self._vcpu = monitor.processor.vcpu
        self._words = monitor.words
        self._memory = hypervisor.memory
        self._shared = native.vcpu_words(self._vcpu)
        self._shared[native.PARA_CALLS] = int(hypervisor.native)
        self.own: dict[int, Callable[[int, int], int | None]] = {
            para.RETURN: lambda a, b: self._return(),
            para.WINDOWS: lambda a, b: self._spill_all(),
        }
        self._interrupt = monitor.handlers[native.KIND_VIRTUAL_INTERRUPT]
        monitor.handlers[native.KIND_VIRTUAL_INTERRUPT] = self._interrupted
        monitor.handlers[CALL] = self._call
        monitor.handlers[WINDOW_OVERFLOW] = monitor.handlers[WINDOW_UNDERFLOW] = self._window
        self._processor.direct = self.enter

    # -- exits ------------------------------------------------------------------------

    def _call(self, kind: int) -> int:
        if not self._vcpu.kernel:
            return self._monitor.trap(kind)
        monitor, words = self._monitor, self._words
        words[PC] = npc = words[NPC]
        words[NPC] = npc + 4
        result = self._hypervisor.call(monitor.get(G1), monitor.get(O0), monitor.get(O1))
        if result is not None:
            monitor.put(O0, result)
        self._hypervisor.settle()
        return native.HANDLED

    def _interrupted(self, kind: int) -> int:
        if not self._processor.enters_directly:
            return self._interrupt(kind)
        if self._hypervisor.holds():
            return native.HANDLED
        trap = int(self._words[INTERRUPT_INDEX])
        action = self._monitor.trap(trap)
        if action != native.STOP:
            self._processor.on_acknowledge(trap & 15)
        return action

    def _window(self, kind: int) -> int:
        """SAVE or RESTORE has met the invalid window."""
        if not self._processor.enters_directly:
            return self._monitor.trap(kind)
        if self._overflow() if kind == WINDOW_OVERFLOW else self._underflow():
            return native.HANDLED
        return self._monitor.trap(kind)

    def enter(self, kind: int) -> None:
        """Direct entry of a trap."""
        words, monitor = self._words, self._monitor
        kernel = self._vcpu.kernel
        pil = 0 if self._hypervisor.close() else PSR_PIL
        psr = self._processor.get_psr() & ~(PSR_PIL | PSR_PS | PSR_CWP)
        window = (words[CWP] - 1) % WINDOWS
        if words[WIM] >> window & 1:
            self._spill_oldest()
        if not kernel:
            self._vcpu.user_window = words[CWP] + 1
        self._processor.put_psr(psr | PSR_S | PSR_ET | window)
        seen = psr & ~PSR_ET | PSR_S | (PSR_PS if kernel else 0) | pil
        for index, value in enumerate((seen, words[PC], words[NPC], kind)):
            monitor.put(L0 + index, value)
        if kind in ACCESSES:
            status = self._processor.mmu
            self._hypervisor.put(para.FAULT_STATUS, status[FAULT_STATUS])
            self._hypervisor.put(para.FAULT_ADDRESS, status[FAULT_ADDRESS])
            status[FAULT_STATUS] = 0
        words[PC] = entry = self._shared[native.PARA_TRAPS]
        words[NPC] = entry + 4
        self._hypervisor.settle()

    # -- what the hypervisor asks -------------------------------------------------------

    def traps(self, where: int) -> bool:
        if where % 4 or not where:
            return False
        self._shared[native.PARA_TRAPS] = where
        self._processor.put_psr(self._processor.get_psr() & ~PSR_PIL | PSR_ET)
        return True

    def space(self, root: int, tag: int) -> None:
        self._processor.registers["mmu.context"] = tag & 0xFF

    def fpu(self, on: bool) -> None:
        psr = self._processor.get_psr()
        self._processor.put_psr(psr | PSR_EF if on else psr & ~PSR_EF)

    def let_in(self, on: bool) -> None:
        enabled = self._processor.get_psr() & PSR_ET
        self._vcpu.open = HARD if on and enabled else 0

    def _return(self) -> None:
        """To user mode, or to the kernel that an interrupt was taken from."""
        words, monitor = self._words, self._monitor
        psr, pc, npc, g1, sp = (monitor.get(L0 + index) for index in range(5))
        window = (words[CWP] + 1) % WINDOWS
        if words[WIM] >> window & 1:
            self._fill(window, monitor.get(FP))
        monitor.put(FP, sp)
        monitor.put(G1, g1)
        words[PC], words[NPC] = pc, npc
        mine = self._processor.get_psr() & ~(PSR_ICC | PSR_S | PSR_PS | PSR_CWP)
        mode = PSR_S if psr & PSR_PS else 0
        self._processor.put_psr(mine | psr & PSR_ICC | mode | window)
        self._hypervisor.open(not psr & PSR_PIL)

    # -- register windows -----------------------------------------------------------------

    def _sp(self, window: int) -> int:
        """A window's %sp.  The first window's outs are kept apart while the last is in use."""
        apart = window == 0 and self._words[CWP] == WINDOWS - 1
        return int(self._words[REGBASE + 16 * (WINDOWS if apart else window) + SP - O0])

    def _kept(self, window: int) -> list[slice]:
        """Where a window's locals and ins are."""
        start = REGBASE + 16 * window + L0 - O0
        if window == WINDOWS - 1 != self._words[CWP]:
            return [slice(start, start + 8), slice(REGBASE, REGBASE + 8)]
        return [slice(start, start + 16)]

    def _invalid(self) -> int:
        return (int(self._words[WIM]) & -int(self._words[WIM])).bit_length() - 1

    def _spill_all(self) -> int:
        while self._invalid() != (self._words[CWP] + 1) % WINDOWS:
            self._spill_oldest()
        return para.DONE

    def _overflow(self) -> bool:
        """Whether SAVE can be done again at once."""
        to_stack = self._spill_oldest()
        return to_stack or bool(self._vcpu.kernel)

    def _spill_oldest(self) -> bool:
        """Write the oldest window to memory: it is the invalid one now.  Whether to its stack."""
        oldest = (self._invalid() - 1) % WINDOWS
        sp = self._sp(oldest)
        users = not self._vcpu.kernel or self._vcpu.user_window
        if self._vcpu.user_window == oldest + 1:
            self._vcpu.user_window = 0
        to_stack = not users or self._reachable(sp)
        area = self._hypervisor.get(para.SPILL)
        registers = [word for part in self._kept(oldest) for word in self._words[part]]
        if to_stack:
            self._hypervisor.write(sp, WINDOW.pack(*registers))
        else:
            where = self._area(area, NEXT)
            self._monitor.machine.bus.write_ram(where, WINDOW.pack(*registers) + sp.to_bytes(4))
            self._memory.store(area + NEXT, 4, where + ELEMENT)
        self._words[WIM] = 1 << oldest
        return to_stack

    def _underflow(self) -> bool:
        """Whether RESTORE can be done again at once."""
        sp = self._monitor.get(FP)
        if self._vcpu.kernel or self._reachable(sp):
            self._fill((self._words[CWP] + 1) % WINDOWS, sp)
            return True
        self._hypervisor.put(para.FAULT_ADDRESS, sp)
        return False

    def _fill(self, window: int, sp: int) -> None:
        registers = WINDOW.unpack(self._hypervisor.read(sp, WINDOW.size))
        for part in self._kept(window):
            self._words[part] = registers[: part.stop - part.start]
            registers = registers[part.stop - part.start :]
        self._words[WIM] = 1 << (window + 1) % WINDOWS

    def _area(self, area: int, word: int) -> int:
        return self._memory.load(area + word, 4) or 0

    def _reachable(self, sp: int) -> bool:
        """Whether a user's window at this %sp goes to and comes from its stack."""
        area = self._hypervisor.get(para.SPILL)
        return sp % 8 == 0 and (sp - self._area(area, LOW)) % (1 << 32) <= self._area(area, ROOM)
