# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Linux for one guest architecture, and a first root file system for it.

    python toolchain/linux.py ARCH FOLDER     ARCH: arm, i386

leaves `vmlinuz` and `initrd` in FOLDER.  Nothing is built from source: kernel,
modules, busybox and mke2fs are those of Debian's packages (`debian.py`); ours are the scripts in
`guests/linux`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from cpio import Archive as Cpio
from debian import Archive, FetchError
from elftools.elf.elffile import ELFFile
from kernel_modules import Modules

TOP = Path(__file__).resolve().parent.parent
SCRIPTS = TOP / "guests" / "linux"
# Drivers of the boards' devices, the file system of the tests; what each needs comes with it.
MODULES = [
    "virtio_mmio", "virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng",
    "virtio_balloon", "ext4", "crc32c_generic",
]
FILE_SYSTEM_PACKAGES = [
    "e2fsprogs", "libext2fs2", "libblkid1", "libuuid1", "libcom-err2", "libc6", "libgcc-s1",
]
CONSOLE, NULL = (5, 1), (1, 3)  # device numbers, major and minor


@dataclass(frozen=True)
class Target:
    """What a guest architecture is called in Debian."""

    architecture: str
    kernel: str
    triplet: str


TARGETS = {
    "arm": Target("armhf", "linux-image-armmp", "arm-linux-gnueabihf"),
    "i386": Target("i386", "linux-image-686", "i386-linux-gnu"),
}


def build(name: str, folder: Path) -> None:
    """Fetch what is missing and write the files of one architecture."""
    target = TARGETS[name]
    archive = Archive(target.architecture, TOP / "build" / "debian" / name)
    archive.folder.mkdir(parents=True, exist_ok=True)
    flavour = target.kernel.removeprefix("linux-image-")
    kernel = archive.newest(target.kernel, rf"linux-image-\d\S*-{flavour}")
    root = archive.folder / "root"
    archive.unpack([kernel, "busybox-static", *FILE_SYSTEM_PACKAGES], root)
    modules = Modules(root)
    folder.mkdir(parents=True, exist_ok=True)
    kernel_file = root / "boot" / f"vmlinuz-{modules.release}"
    (folder / "vmlinuz").write_bytes(kernel_file.read_bytes())
    (folder / "initrd").write_bytes(initrd(root, modules, target.triplet))


def initrd(root: Path, modules: Modules, triplet: str) -> bytes:
    """The archive that the kernel unpacks and whose `/init` it runs."""
    cpio = Cpio()
    for directory in ("dev", "proc", "sys", "tmp", "mnt", "run", "root"):
        cpio.directory(directory)
    cpio.character_device("dev/console", *CONSOLE)
    cpio.character_device("dev/null", *NULL)
    cpio.file("init", (SCRIPTS / "init").read_bytes(), 0o755)
    cpio.file("etc/udhcpc/default.script", (SCRIPTS / "udhcpc").read_bytes(), 0o755)
    cpio.file("bin/busybox", (root / "bin" / "busybox").read_bytes(), 0o755)
    cpio.link("bin/sh", "busybox")  # its other names are made by /init
    for directory in ("sbin", "usr/bin", "usr/sbin"):
        cpio.directory(directory)
    names = modules.closure(MODULES)
    folder = f"lib/modules/{modules.release}"
    for module in names:
        cpio.file(f"{folder}/{modules.path(module)}", modules.content(module))
    cpio.file(f"{folder}/modules.dep", modules.dependencies(names).encode())
    cpio.file(f"{folder}/modules.alias", modules.aliases(names).encode())
    cpio.file("etc/filesystems", b"ext4\n")  # what mount tries where no type is given
    cpio.file("etc/mke2fs.conf", (root / "etc" / "mke2fs.conf").read_bytes())
    program = root / "sbin" / "mke2fs"
    cpio.file("sbin/mkfs.ext4", program.read_bytes(), 0o755)
    for path, content in libraries(root, program, triplet).items():
        cpio.file(path, content, 0o755)
    return cpio.finish()


def libraries(root: Path, program: Path, triplet: str) -> dict[str, bytes]:
    """The dynamic loader and shared libraries that a program needs, by their paths."""
    with program.open("rb") as file:
        interpreter = ELFFile(file).get_section_by_name(".interp").data().rstrip(b"\0").decode()
    found = {interpreter.lstrip("/"): _beside(root, triplet, Path(interpreter).name).read_bytes()}
    waiting = [program]
    while waiting:
        with waiting.pop().open("rb") as file:
            tags = ELFFile(file).get_section_by_name(".dynamic").iter_tags()
            needed = [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
        for library in needed:
            path = f"lib/{triplet}/{library}"
            if path not in found and library != Path(interpreter).name:
                waiting.append(_beside(root, triplet, library))
                found[path] = waiting[-1].read_bytes()
    return dict(sorted(found.items()))


def _beside(root: Path, triplet: str, library: str) -> Path:
    for folder in (root / "lib" / triplet, root / "usr" / "lib" / triplet):
        if (folder / library).exists():
            return folder / library
    raise FetchError(f"none of the packages has {library}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: linux.py ARCH FOLDER   (ARCH: {', '.join(TARGETS)})")
    try:
        build(sys.argv[1], Path(sys.argv[2]))
    except (FetchError, ValueError) as error:
        sys.exit(f"vmm: error: {error}")
