"""One run of an area's tests without a fault: which test comes by which line, and how long each takes."""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

#: How pytest is called, whatever it is to run: with none of what would take its time after the last test.
OPTIONS = ["-q", "--tb=line", "--no-header", "--hypothesis-seed=0",
           *(f"-pno:{name}" for name in ("cacheprovider", "xdist", "unraisableexception", "threadexception"))]
IMPORTING = ""


@dataclass
class Measured:
    """`tests`: seconds of each. `lines`: `{file: {line: tests}}`, where IMPORTING stands for any. `modules`: what was
    imported that isn't of the checkout. `failed`: tests that fail as it is, which can say nothing."""

    tests: dict[str, float]
    lines: dict[str, dict[int, list[str]]]
    modules: list[str]
    failed: list[str] = field(default_factory=list)

    def of(self, file: str, first: int, last: int) -> list[str]:
        """All tests, those that come by some of these lines first, the quickest first."""
        lines = self.lines.get(file, {})
        found = {test for line in range(first, last + 1) for test in lines.get(line, ())}
        if IMPORTING in found:
            found = {test for tests in lines.values() for test in tests} - {IMPORTING} or set(self.tests)
        # Then the others: what a cache keeps is made in the first test that asks for it, and of use in many.
        return sorted(self.all(), key=lambda test: (test not in found, self.tests[test], test))

    def all(self) -> list[str]:
        """The tests that can notice something."""
        return [test for test in self.tests if test not in self.failed]


def measure(folder: Path, sources: list[str], tests: list[str], to: Path) -> int:
    """Run tests in this process and write what is known of them then to the file `to`."""
    import coverage

    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False  # what is compiled now serves all that come after
    seen = coverage.Coverage(data_file=None, include=[str(folder / name) for name in sources], config_file=False)
    known = _Known(seen)
    seen.start()
    status = pytest.main([*OPTIONS, *tests], plugins=[known])
    seen.stop()
    data, lines = seen.get_data(), {}
    for path in data.measured_files():
        of = {line: sorted(tests) for line, tests in data.contexts_by_lineno(path).items()}
        lines[Path(path).relative_to(folder.resolve()).as_posix()] = of
    modules = [name for name, module in sys.modules.items() if _is_elsewhere(module, folder)]
    made = {"tests": known.seconds, "lines": lines, "modules": modules, "failed": known.failed}
    to.write_text(json.dumps(made))
    return 0 if status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else int(status)


def read(path: Path) -> Measured:
    found = json.loads(path.read_text())
    lines = {file: {int(line): tests for line, tests in of.items()} for file, of in found.pop("lines").items()}
    return Measured(lines=lines, **found)


class _Known:
    """A plugin of pytest that tells which test is on."""

    def __init__(self, coverage) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context(IMPORTING)

    def pytest_runtest_logreport(self, report) -> None:
        self.seconds[report.nodeid] += report.duration
        if not report.passed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)


def _is_elsewhere(module, folder: Path) -> bool:
    return not (getattr(module, "__file__", None) or "").startswith(str(folder))
