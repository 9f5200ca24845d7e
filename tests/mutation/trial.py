"""Putting faults in and seeing which tests notice: one fork of a warm process for each, some beside each other."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .areas import Area
from .faults import Fault, faults
from .measure import OPTIONS, Measured, measure, read
from .tree import Tree, warm

#: A fault may make a test slower or endless: so many times what its tests take, and some seconds, are enough.
PATIENCE, AT_LEAST = 8, 15.0
#: Options of a user's own: tests/conftest.py doesn't ask Java for others, which would take as long as all else.
NO_JAVA = {"SPARK_SUBMIT_OPTS": "-Xshare:auto", "SPARK_LAUNCHER_OPTS": "-Xshare:auto"}


@dataclass(frozen=True)
class Outcome:
    """What came of a fault in a file as it was then: the test that `noticed` it, "time" where they didn't end, None
    where all passed."""

    fault: Fault
    source: bytes
    noticed: str | None
    tried: int


def choose(root: Path, area: Area, count: int | None, seed: str) -> list[Fault]:
    """So many faults of an area, any as likely as any other, the same for the same seed; None stands for all."""
    every = [fault for name in area.sources(root) for fault in faults(name, (root / name).read_bytes())]
    if count is None or count >= len(every):
        return every
    return sorted(random.Random(seed).sample(every, count), key=lambda fault: (fault.path, fault.start, fault.new))


def try_area(root: Path, area: Area, chosen: list[Fault], jobs: int, note: Callable[[str], None]) -> Iterator[Outcome]:
    """Put each of the faults in, in turn."""
    root = root.resolve()
    sources = {fault.path: (root / fault.path).read_bytes() for fault in chosen}  # who works there goes on meanwhile
    with tempfile.TemporaryDirectory(prefix="d4p-mutation-") as folder:
        here = Path(folder).resolve()
        trees = [Tree(root, here / f"tree-{k}") for k in range(jobs)]
        known = _measured(area, root, trees[0], here)
        if known.failed:
            note(f"left out, since they fail without a fault: {', '.join(known.failed)}")
        warm(known.modules)
        _check(trees[0], known)
        free, running = list(trees), {}
        waiting = iter(chosen)
        try:
            while True:
                while free and (fault := next(waiting, None)):
                    tests = known.of(fault.path, fault.line, fault.last)
                    if not tests:
                        yield Outcome(fault, sources[fault.path], None, 0)
                        continue
                    tree = free.pop()
                    pid = _start(tree, fault, sources[fault.path], tests)
                    limit = AT_LEAST + PATIENCE * sum(known.tests[test] for test in tests)
                    running[pid] = tree, fault, tests, time.monotonic() + limit
                if not running:
                    return
                for pid, status in _ended(running):
                    tree, fault, tests, _ = running.pop(pid)
                    tree.write(fault.path, sources[fault.path])
                    free.append(tree)
                    yield Outcome(fault, sources[fault.path], _noticed(tree, status), len(tests))
        finally:
            for pid in running:
                _end(pid)


def _measured(area: Area, root: Path, tree: Tree, folder: Path) -> Measured:
    said, to = folder / "said", folder / "measured.json"
    work = tree.fork(lambda: measure(tree.folder, area.sources(root), area.test_files(root), to), said)
    if _waited(work) or not to.exists():
        raise SystemExit(f"the tests {', '.join(area.test_files(root))} can't be run:\n{said.read_text()[-4000:]}")
    return read(to)


def _check(tree: Tree, known: Measured) -> None:
    """Raises SystemExit where tests fail in such a fork without a fault: they would seem to notice any."""
    if (tests := known.all()) and (failed := _noticed(tree, _waited(_begin(tree, tests)))):
        raise SystemExit(f"without a fault there fails {failed}:\n{_said(tree).read_text()[-4000:]}")


def _waited(work: int) -> int:
    """The exit status of a fork."""
    try:
        _, status = os.waitpid(work, 0)
    except BaseException:
        _end(work)
        raise
    return os.waitstatus_to_exitcode(status)


def _start(tree: Tree, fault: Fault, source: bytes, tests: list[str]) -> int:
    tree.write(fault.path, fault.put_into(source))
    return _begin(tree, tests)


def _begin(tree: Tree, tests: list[str]) -> int:
    _first(tree).unlink(missing_ok=True)
    return tree.fork(lambda: _run(tree, tests), _said(tree))


def _run(tree: Tree, tests: list[str]) -> int:
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    os.environ.update(NO_JAVA)
    files = sorted({test.partition("::")[0] for test in tests})
    with _temporary(tree.folder.with_suffix(".tmp")):
        return pytest.main([*OPTIONS, "-x", *files], plugins=[_Chosen(tests, _first(tree))])


class _Chosen:
    """A plugin of pytest: these tests alone, in this order, and the name of the first that fails."""

    def __init__(self, tests: list[str], first: Path) -> None:
        self.order, self.first = {test: at for at, test in enumerate(tests)}, first

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed and not self.first.exists():
            self.first.write_text(report.nodeid)


@contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    """Tests leave what they made behind where a fault ends them."""
    folder.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _first(tree: Tree) -> Path:
    return tree.folder.with_suffix(".first")


def _said(tree: Tree) -> Path:
    return tree.folder.with_suffix(".said")


def _ended(running: dict) -> list[tuple[int, int | None]]:
    """Wait for a fork; None stands for the status of one that took too long."""
    while True:
        done = []
        for pid, (tree, _, _, until) in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended or time.monotonic() > until:
                _end(pid, reap=not ended)
                shutil.rmtree(tree.folder.with_suffix(".tmp"), ignore_errors=True)
                done.append((pid, os.waitstatus_to_exitcode(status) if ended else None))
        if done:
            return done
        time.sleep(0.01)


def _end(pid: int, reap: bool = True) -> None:
    """End a fork and all that it started, which are of its session."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if reap:
        os.waitpid(pid, 0)


def _noticed(tree: Tree, status: int | None) -> str | None:
    if status is None:
        return "time"
    if status == 0:
        return None
    first = _first(tree)
    return first.read_text() if first.exists() else "the import"
