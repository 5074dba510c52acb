# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Linux on the virt board, from its boot protocol to a shell; made by `make linux`."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from vmm import Instructions, Machine, monitor
from vmm.machine.outcome import Ending

IMAGES = Path(__file__).resolve().parent.parent.parent / "build" / "linux" / "arm"
KERNEL, INITRD = IMAGES / "vmlinuz", IMAGES / "initrd"
PROMPT = "# "
LEVELS = "dmesg -r | grep '^<[0-4]>'"  # emergency to warning
TIME = re.compile(r"^<\d>\[ *[\d.]+\] ")


def machine(**options: object) -> Machine:
    """A board with the kernel; the options are those of `Machine`."""
    settings = {"kernel": KERNEL, "initrd": INITRD, "ram": "256M", "append": "console=ttyAMA0"}
    return Machine("virt", **{**settings, **options})  # type: ignore[arg-type]


def ask(m: Machine, command: str) -> str:
    """What a command prints in the guest's shell."""
    m.type(f"{command}\n")
    m.run(until="\n", timeout=10)
    before = len(m.output)
    m.run(until=PROMPT, timeout=60)
    return m.output[before:].rsplit("\n", 1)[0].replace("\r", "")


def on_qemu(command: str) -> str:
    """What QEMU prints when it boots the same files and the guest does this."""
    done = subprocess.run(
        ["qemu-system-arm", "-M", "virt,highmem=off", "-cpu", "cortex-a15", "-m", "256",
         "-kernel", KERNEL, "-initrd", INITRD, "-nographic", "-net", "none",
         "-append", f'console=ttyAMA0 quiet run="{command}"'],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout


def warnings(log: str) -> set[str]:
    """The texts of a kernel log's lines."""
    return {TIME.sub("", line.strip()) for line in log.splitlines() if TIME.match(line)}


def test_linux_boots_to_a_shell_reboots_and_powers_off() -> None:
    with machine(reboots=True, properties={"highmem": "off"}) as m:
        m.run(until="userland:", timeout=30)
        m.run(until=PROMPT, timeout=5)
        assert "pci 0000:00:00.0: [1b36:0008] type 00 class 0x060000" in m.output
        assert "psci: PSCIv1.1 detected in firmware." in m.output
        assert "hw-breakpoint: found 5 (+1 reserved) breakpoint and 4 watchpoint" in m.output
        first = int(re.search(r"(\d+) .*arch_timer", ask(m, "cat /proc/interrupts"))[1])
        assert ask(m, "sleep 1; echo $((6 * 7))") == "42"
        assert int(re.search(r"(\d+) .*arch_timer", ask(m, "cat /proc/interrupts"))[1]) > first
        assert warnings(ask(m, LEVELS)) <= warnings(on_qemu(f"{LEVELS}; poweroff -f"))
        zeros = ask(m, "head -c 4194304 /dev/zero >/tmp/f; sha256sum /tmp/f")
        assert zeros.split()[0] == hashlib.sha256(bytes(4 << 20)).hexdigest()
        m.type("reboot -f\n")
        m.run(until="reboot: Restarting system", timeout=5)
        m.run(until="userland:", timeout=30)
        m.run(until=PROMPT, timeout=5)
        assert ask(m, "echo $((6 * 8))") == "48"
        m.type("poweroff -f\n")
        outcome = m.run(timeout=10)
        assert (outcome.ending, outcome.status) == (Ending.EXIT, 0)
        assert "PSCI" in outcome.text


def test_an_initrd_and_a_kernel_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"initrd: its place at 0x40400000 is taken by .*vmlinuz"):
        machine(ram="8M")
    with pytest.raises(ValueError, match="are not all inside this board's memory"):
        machine(ram="12M", initrd=large(tmp_path))
    cut = tmp_path / "cut"
    cut.write_bytes(KERNEL.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="a truncated zImage: 100000 bytes of the"):
        machine(kernel=cut)
    cut.write_bytes(KERNEL.read_bytes()[:0x30])
    with pytest.raises(ValueError, match="a truncated zImage: it ends inside its header"):
        machine(kernel=cut)
    with pytest.raises(ValueError, match="-initrd belongs to a kernel"):
        machine(kernel=None, bios=KERNEL)


def large(folder: Path) -> Path:
    """A file of 16 MiB."""
    file = folder / "large"
    file.write_bytes(bytes(16 << 20))
    return file


WORK = (
    "for j in 1 2 3 4; do (for i in $(seq 12); do echo $j $i | sha256sum; done | md5sum) & done;"
    " wait; grep -c ^processor /proc/cpuinfo; grep -E '(timer|IPI[23])' /proc/interrupts;"
    " echo 0 > /sys/devices/system/cpu/cpu1/online; nproc;"
    " echo 1 > /sys/devices/system/cpu/cpu1/online; nproc; poweroff -f")


def two_processors(pieces: int | None) -> tuple[str, int, str]:
    """Output, instructions and a hash of all traps of a run, in pieces if asked for."""
    with machine(
        processors=2, append=f'console=ttyAMA0 quiet run="{WORK}"', ledger=True
    ) as m:
        while m.outcome is None or m.outcome.ending is Ending.STOPPED:
            m.run(until=None if pieces is None else Instructions(m.count + pieces), timeout=30)
        assert m.outcome.ending is Ending.EXIT, m.outcome
        traps = m.ledger.hash()
        return m.output, m.count, traps


def test_two_processors_share_the_work_and_every_run_is_the_same() -> None:
    output, count, traps = two_processors(None)
    assert "2 processors up" in output
    lines = output.partition("processors up")[2].split("\n")
    sums = [line for line in lines if line.rstrip().endswith("  -")]
    assert len(sums) == 4
    interrupts = [line.split()[1:3] for line in lines if "timer" in line or "IPI" in line]
    assert len(interrupts) == 3  # timer, rescheduling, function call
    assert all(int(first) > 10 and int(second) > 10 for first, second in interrupts)
    online = [line.strip() for line in lines if re.fullmatch(r"\d\r?", line)]
    assert online == ["2", "1", "2"]
    assert two_processors(7_654_321) == (output, count, traps)


def test_its_kernel_in_user_mode_is_the_same_run() -> None:
    """Bare and translated: every trap at the same instruction, the same console."""
    runs = []
    for technique in (None, "translate"):
        with machine(append='console=ttyAMA0 quiet run="cat /proc/interrupts; poweroff -f"',
                     properties={"highmem": "off"}, ledger=True) as m:
            if technique is not None:
                monitor.virtualize(m.machine, technique)
            outcome = m.run(timeout=30)
            assert outcome.text == "the guest powered off (PSCI)", m.output
            assert "arch_timer" in m.output
            runs.append((m.output, m.machine.engine.count, list(m.ledger)))
    assert runs[0] == runs[1]
