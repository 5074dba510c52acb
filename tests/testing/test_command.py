# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm test` as a command: output, files, exit status."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from two_hundred import GUESTS, TESTS, measure


@pytest.fixture
def folder(tmp_path: Path, guest) -> Path:
    """Two tests that pass and one that fails."""
    for name in ("sparc/hello", "arm/hello", "hostile/arm/unmapped"):
        shutil.copy(guest(name), tmp_path / f"{name.replace('/', '-')}.elf")
    (tmp_path / "sparc-hello.vmm.toml").write_text('tags = ["good"]\n')
    (tmp_path / "arm-hello.vmm.toml").write_text('[console]\nexpect = "memory: 128 MiB"\n')
    (tmp_path / "hostile-arm-unmapped.vmm.toml").write_text('description = "reads a word"\n')
    return tmp_path


def test_all_pass(vmm_command, folder) -> None:
    done = vmm_command("test", folder, "-k", "hello", "-j", "2", "--repeat", "2")
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert {line.split(" ")[0] for line in lines[:2]} == {"[1/2]", "[2/2]"}
    assert all(" passed " in line for line in lines[:2])
    assert lines[2].startswith("2 passed; ") and len(lines) == 3


def test_a_failure_is_explained_and_written_down(vmm_command, folder) -> None:
    report, saved = folder / "report.xml", folder / "saved"
    done = vmm_command("test", folder, "--junit", report, "--save", saved)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (1, b"")
    for part in (
        "hostile-arm-unmapped.vmm.toml: expected: exit status 0; got: unhandled data_abort",
        "\nreads a word\n", "\nconsole: nothing was printed\n", "\ndfar  30000000",
        "data_abort(0x4) at 40200004 <start+0x4>", "\n2 passed, 1 failed; ",
    ):
        assert part in text, text
    suite = ElementTree.parse(report).getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "0"]
    assert [test.get("name") for test in suite] == ["arm-hello", "hostile-arm-unmapped",
                                                   "sparc-hello"]
    consoles = [path.read_bytes() for path in sorted(saved.glob("*.console"))]
    assert b"memory" in consoles[0] and consoles[1] == b""
    (kept,) = saved.glob("*.snapshot")
    assert f"vmm shell --snapshot {kept}\n" in text


def test_fail_fast_runs_no_more(vmm_command, folder) -> None:
    done = vmm_command("test", "--fail-fast", "-j", "1", *[folder / "hostile-arm-unmapped.elf"] * 5)
    assert done.returncode == 1
    assert re.search(rb"\n1 failed, 4 not run; ", done.stdout)


def test_list_runs_nothing(vmm_command, folder) -> None:
    done = vmm_command("test", "--list", folder, "-k", "good or unmapped")
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        str(folder / f"{name}.vmm.toml") for name in ("hostile-arm-unmapped", "sparc-hello")]


def test_an_interrupted_run_reports_what_it_has(folder) -> None:
    report = folder / "report.xml"
    spin = shutil.copy(GUESTS / "hostile" / "arm" / "spin.elf", folder / "spin.elf")
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "vmm", "test", "-j", "1",
         folder / "arm-hello.elf", spin, "--junit", report],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert " passed " in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, complaint = process.stdout.read(), process.stderr.read()
        status = process.wait(timeout=60)
    assert (status, complaint) == (130, "vmm: interrupted\n")
    assert rest.startswith("1 passed, 1 not run; ")
    assert ElementTree.parse(report).getroot().get("tests") == "1"


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        ((), 2, "PATH"),
        (("build/guests/arm/hello.elf", "-j", "0"), 2, "-j"),
        (("build/guests/arm/hello.elf", "-k", "and"), 2, "-k 'and'"),
        (("build/guests/arm/hello.elf", "-k", "lunch"), 2, "selects no test"),
        (("nowhere.elf",), 125, "nowhere.elf"),
        (("build/guests/arm/hello.elf", "-M", "toaster"), 125, "toaster"),
        (("pyproject.toml",), 125, "pyproject.toml:2: build-system: is not known here"),
        (("build/guests/arm/hello.elf", "--junit", "/no/where.xml"), 125, "/no/where.xml"),
        (("build/guests/arm/hello.elf", "--save", "/dev/null"), 125, "/dev/null"),
    ],
)
def test_wrong_usage_is_one_line(vmm_command, arguments, status, named) -> None:
    done = vmm_command("test", *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"vmm: ")
    assert named in done.stderr.decode()


def test_two_hundred_guests_take_less_than_a_minute_of_processor_time() -> None:
    last = measure()
    found = re.fullmatch(r"(\d+) passed; .*, ([\d.]+) s of processor time", last)
    assert found is not None, last
    assert int(found[1]) == TESTS
    assert float(found[2]) < 60
