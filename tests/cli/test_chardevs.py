# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports and chardevs belong together."""

from __future__ import annotations

import pytest

SERIAL = ("-device", "virtio-serial-device")
PORT = (*SERIAL, "-device", "virtserialport,chardev=s")


@pytest.mark.parametrize("options, line", [
    ((*PORT,), "no -chardev has id=s"),
    ((*SERIAL, "-chardev", "null,id=s"), "no device has chardev=s"),
    ((*PORT, "-chardev", "file,id=s"), "path=PATH"),
    ((*PORT, "-chardev", "pty,id=s"), "path=PATH"),
    (("-device", "virtserialport,chardev=s"), "no virtio-serial is before it"),
    ((*PORT, "-device", "virtconsole,chardev=s"), "chardev=s is taken"),
])
def test_one_without_the_other_is_wrong_usage(  # type: ignore[no-untyped-def]
    vmm_command, tmp_path, options: tuple[str, ...], line: str
) -> None:
    kernel = tmp_path / "kernel.bin"
    kernel.write_bytes(bytes.fromhex("feffffea"))
    done = vmm_command("run", "-M", "virt", "-kernel", kernel, *options)
    assert done.returncode == 2
    error = done.stderr.decode()
    assert line in error and error.count("\n") == 1
