# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm completion`: what bash really offers, and that every shell hears of every option."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vmm.cli.completion import SHELLS, commands
from vmm.cli.main import parser

ASK = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_vmm
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def offered(vmm_command, tmp_path: Path):
    """What bash offers for the last of these words."""
    script = tmp_path / "vmm.bash"
    script.write_bytes(vmm_command("completion", "bash").stdout)
    for name in ("mine.toml", "kernel.elf", "folder/inner.elf"):
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_text("")

    def ask(*words: str) -> set[str]:
        done = subprocess.run(["bash", "--norc", "-c", ASK, "ask", str(script), "vmm", *words],
                              capture_output=True, text=True, cwd=tmp_path / "files", check=False)
        assert done.stderr == ""
        return set(done.stdout.split())

    return ask


def test_bash_offers_commands_options_and_values(offered) -> None:
    assert offered("") >= {"run", "demo", "doctor", "completion", "--help", "--version"}
    assert offered("d") == {"demo", "doctor"}
    assert offered("run", "--wall") == {"--wall-timeout"}
    assert offered("run", "-k") == {"-kernel"}
    assert offered("completion", "z") == {"zsh"}
    assert offered("run", "--delivery", "") == {"native", "python"}
    assert offered("run", "-cpu", "cortex-a1") == {"cortex-a15"}
    assert offered("run", "--timeout", "") == set()


def test_bash_offers_files_where_files_fit(offered) -> None:
    assert offered("run", "-M", "") == {"leon3", "virt", "pc", "help", "mine.toml", "folder"}
    assert offered("run", "-M", "leon3", "-kernel", "k") == {"kernel.elf"}
    assert offered("run", "-M", "leon3", "--stats", "folder/") == {"folder/inner.elf"}
    assert offered("run", "-kernel", "kernel.elf", "-ser") == {"-serial"}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_is_in_every_script(vmm_command, shell) -> None:
    done = vmm_command("completion", shell)
    assert (done.returncode, done.stderr) == (0, b"")
    script = done.stdout.decode()
    for command in commands(parser()):
        assert command.name in script
        for option in command.options:
            for name in option.names:
                assert (name.lstrip("-") if shell == "fish" else name) in script
