# SPDX-License-Identifier: GPL-2.0-or-later
"""Images that cannot be used end the command with one line."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("options, status, line", [
    (("-drive", "file=IMAGE,format=qcow2"), 2, "only raw images"),
    (("-drive", "file=IMAGE"), 125, "looks like a qcow2 image"),
    (("-drive", "file=IMAGE.none"), 125, "no such file"),
    (("-device", "virtio-blk-device"), 2, "no -drive has that id"),
])
def test_one_line_says_what_is_wrong(  # type: ignore[no-untyped-def]
    vmm_command, tmp_path: Path, options: tuple[str, ...], status: int, line: str
) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(b"QFI\xfb" + bytes(508))
    given = [text.replace("IMAGE", str(image)) for text in options]
    done = vmm_command("run", "-M", "virt", "-kernel", image, *given)
    assert done.returncode == status
    error = done.stderr.decode()
    assert line in error and error.count("\n") == 1 and error.startswith("vmm: ")


def test_the_devices_are_listed(vmm_command) -> None:  # type: ignore[no-untyped-def]
    done = vmm_command("run", "-device", "help")
    assert done.returncode == 0 and b"virtio-blk-device" in done.stdout
