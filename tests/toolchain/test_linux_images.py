# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make linux` is made of: the archive of the first file system, modules, the fetching."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
ARCHIVE_HEADER = 110  # bytes


def tool(name: str) -> ModuleType:
    """A module of toolchain/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, TOP / "toolchain" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def entries(data: bytes) -> dict[str, tuple[int, bytes, tuple[int, int]]]:
    """An archive read by the format's description: mode, content and device by path."""
    found, at = {}, 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + i * 8 : at + 14 + i * 8], 16) for i in range(13)]
        name_end = at + ARCHIVE_HEADER + fields[11]
        name = data[at + ARCHIVE_HEADER : name_end - 1].decode()
        begin = (name_end + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], data[begin : begin + fields[6]], (fields[9], fields[10]))
        at = (begin + fields[6] + 3) & ~3


def test_an_archive_holds_folders_before_files_and_is_the_same_each_time() -> None:
    def make() -> bytes:
        archive = tool("cpio").Archive()
        archive.file("bin/tool", b"12345", 0o755)
        archive.link("sbin/other", "/bin/tool")
        archive.character_device("dev/null", 1, 3)
        return bytes(archive.finish())

    assert make() == make()
    read = entries(make())
    assert list(read) == ["bin", "bin/tool", "sbin", "sbin/other", "dev", "dev/null"]
    assert read["bin"] == (0o040755, b"", (0, 0))
    assert read["bin/tool"] == (0o100755, b"12345", (0, 0))
    assert read["sbin/other"] == (0o120777, b"/bin/tool", (0, 0))
    assert read["dev/null"] == (0o020666, b"", (1, 3))


def kernel_package(root: Path, said: dict[str, list[str]], built_in: str) -> None:
    """An unpacked kernel package whose modules say what is given."""
    folder = root / "lib" / "modules" / "6.1.0-test"
    (folder / "kernel").mkdir(parents=True)
    (folder / "modules.builtin").write_text(built_in)
    for name, texts in said.items():
        source = root / "module.c"
        content = "".join(f"{text}\\0" for text in texts)
        source.write_text(
            f'__attribute__((section(".modinfo"))) const char info[] = "{content}";')
        subprocess.run(["gcc", "-c", source, "-o", folder / "kernel" / f"{name}.ko"], check=True)


def test_what_a_module_needs_comes_before_it(tmp_path: Path) -> None:
    kernel_package(tmp_path, {
        "disk": ["license=GPL", "depends=bus,ring", "alias=virtio:d00000002v*"],
        "ring": ["depends="],
        "bus-one": ["depends="],
        "bus": ["depends=ring,core,bus-one"],
    }, "kernel/core.ko\n")
    modules = tool("kernel_modules").Modules(tmp_path)
    assert modules.release == "6.1.0-test"
    order = modules.closure(["disk", "core"])
    assert order == ["ring", "bus_one", "bus", "disk"]
    assert modules.aliases(order) == "alias virtio:d00000002v* disk\n"
    assert "kernel/disk.ko: kernel/bus.ko kernel/bus-one.ko kernel/ring.ko\n" in (
        modules.dependencies(order))
    with pytest.raises(ValueError, match="has no module floppy"):
        modules.closure(["floppy"])


def test_without_a_network_one_line_says_so(tmp_path: Path) -> None:
    apt = tmp_path / "bin" / "apt-get"
    apt.parent.mkdir()
    apt.write_text("#!/bin/sh\necho 'E: Temporary failure resolving host' >&2\nexit 100\n")
    apt.chmod(0o755)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from debian import Archive, FetchError\nfrom pathlib import Path\n"
        "try: Archive('armhf', Path(sys.argv[2])).unpack(['hello'], Path(sys.argv[2]) / 'root')\n"
        "except FetchError as error: print(error)\n")
    done = subprocess.run(
        [sys.executable, "-c", program, TOP / "toolchain", tmp_path], text=True,
        capture_output=True, check=True,
        env={**os.environ, "PATH": f"{apt.parent}:{os.environ['PATH']}"})
    assert done.stdout == (
        "Debian's archive for armhf cannot be read (is there a network?): "
        "Temporary failure resolving host\n")
