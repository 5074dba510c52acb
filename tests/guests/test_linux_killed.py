# SPDX-License-Identifier: GPL-2.0-or-later
"""The VMM is killed while Linux writes: what the guest has flushed is in the image."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from linux_guest import ARM

WRITE = (
    "mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt && i=0;"
    " while :; do i=$((i+1)); echo content $i > /mnt/f$i; sync; echo flushed $i; done"
)
FLUSHED = 40


def tool(name: str) -> str:
    """A program of e2fsprogs, which may be where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or name


def run_until_killed(image: Path) -> int:
    """The number of the last file that the guest knew to be flushed before the VMM died."""
    command = [
        sys.executable, "-m", "vmm", "run", "-M", "virt", "-m", "256",
        "-kernel", ARM.images / "vmlinuz", "-initrd", ARM.images / "initrd",
        "-append", f'console=ttyAMA0 quiet run="{WRITE}"', "-drive", f"file={image},format=raw",
        "--wall-timeout", "200",
    ]
    last = 0
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as vmm:
        assert vmm.stdout is not None
        for line in vmm.stdout:
            word, _, number = line.strip().partition(" ")
            if word == "flushed":
                last = int(number)
            if last == FLUSHED:
                vmm.send_signal(signal.SIGKILL)
                break
        rest = vmm.stdout.read().split()
        assert vmm.wait(timeout=20) == -signal.SIGKILL
    return max([last, *(int(word) for word in rest if word.isdigit())])


def test_every_flushed_write_outlives_the_vmm(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    last = run_until_killed(image)
    assert last >= FLUSHED
    checked = subprocess.run(
        [tool("e2fsck"), "-fy", image], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode in (0, 1), checked.stdout  # nothing, or the journal, to recover
    for number in (1, last // 2, last):
        held = subprocess.run(
            [tool("debugfs"), "-R", f"cat /f{number}", image],
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout
        assert held == f"content {number}\n"
