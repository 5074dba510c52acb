# SPDX-License-Identifier: GPL-2.0-or-later
"""The pytest plug-in: fixtures, marker, limits, reports on failures, descriptions, xdist."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import vmm
from vmm.state import snapshot

pytest_plugins = "pytester"

# Pytester forgets what a test's run has imported.  Of ours nothing may be imported then: engines
# are loaded once for a process, and a class that there is twice is not the one that is asked for.
PACKAGE = Path(vmm.__file__).parent
for path in sorted(PACKAGE.rglob("[!_]*.py")):
    importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))

HELLO = """
import re
import pytest

@pytest.mark.vmm(kernel="hello.elf")
def test_marker(machine):
    found = machine.expect(re.compile(r"memory: (\\d+) MiB at"))
    assert found[1] == "128"
    assert machine.run().status == 0
    assert machine.registers["psr"] & 0x80
    assert machine.memory.read_int(machine.address("_start")) != 0

def test_factory(boot):
    small, large = (boot("leon3", kernel="hello.elf", ram=ram) for ram in ("16M", "32M"))
    small.expect("memory: 16 MiB")
    large.expect("memory: 32 MiB")
    assert small.run() == large.run()
    assert small.ledger.count("data_access_exception") == 2
    assert small.ledger.counts() == large.ledger.counts()
    assert small.ledger.select(pc="main") and not small.ledger.select(pc="print")

@pytest.mark.vmm(kernel="hello.elf", ram="16M")
class TestClass:
    @pytest.mark.vmm(cpu="leon3")
    def test_the_closest_marker_adds(self, boot):
        assert boot().expect(re.compile("memory")).string.startswith("memory: 16 MiB")
        assert boot(ram="8M").expect(re.compile("memory")).string.startswith("memory: 8 MiB")
"""
LIMITS = """
import pytest

@pytest.mark.vmm(kernel="spin.elf", instructions=5000)
def test_instructions(machine):
    machine.step(2000)
    with pytest.raises(AssertionError, match="expected 'x'; got: limit of 3000 instructions"):
        machine.expect("x")
    assert machine.count == 5000
    assert machine.run().ending.value == "time" and machine.count == 5000

@pytest.mark.vmm(kernel="spin.elf", timeout=0.001)
def test_virtual_time(machine):
    assert machine.run().ending.value == "time"
    assert machine.seconds == 0.001
    assert machine.run(timeout=1).ending.value == "time" and machine.seconds == 0.001

@pytest.mark.vmm(kernel="spin.elf", wall=0.05)
def test_real_time(machine):
    assert "wall-clock" in machine.run().text
"""
BROKEN = """
import pytest

@pytest.mark.vmm(kernel="broken.elf")
def test_queue(machine):
    machine.expect("queue: begins")
    machine.expect("queue: done")
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, guest) -> pytest.Pytester:
    for name, source in (("hello", "sparc/hello"), ("spin", "hostile/arm/spin"),
                         ("broken", "sparc/broken")):
        (pytester.path / f"{name}.elf").write_bytes(guest(source).read_bytes())
    return pytester


def test_fixtures_and_marker(folder: pytest.Pytester) -> None:
    folder.makepyfile(HELLO)
    folder.runpytest("--strict-markers").assert_outcomes(passed=3)


def test_limits_are_exact_and_for_the_whole_test(folder: pytest.Pytester) -> None:
    folder.makepyfile(LIMITS)
    folder.runpytest().assert_outcomes(passed=3)


def test_a_failing_guest_says_why(folder: pytest.Pytester, guest) -> None:
    """From the report alone: what was printed, which access failed, in which line of source."""
    folder.makepyfile(BROKEN.replace("broken.elf", str(guest("sparc/broken"))))
    result = folder.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "E *Unexpected: expected 'queue: done'; got: the guest ended itself (ta 0) with *",
        "*guest (leon3, broken.elf)*",
        "the last run: the guest ended itself (ta 0) with status 1; 7635 instructions, *",
        "  | job print",
        "  | job unexpected trap tt=00000009 pc=4000230c",
        "psr *",
        "=> *ta *",
        "last traps, after 7635 instructions:",
        "* 6654  data_access_exception(0x9) at 4000230c <do_job+0x14> *",
        "  4000230c <do_job+0x14> *guests/sparc/broken/main.c:*: print(job->name);",
        "to reopen the machine as it is now: vmm shell --snapshot */test_a_failing*.snapshot",
    ])


