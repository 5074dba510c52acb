# SPDX-License-Identifier: GPL-2.0-or-later
"""JUnit XML, as Jenkins (its xunit plug-in's junit-10.xsd) and GitLab read it.

One suite; a test's class name is its file's path with dots for slashes.
Instruction counts and virtual times are properties of the test, so that a
drift between two reports shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from vmm.testing import report
from vmm.testing.result import Result, Verdict

# What XML 1.0 (section 2.2) has no character for
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(file: Path, results: Iterable[Result], started: float, seconds: float) -> None:
    """Write the report; ``started`` is in seconds since the epoch.  OSError if it cannot be."""
    tree = ElementTree.ElementTree(document(list(results), started, seconds))
    ElementTree.indent(tree)
    tree.write(file, encoding="utf-8", xml_declaration=True)


def document(results: list[Result], started: float, seconds: float) -> ElementTree.Element:
    """The document's root."""
    failures = sum(r.verdict in (Verdict.FAILED, Verdict.XPASSED) for r in results)
    counts = {
        "tests": str(len(results)), "failures": str(failures),
        "errors": str(sum(r.verdict is Verdict.ERROR for r in results)),
        "time": f"{seconds:.3f}",
    }
    top = ElementTree.Element("testsuites", {"name": "vmm test", **counts})
    suite = ElementTree.SubElement(top, "testsuite", {
        "name": "vmm", **counts,
        "skipped": str(sum(r.verdict is Verdict.XFAILED for r in results)),
        "timestamp": datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    })
    for result in results:
        suite.append(_test(result))
    return top


def _test(result: Result) -> ElementTree.Element:
    case = result.case
    test = ElementTree.Element("testcase", {
        "classname": _class_name(case.source),
        "name": _text(case.name.removeprefix(str(case.source)).removeprefix("::")
                      or case.source.name.split(".")[0]),
        "file": _text(str(case.source)),
        "time": f"{result.cpu:.3f}",
    })
    if result.outcome is not None:
        properties = ElementTree.SubElement(test, "properties")
        for name, value in (
            ("board", case.board), ("cpu", case.cpu), ("instructions", result.instructions),
            ("virtual_seconds", f"{result.virtual:.9f}"), ("ending", result.outcome.ending.value),
            ("status", result.outcome.status), ("ledger", result.ledger),
        ):
            if value not in (None, ""):
                ElementTree.SubElement(
                    properties, "property", {"name": name, "value": _text(str(value))}
                )
    if result.verdict is Verdict.XFAILED:
        ElementTree.SubElement(test, "skipped", {"message": _text(f"xfail: {case.xfail}")})
    elif not result.good:
        kind = "error" if result.verdict is Verdict.ERROR else "failure"
        problem = ElementTree.SubElement(
            test, kind, {"type": result.verdict.value, "message": _text(result.summary)}
        )
        problem.text = _text("\n".join(report.failure(result)))
    if result.console:
        ElementTree.SubElement(test, "system-out").text = _text(
            result.console.decode(errors="replace")
        )
    return test


def _class_name(source: Path) -> str:
    parts = [part for part in source.with_name(source.name.split(".")[0]).parts
             if part not in ("/", ".", "..")]
    return _text(".".join(parts))


def _text(text: str) -> str:
    return NOT_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
