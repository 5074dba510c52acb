# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages of a foreign architecture, without touching the host's package system.

apt works in a folder of its own (lists, cache, an empty status file), for one architecture, with
the host's sources and keys: so packages are verified as any other, and neither root nor `dpkg
--add-architecture` is needed.  What was fetched once is kept and serves without network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path


class FetchError(Exception):
    """Why packages could not be had, in one line."""


class Archive:
    """Debian's archive as one architecture sees it; all files are below ``folder``."""

    def __init__(self, architecture: str, folder: Path) -> None:
        self.architecture = architecture
        self.folder = folder.resolve()
        self._updated = False

    def unpack(self, names: list[str], root: Path) -> None:
        """Unpack packages into ``root``, which is made anew; fetch those that are not there."""
        files = [self._cached(name) or self._fetch(name) for name in names]
        shutil.rmtree(root, ignore_errors=True)
        for file in files:
            subprocess.run(["dpkg-deb", "--extract", str(file), str(root)], check=True)

    def newest(self, package: str, pattern: str) -> str:
        """The package fetched before that fits a pattern, or else what ``package`` depends on."""
        for file in sorted(self.folder.glob("*.deb"), reverse=True):
            name = file.name.partition("_")[0]
            if re.fullmatch(pattern, name):
                return name
        self._update()
        shown = self._apt("apt-cache", "show", "--no-all-versions", package).stdout
        for line in shown.splitlines():
            if line.startswith("Depends:"):
                for name in re.split(r"[ ,|]+", line):
                    if re.fullmatch(pattern, name):
                        return name
        raise FetchError(f"Debian's archive has no {package} for {self.architecture}")

    def _cached(self, name: str) -> Path | None:
        return max(self.folder.glob(f"{name}_*.deb"), default=None)

    def _fetch(self, name: str) -> Path:
        self._update()
        arriving = self.folder / "arriving"  # whole and verified before it counts as fetched
        shutil.rmtree(arriving, ignore_errors=True)
        arriving.mkdir()
        done = self._apt("apt-get", "--quiet", "download", name, folder=arriving)
        files = list(arriving.glob("*.deb"))
        if done.returncode or not files:
            raise FetchError(
                f"cannot fetch Debian's {name} for {self.architecture}: {_reason(done.stderr)}")
        return files[0].rename(self.folder / files[0].name)

    def _update(self) -> None:
        """Read the archive's lists, once; an index that fails is an error only if none is left."""
        if self._updated:
            return
        if shutil.which("apt-get") is None:
            raise FetchError("Debian packages are fetched with apt-get, which is not installed")
        for needed in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / needed).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        done = self._apt("apt-get", "--quiet", "update")
        if not any((self.folder / "state/lists").glob("*_Packages*")):
            raise FetchError(
                f"Debian's archive for {self.architecture} cannot be read (is there a network?): "
                + _reason(done.stderr))
        self._updated = True

    def _apt(
        self, program: str, *arguments: str, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        options = {
            "APT::Architecture": self.architecture, "APT::Architectures": self.architecture,
            "Dir::State": self.folder / "state", "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache", "Acquire::Languages": "none",
            "Acquire::Retries": 2, "Acquire::http::Timeout": 20,
        }
        if os.geteuid() == 0:  # apt's own user may not write below a private folder
            options["APT::Sandbox::User"] = "root"
        hooks = [f"#clear {hook};\n" for hook in (
            "APT::Update::Pre-Invoke", "APT::Update::Post-Invoke",
            "APT::Update::Post-Invoke-Success")]
        settings = self.folder / "apt.conf"
        settings.write_text("".join(hooks))  # the host's hooks are about the host's own lists
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run(
            [program, f"--config-file={settings}", *given, *arguments],
            cwd=folder or self.folder, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, check=False,
            env={**os.environ, "LC_ALL": "C"})


def _reason(messages: str) -> str:
    errors = [line[2:].strip() for line in messages.splitlines() if line.startswith("E:")]
    return errors[0] if errors else "apt gives no reason"