def test_a_kept_machine_is_as_it_was(folder: pytest.Pytester) -> None:
    folder.makepyfile(BROKEN)
    folder.runpytest("--vmm-snapshots=kept").assert_outcomes(failed=1)
    (file,) = (folder.path / "kept").iterdir()
    machine = snapshot.build(snapshot.load(file))
    assert machine.engine.count == 7635
    assert machine.symbols.name(machine.linear_pc) == "exit_guest+0x50"
    assert bytes(machine.console.tail).endswith(b"unexpected trap tt=00000009 pc=4000230c\n")


def test_a_test_that_passes_shows_no_guest(folder: pytest.Pytester) -> None:
    folder.makepyfile(HELLO)
    assert "guest (" not in folder.runpytest("-rA").stdout.str()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('"toaster", kernel="hello.elf"', "unknown board 'toaster'; known: *"),
        ('kernel="gone.elf"', "no guest gone.elf: neither *gone.elf nor *gone.elf *"),
        ('colour="red"', "vmm: no option 'colour'; known: board, kernel, *"),
        ('kernel="hello.elf", ram="lots"', "not an amount of memory*"),
        ("", "which board? the kernel does not say it"),
    ],
)
def test_what_cannot_be_booted_is_one_line(folder: pytest.Pytester, arguments, message) -> None:
    folder.makepyfile(f"def test(boot): boot({arguments})")
    result = folder.runpytest("--tb=short")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([message])
    assert "Traceback" not in result.stdout.str() and "During" not in result.stdout.str()


DESCRIPTIONS = {
    "good": 'kernel = "hello.elf"\ntags = ["smoke"]\n[matrix]\nmemory = ["8M", "16M"]\n',
    "bad": 'kernel = "broken.elf"\n[console]\nexpect = ["queue: begins", "queue: done"]\n',
    "known": 'kernel = "broken.elf"\nxfail = "a wild pointer"\n',
    "fixed": 'kernel = "hello.elf"\nxfail = "bug 5"\n',
}


def test_descriptions_are_tests(folder: pytest.Pytester) -> None:
    for name, text in DESCRIPTIONS.items():
        (folder.path / f"{name}.vmm.toml").write_text(text)
    result = folder.runpytest("-rA")
    result.assert_outcomes(passed=2, failed=2, xfailed=1)
    result.stdout.fnmatch_lines([
        "expected: 'queue: done' (2 of 2)",
        "   after: 'queue: begins', line 1 of the console",
        "*data_access_exception(0x9) at 4000230c <do_job+0x14>*",
    ])
    result.stdout.fnmatch_lines_random([
        "PASSED good.vmm.toml::[[]8M[]]", "XFAIL known.vmm.toml::known - a wild pointer",
        "*XPASS(strict)*bug 5*",
    ])
    folder.runpytest("-k", "smoke").assert_outcomes(passed=2, deselected=3)


def test_a_wrong_description_is_an_error_with_its_place(folder: pytest.Pytester) -> None:
    (folder.path / "wrong.vmm.toml").write_text('kernel = "hello.elf"\ncolour = "red"\n')
    result = folder.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*wrong.vmm.toml:2: colour: is not known here; known: *"])


def test_under_xdist_with_junit(folder: pytest.Pytester) -> None:
    folder.makepyfile(test_hello=HELLO, test_broken=BROKEN)
    (folder.path / "good.vmm.toml").write_text(DESCRIPTIONS["good"])
    result = folder.runpytest_subprocess("-n", "2", "--junit-xml=report.xml")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*guest (leon3, broken.elf)*", "*<do_job+0x14>*"])
    report = (folder.path / "report.xml").read_text()
    assert report.count('<property name="instructions" value="') == 6


def test_the_engine_is_loaded_by_the_first_machine(pytester: pytest.Pytester) -> None:
    """Projects that test no guests do not pay for the plug-in."""
    pytester.makepyfile(
        "import sys\ndef test():\n    assert 'unicorn' not in sys.modules\n"
        "    assert 'vmm.machine' not in sys.modules\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
