"""This checkout beside another commit, in pairs, in turn: `python -m tests.benchmarks.before COMMIT [--quick]`.

Whole programs, each compiled and run by its own commit, on the same workflows, with the same Python: the other commit
comes first on Python's path, from a worktree that is made for it and removed. What a program takes with few items is
taken off what it takes with all, in each round by itself; the ratio is the median of those of the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .__main__ import show
from .measure import Row, at_most, in_turn, middle_ratio
from .running import said
from .words import write_text

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = Path(__file__).with_name("workflows")
SMALL = "record.py:integers"
MOST = 1.03
#: What items take: how many there are, few and all; one of `--quick` has a tenth of them.
HOPS, INTEGERS, WORDS = 2_000_000, 20_000_000, 5_000_000
FEW = 1000


@dataclass(frozen=True)
class Side:
    """One commit: the folder of its sources, and that of its programs."""

    sources: Path
    made: Path

    def python(self, *words: str | Path) -> None:
        """Run Python with this commit's packages; what it prints is nobody's. Raises Failed."""
        path = os.pathsep.join(map(str, (self.sources / "runtime", self.sources)))
        said([sys.executable, *map(str, words)], self.made, {"PYTHONPATH": path, "D4P_RUNS": f"{self.made}/runs",
                                                            "PYTHONDONTWRITEBYTECODE": ""})  # fmt: skip

    def d4p(self, *words: str | Path) -> None:
        """Run the command."""
        self.python("-m", "d4p_compile", *words)

    def job(self, name: str, *words: str) -> None:
        """Run a program that was compiled."""
        self.python(self.made / name / "job.py", *words)

    def compile(self, name: str, workflow: str, target: str, **parameters: object) -> None:
        """Make a program, by name."""
        given = [word for key, value in parameters.items() for word in ("-p", f"{key}={value}")]
        self.d4p("compile", f"{WORKFLOWS / workflow}", "--target", target, *given, "-o", self.made / name)


def cpu(call: Callable[[], None]) -> float:
    """Seconds of CPU of all processes that a call starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def wall(call: Callable[[], None]) -> float:
    """Seconds that a call takes: of engines whose processes aren't waited for by whoever started them."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def rows(here: Side, there: Side, quick: bool, text: Callable[[int], Path]) -> Iterator[Row]:
    """Each kind of work on both sides; `text` gives a file of so many words."""
    part = 10 if quick else 1
    for side in (here, there):
        side.compile("small", SMALL, "sequential", items=3)
        for kind in ("returning", "writing", "dicts"):
            side.compile(kind, "hop.py:chain", "sequential", kind=kind)
        for name, count in (("few", FEW), ("all", INTEGERS // part)):
            side.compile(f"channel-{name}", "channel.py:pair", "processes", kind="integers", count=count)
        for target in ("spark-rdd", "spark-df"):
            for name, count in (("few", FEW), ("all", WORDS // part)):
                side.compile(f"{target}-{name}", "spark_words.py:word_count", target, path=str(text(count)))
    workflow, rounds = WORKFLOWS / SMALL, 5 if quick else 21
    yield row("start: python job.py", cpu, rounds, here, there, lambda side: side.job("small"))
    yield row("start: d4p plan", cpu, rounds, here, there, lambda side: side.d4p("plan", workflow, "-p", "items=3"))
    yield row("start: d4p run", cpu, rounds, here, there, lambda side: side.d4p("run", workflow, "-p", "items=3"))
    rounds = 2 if quick else 9
    for kind in ("returning", "writing", "dicts"):
        yield row(f"hop, {kind}", cpu, rounds, here, there, lambda side, kind=kind: side.job(
            kind, "-i", str(HOPS // part)), lambda side, kind=kind: side.job(kind, "-i", str(FEW)))
    yield row("channel, integers", wall, rounds, here, there,
              lambda side: side.job("channel-all"), lambda side: side.job("channel-few"))
    for target in ("spark-rdd", "spark-df"):
        yield row(f"{target}, word count", wall, rounds, here, there, lambda side, name=target: side.job(f"{name}-all"),
                  lambda side, name=target: side.job(f"{name}-few"))


def row(what: str, measure: Callable[[Callable[[], None]], float], rounds: int, here: Side, there: Side,
        work: Callable[[Side], None], less: Callable[[Side], None] | None = None) -> Row:
    """What some work takes on both sides, less what `less` does."""

    def taken(side: Side) -> float:
        return measure(lambda: work(side)) - (measure(lambda: less(side)) if less else 0.0)

    ours, theirs = in_turn(rounds, lambda: taken(here), lambda: taken(there))
    unit = "s of CPU" if measure is cpu else "s"
    return Row(f"{what}, {rounds} rounds", f"{median(ours):.3f} {unit}", f"before {median(theirs):.3f} {unit}",
               **at_most(middle_ratio(ours, theirs), MOST))


@contextlib.contextmanager
def worktree(commit: str, folder: Path) -> Iterator[Path]:
    """The sources of a commit. Raises CalledProcessError."""
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True, timeout=60)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True, timeout=60)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.before", description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("commit")
    options.add_argument("--quick", action="store_true", help="fewer items and rounds: a look, not a measurement")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        made = Path(folder)

        def text(words: int) -> Path:
            path = made / f"{words}.txt"
            if not path.exists():
                write_text(path, words)
            return path

        with worktree(arguments.commit, made / "sources") as sources:
            here, there = Side(ROOT, made / "here"), Side(sources, made / "there")
            here.made.mkdir()
            there.made.mkdir()
            show(rows(here, there, arguments.quick, text), arguments.quick)


if __name__ == "__main__":
    main()
