"""This checkout beside another commit: `python -m tests.benchmarks.before COMMIT [--quick] [ROWS...]`.

Whole programs, each compiled and run by its own commit, on the same workflows, with the same Python: the other commit
comes first on Python's path, from a worktree that is made for it and removed. Where CPU is measured both run at once,
on one core; of engines that need both cores they take turns, on Spark in a session of each that is warm. What a program
takes with few items is taken off what it takes with all, in each round by itself; the ratio is the median of those of
the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median

from .__main__ import show
from .measure import Command, Row, at_most, at_once, in_turn, middle_ratio
from .running import said
from .words import write_text

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = Path(__file__).with_name("workflows")
SMALL = "record.py:integers"
MOST = 1.03
#: What the start of the command was to come to, beside the commit of before its imports were gone through, 3c18e47.
PLAN, RUN = 0.5, 0.4
#: What the order of the sequential run may cost, which commits before it was kept don't give.
ORDERED = 1.2
#: What items take: how many there are, few and all; one of `--quick` has a tenth of them.
HOPS, INTEGERS, WORDS = 500_000, 20_000_000, 5_000_000
FEW = 1000
#: Runs a program, and gives its seconds.
Run = Callable[[Command], float]


@dataclass(frozen=True)
class Side:
    """One commit: the folder of its sources, and that of its programs."""

    sources: Path
    made: Path

    def python(self, *words: str | Path) -> Command:
        """Python with this commit's packages."""
        path = os.pathsep.join(map(str, (self.sources / "runtime", self.sources)))
        return Command([sys.executable, *map(str, words)], {
            "PYTHONPATH": path, "D4P_RUNS": f"{self.made}/runs", "PYTHONDONTWRITEBYTECODE": ""}, str(self.made))

    def d4p(self, *words: str | Path) -> Command:
        """The command."""
        return self.python("-m", "d4p_compile", *words)

    def job(self, name: str, *words: str) -> Command:
        """A program that was compiled."""
        return self.python(self.made / name / "job.py", *words)

    def compile(self, name: str, workflow: str, target: str, **parameters: object) -> None:
        """Make a program, by name."""
        given = [word for key, value in parameters.items() for word in ("-p", f"{key}={value}")]
        run(self.d4p("compile", f"{WORKFLOWS / workflow}", "--target", target, *given, "-o", self.made / name))


def run(command: Command) -> float:
    """Run a program; what it prints is nobody's. Gives its seconds. Raises Failed."""
    assert command.folder is not None
    return said(list(command.words), Path(command.folder), command.environment)[1]


def starts(here: Side, there: Side, quick: bool) -> Iterator[Row]:
    """A program with three items, its plan, and both in one; of a workflow that imports numpy, and of one that
    doesn't."""
    workflow, rounds = WORKFLOWS / SMALL, 3 if quick else 9
    plain = WORKFLOWS / "hop.py:chain"

    def unrecorded(side: Side) -> list[str]:
        return ["--no-record"] if side is here else []

    for side in (here, there):
        side.compile("small", SMALL, "sequential", items=3)
    for what, most, command in (
        ("python job.py", MOST, lambda side: side.job("small")),
        ("python job.py, without a record", MOST, lambda side: side.job("small", *unrecorded(side))),
        ("d4p plan", MOST, lambda side: side.d4p("plan", workflow, "-p", "items=3")),
        ("d4p run", MOST, lambda side: side.d4p("run", workflow, "-p", "items=3")),
        ("d4p plan, no numpy", PLAN, lambda side: side.d4p("plan", plain, "-p", "kind=returning")),
        ("d4p run, no numpy", RUN, lambda side: side.d4p("run", plain, "-p", "kind=returning", "-i", "3")),
    ):
        yield of_cpu(f"start: {what}", rounds, here, there, command, most=most)


