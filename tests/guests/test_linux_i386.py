# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Linux for i386 on the pc board, bare and with its kernel in user mode; `make linux`."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from vmm import Machine, monitor
from vmm.machine.outcome import Ending
from vmm.state import snapshot

IMAGES = Path(__file__).resolve().parent.parent.parent / "build" / "linux" / "i386"
KERNEL, INITRD = IMAGES / "vmlinuz", IMAGES / "initrd"
PROMPT = "# "
LEVELS = "dmesg -r | grep '^<[0-4]>'"  # emergency to warning
TIME = re.compile(r"^<\d>\[ *[\d.]+\] ")


def machine(append: str, **options: object) -> Machine:
    """A board with the kernel; ``append`` follows the console on its command line."""
    return Machine("pc", kernel=KERNEL, initrd=INITRD, ram="256M",  # type: ignore[arg-type]
                   append=f"console=ttyS0 {append}", **options)


def ask(m: Machine, command: str) -> str:
    """What a command prints in the guest's shell."""
    m.type(f"{command}\n")
    m.run(until="\n", timeout=10)
    before = len(m.output)
    m.run(until=PROMPT, timeout=60)
    return m.output[before:].rsplit("\n", 1)[0].replace("\r", "")


def warnings(log: str) -> set[str]:
    """The texts of a kernel log's lines."""
    return {TIME.sub("", line.strip()) for line in log.splitlines() if TIME.match(line)}


def on_qemu(command: str) -> str:
    """What QEMU prints when it boots the same files and the guest does this."""
    done = subprocess.run(
        ["qemu-system-i386", "-M", "pc", "-m", "256", "-no-reboot", "-nographic", "-nodefaults",
         "-serial", "stdio", "-kernel", KERNEL, "-initrd", INITRD,
         "-append", f'console=ttyS0 quiet run="{command}"'],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout


def interrupts(text: str, name: str) -> int:
    """The count of a line of /proc/interrupts."""
    found = re.search(rf"(\d+) .*{name}", text)
    assert found is not None, text
    return int(found[1])


def finish(m: Machine) -> tuple[str, int, str]:
    """What the guest prints until it has turned itself off, when, and why it ended."""
    m.type("sleep 1; cat /proc/interrupts; poweroff -f\n")
    outcome = m.run(timeout=10)
    assert (outcome.ending, outcome.status) == (Ending.EXIT, 0), outcome
    return m.output[m.output.index("sleep 1"):], m.machine.engine.count, outcome.text


def test_linux_boots_to_a_shell_with_apics_and_acpi(tmp_path: Path) -> None:
    with machine("") as m:
        m.run(until="userland:", timeout=30)
        m.run(until=PROMPT, timeout=5)
        booted = m.snapshot()
        snapshot.save(booted.state, tmp_path / "booted.vmmsnap")
        ended = finish(m)
        assert ended[2] == "the guest turned the machine off (ACPI)"
        with Machine.reopen(tmp_path / "booted.vmmsnap") as again:
            assert finish(again) == ended
        m.restore(booted)
        counts = ask(m, "cat /proc/interrupts")
        assert re.search(r"IO-APIC +2-edge +timer", counts)
        assert ask(m, "sleep 1; echo $((6 * 7))") == "42"
        later = ask(m, "cat /proc/interrupts")
        ticks = [interrupts(text, "Local timer") for text in (counts, later)]
        assert 240 < ticks[1] - ticks[0] < 300  # 250 a second
        assert interrupts(later, "ttyS0") > interrupts(counts, "ttyS0")
        assert re.search(r"ERR: +0\b", later)
        assert warnings(ask(m, LEVELS)) <= warnings(on_qemu(f"{LEVELS}; reboot -f"))
        zeros = ask(m, "head -c 4194304 /dev/zero >/tmp/f; sha256sum /tmp/f")
        assert zeros.split()[0] == hashlib.sha256(bytes(4 << 20)).hexdigest()


def test_its_kernel_in_user_mode_is_the_same_run() -> None:
    """With neither, bare and translated: every trap at the same instruction, the same console."""
    runs = []
    for technique in (None, "translate"):
        with machine('acpi=off noapic nolapic reboot=pci quiet '
                     'run="cat /proc/interrupts; reboot -f"', ledger=True) as m:
            if technique is not None:
                monitor.virtualize(m.machine, technique)
            outcome = m.run(timeout=30)
            assert outcome.text == "the guest asked for a reset (port 0xcf9)", m.output
            assert re.search(r"XT-PIC +timer", m.output)
            runs.append((m.output, m.machine.engine.count, list(m.ledger)))
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("size", "complaint"), [
    (0x220, "cut short: the setup header"), (100_000, "cut short: 100000 bytes"),
])
def test_a_kernel_that_is_cut_short_is_refused(size: int, complaint: str, tmp_path: Path) -> None:
    cut = tmp_path / "vmlinuz"
    cut.write_bytes(KERNEL.read_bytes()[:size])
    with pytest.raises(ValueError, match=complaint):
        Machine("pc", kernel=cut)


def test_a_corrupt_kernel_says_so_itself(tmp_path: Path) -> None:
    data = bytearray(KERNEL.read_bytes())
    data[len(data) // 2] ^= 0x40
    broken = tmp_path / "vmlinuz"
    broken.write_bytes(data)
    with Machine("pc", kernel=broken, ram="256M", append="earlyprintk=ttyS0") as m:
        outcome = m.run(timeout=30)
        assert "halted" in outcome.text
        assert "System halted" in m.output
