# SPDX-License-Identifier: GPL-2.0-or-later
"""The pytest plug-in (entry point ``vmm``): machines for tests, and descriptions as tests.

    @pytest.mark.vmm(board="virt", kernel="timer.elf", timeout=0.5)
    def test_timer(machine):
        machine.expect("timer: done")
        assert machine.ledger.count("irq") == 100

Engines are loaded when the first machine is built, not before: pytest loads
this module in every project of an environment that has the package.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from vmm.testing.case import Case
    from vmm.testing.guest_machine import GuestMachine

SUFFIX = ".vmm.toml"  # of descriptions, docs/testing.md
MARKER = (
    'vmm(board=None, kernel=None, bios=None, initrd=None, cpu=None, ram=None, append="", '
    "processors=1, properties=None, timeout=None, instructions=None, wall=60, ledger=True, "
    "coverage=False): the machine of a guest test. Files are beside the test or below the root; "
    "timeout (seconds of virtual time) and instructions are exact limits of the whole test, "
    "wall is for each run."
)
LIMITS = {"timeout": "virtual", "instructions": "instructions", "wall": "wall"}
OPTIONS = ("board", "kernel", "bios", "initrd", "cpu", "ram", "append", "processors",
           "properties", "boot_menu", "debugcon", "ledger", "coverage")

machines = pytest.StashKey[list["GuestMachine"]]()

Boot = Callable[..., "GuestMachine"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare where snapshots go."""
    parser.getgroup("vmm").addoption(
        "--vmm-snapshots", metavar="FOLDER", type=Path,
        help="where machines of failed tests are kept (default: in pytest's cache)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


# -- machines for tests in Python -----------------------------------------------------


def _file(request: pytest.FixtureRequest, name: str | Path) -> Path:
    """A guest's file: beside the test, or below the root of all tests."""
    beside, below = request.path.parent / name, request.config.rootpath / name
    for path in (beside, below):
        if path.is_file():
            return path
    pytest.fail(f"no guest {name}: neither {beside} nor {below} is a file", pytrace=False)


def _build(request: pytest.FixtureRequest, given: dict[str, Any]) -> GuestMachine:
    from vmm.testing.case import Limits
    from vmm.testing.guest_machine import GuestMachine

    chosen: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("vmm"))):  # the closest one last
        chosen.update(marker.kwargs)
    chosen.update(given)
    unknown = [key for key in chosen if key not in LIMITS and key not in OPTIONS]
    if unknown:
        known = ", ".join((*OPTIONS, *LIMITS))
        pytest.fail(f"vmm: no option {unknown[0]!r}; known: {known}", pytrace=False)
    limits = Limits(**{LIMITS[key]: chosen.pop(key) for key in LIMITS if key in chosen})
    for key in ("kernel", "bios", "initrd"):
        if chosen.get(key) is not None:
            chosen[key] = _file(request, chosen[key])
    try:
        return GuestMachine(chosen.pop("board", None), limits=limits, **chosen)
    except (ValueError, OSError) as error:
        problem = str(error)
    pytest.fail(problem, pytrace=False)


@pytest.fixture
def boot(request: pytest.FixtureRequest) -> Iterator[Boot]:
    """Build machines: ``boot("virt", kernel="guest.elf", ram="64M", timeout=1.0)``.

    What is not given is taken from the test's marker ``vmm``, whose arguments are the same.
    """
    built: list[GuestMachine] = []
    request.node.stash[machines] = built

    def boot(board: str | Path | None = None, **options: Any) -> GuestMachine:
        machine = _build(request, {**options, **({} if board is None else {"board": board})})
        built.append(machine)
        return machine

    yield boot
    for machine in built:
        if not machine.closed:
            machine.close()


@pytest.fixture
def machine(boot: Boot) -> GuestMachine:
    """The machine that the test's marker ``vmm`` describes."""
    return boot()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the machines of a failed test show; count the instructions of every test."""
    built = [one for one in item.stash.get(machines, []) if not one.closed]
    if call.when == "call" and built:
        item.user_properties.append(("instructions", sum(one.count for one in built)))
    report = yield
    if call.when == "call" and report.failed:
        folder = _folder(item.config)
        for number, one in enumerate(built, 1):
            lines = one.failure()
            if folder is not None:
                lines.append(_keep(one, folder, f"{item.nodeid}-{number}"))
            report.sections.append((f"guest ({one.title})", "\n".join(lines)))
    return report


def _folder(config: pytest.Config) -> Path | None:
    """Where snapshots go; None if nowhere."""
    chosen: Path | None = config.getoption("--vmm-snapshots")
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        return chosen
    cache = getattr(config, "cache", None)  # None with -p no:cacheprovider
    return None if cache is None else Path(cache.mkdir("vmm"))


def _keep(machine: GuestMachine, folder: Path, test: str) -> str:
    from vmm.testing import reopen

    return reopen.keep(machine.machine, folder / f"{reopen.file_name(test)}.snapshot")


# -- descriptions -----------------------------------------------------------------------


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Descriptions are files of tests."""
    if file_path.name.endswith(SUFFIX):
        return Descriptions.from_parent(parent, path=file_path)
    return None


class GuestFailed(Exception):
    """A test of a description failed: its report."""


class Descriptions(pytest.File):
    """A file of descriptions."""

    def collect(self) -> Iterator[Description]:
        """Its tests."""
        from vmm.testing import description

        try:
            cases = description.read(self.path)
        except ValueError as error:
            raise self.CollectError(str(error)) from error
        for case in cases:
            name = case.name.removeprefix(str(self.path)).removeprefix("::")
            yield Description.from_parent(
                self, name=name or self.path.name.removesuffix(SUFFIX), case=case
            )


class Description(pytest.Item):
    """One test of a description."""

    def __init__(self, *, case: Case, **more: Any) -> None:
        super().__init__(**more)
        self.case = case
        self.extra_keyword_matches |= case.tags
        if case.xfail is not None:
            self.add_marker(pytest.mark.xfail(reason=case.xfail, strict=True))

    def runtest(self) -> None:
        """Run the guest; pytest itself deals with a known failure."""
        from dataclasses import replace

        from vmm.testing import report, run

        result = run.run(replace(self.case, xfail=None), save=_folder(self.config))
        self.user_properties.append(("instructions", result.instructions))
        if not result.good:
            raise GuestFailed("\n".join(report.failure(result)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report, without our own code above it."""
        if isinstance(excinfo.value, GuestFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test is, and its name."""
        return self.path, None, self.name