def hops(here: Side, there: Side, quick: bool) -> Iterator[Row]:
    """Four PEs in one stage behind a source in another, in one process."""
    for kind in ("returning", "writing", "dicts"):
        for side in (here, there):
            side.compile(kind, "hop.py:chain", "sequential", kind=kind)
        yield of_cpu(f"hop, {kind}", 2 if quick else 5, here, there,
                     lambda side, kind=kind: side.job(kind, "-i", str(HOPS // (10 if quick else 1))),
                     lambda side, kind=kind: side.job(kind, "-i", str(FEW)))


def channels(here: Side, there: Side, quick: bool) -> Iterator[Row]:
    """One process sends integers to another."""
    for side in (here, there):
        for name, count in (("few", FEW), ("all", INTEGERS // (10 if quick else 1))):
            side.compile(f"channel-{name}", "channel.py:pair", "processes", kind="integers", count=count)
    yield of_seconds("channel, integers", 2 if quick else 9, (here, run), (there, run), "channel")


def on_spark(here: Side, there: Side, quick: bool) -> Iterator[Row]:
    """Words are counted, in any order and in that of the text."""
    for target in ("spark-rdd", "spark-df"):
        for what, any_order, most in (("word count", True, MOST), ("word count, in order", False, ORDERED)):
            for name, count in (("few", FEW), ("all", WORDS // (10 if quick else 1))):
                path = here.made.parent / f"{count}.txt"
                if not path.exists():
                    write_text(path, count)
                for side in (here, there):
                    side.compile(f"{target}-{any_order}-{name}", "spark_words.py:word_count", target, path=str(path),
                                 any_order=any_order)
            with warm(here) as ours, warm(there) as theirs:
                yield of_seconds(f"{target}, {what}", 3 if quick else 15, (here, ours), (there, theirs),
                                 f"{target}-{any_order}", most)


ROWS = {"start": starts, "hop": hops, "channel": channels, "spark": on_spark}


def of_cpu(what: str, rounds: int, here: Side, there: Side, work: Callable[[Side], Command],
           less: Callable[[Side], Command] | None = None, most: float = MOST) -> Row:
    """What some work takes on both sides in seconds of CPU, less what `less` does."""
    ours, theirs, *few = at_once(rounds, work(here), work(there), *([less(here), less(there)] if less else []))
    if few:
        ours, theirs = (list(map(float.__sub__, *each)) for each in ((ours, few[0]), (theirs, few[1])))
    return row(f"{what}, {rounds} rounds", "s of CPU", ours, theirs, most)


def of_seconds(what: str, rounds: int, here: tuple[Side, Run], there: tuple[Side, Run], name: str,
               most: float = MOST) -> Row:
    """What all items take on both sides by the clock, beyond few."""

    def beyond_few(side: Side, run: Run) -> float:
        return run(side.job(f"{name}-all")) - run(side.job(f"{name}-few"))

    ours, theirs = in_turn(rounds, partial(beyond_few, *here), partial(beyond_few, *there))
    return row(f"{what}, {rounds} rounds", "s", ours, theirs, most)


@contextlib.contextmanager
def warm(side: Side) -> Iterator[Run]:
    """What runs Spark programs of a commit in one session, once that has run some."""
    command = side.python(Path(__file__).with_name("warm.py"))
    with subprocess.Popen(command.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          cwd=command.folder, env={**os.environ, **command.environment}, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def run(job: Command) -> float:
            print(job.words[-1], file=asked, flush=True)
            return float(answers.readline())

        yield run


def row(what: str, unit: str, ours: list[float], theirs: list[float], most: float = MOST) -> Row:
    return Row(what, f"{median(ours):.3f} {unit}", f"before {median(theirs):.3f} {unit}",
               **at_most(middle_ratio(ours, theirs), most))


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
    options.add_argument("which", nargs="*", metavar="ROWS", help=f"of {', '.join(ROWS)}; else all")
    arguments = options.parse_args()
    if unknown := set(arguments.which) - set(ROWS):
        options.error(f"there are no rows {', '.join(unknown)}; there are {', '.join(ROWS)}")
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        made = Path(folder)
        with worktree(arguments.commit, made / "sources") as sources:
            here, there = Side(ROOT, made / "here"), Side(sources, made / "there")
            here.made.mkdir()
            there.made.mkdir()
            show(chain.from_iterable(ROWS[each](here, there, arguments.quick) for each in arguments.which or ROWS),
                 arguments.quick)


if __name__ == "__main__":
    main()
