# SPDX-License-Identifier: GPL-2.0-or-later
"""JUnit XML: what Jenkins and GitLab look for, and that no console breaks it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from vmm.machine.outcome import Outcome
from vmm.testing import junit
from vmm.testing.case import Case
from vmm.testing.result import Result, Verdict

SOURCE = Path("tests/timer.vmm.toml")


def case(name: str, **more: object) -> Case:
    return Case(f"{SOURCE}::{name}", SOURCE, "virt", **more)  # type: ignore[arg-type]


RESULTS = [
    Result(case("good"), Verdict.PASSED, outcome=Outcome.exit(0, "ended"), instructions=12345,
           virtual=0.5, cpu=0.25, console=b"fine\n"),
    Result(case("bad"), Verdict.FAILED, ("expected: 'a'\n     got: '<b>' \x1b",),
           outcome=Outcome.crash("fell"), console=b"\x00\x1b[1m\xff]]>&<"),
    Result(case("lost"), Verdict.ERROR, ("the worker died",)),
    Result(case("known", xfail="bug 5"), Verdict.XFAILED, ("expected",)),
]


def test_counts_names_and_kinds(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    junit.write(file, RESULTS, 1_700_000_000.0, 2.5)
    root = ElementTree.parse(file).getroot()
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert suite.attrib == {
        "name": "vmm", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
        "time": "2.500", "timestamp": "2023-11-14T22:13:20",
    }
    good, bad, lost, known = suite
    assert good.attrib == {"classname": "tests.timer", "name": "good", "time": "0.250",
                           "file": "tests/timer.vmm.toml"}
    properties = {p.get("name"): p.get("value") for p in good.iter("property")}
    assert properties == {"board": "virt", "instructions": "12345", "ending": "exit",
                          "virtual_seconds": "0.500000000", "status": "0"}
    assert good.findtext("system-out") == "fine\n"
    failure = bad.find("failure")
    assert failure is not None
    assert failure.get("message") == "expected: 'a'; got: '<b>' \\x1b"
    assert "the run: fell" in (failure.text or "")
    assert bad.findtext("system-out") == "\\x00\\x1b[1m\ufffd]]>&<"
    assert lost.find("error") is not None and lost.find("properties") is None
    skipped = known.find("skipped")
    assert skipped is not None and skipped.get("message") == "xfail: bug 5"


def test_elements_are_in_the_order_of_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    junit.write(file, RESULTS, 0.0, 1.0)
    order = ["properties", "skipped", "error", "failure", "system-out"]
    for test in ElementTree.parse(file).iter("testcase"):
        places = [order.index(child.tag) for child in test]
        assert places == sorted(places)
