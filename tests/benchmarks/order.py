"""What order costs, and how evenly work is shared: programs for processes beside one core, a pool by hand, and the same
programs where the last PE says `any_order`."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import d4p_compile
from d4p_compile.targets import mpi_here

from . import spark
from .compiled import WORKFLOWS, program
from .compiled import run as run_compiled
from .cores import rounds_of
from .measure import Row, at_least, at_most, in_turn, middle_ratio, seconds
from .workflows.cores import work

FEW = 10
#: Of 200 items that take 0.1 to 60 ms: 600 multiples of the least.
UNEVEN, LEAST = 200, 1e-4


def rows(quick: bool) -> Iterator[Row]:
    part, rounds_each = (4, 1) if quick else (1, 5)
    rounds = rounds_of(1e-3)
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        made = partial(_made, folder)
        alone = partial(_run, made("sweep", "sequential", rounds=rounds))
        for target in ("processes", "mpi"):
            if target == "mpi" and isinstance(missing := mpi_here.library(), str):
                yield Row("mpi", "", f"does not run here: {missing}")
                continue
            yield _sweep(target, 4000 // part, rounds_each, partial(_run, made("sweep", target, rounds=rounds)), alone)
        times = middle_ratio(*in_turn(rounds_each, lambda: seconds(_half, 0, 4000 // part, 2 * rounds),
                                      partial(_two_by_hand, 4000 // part, rounds)))
        yield Row(f"{4000 // part:,} items of a millisecond, by hand, nothing exchanged: two processes | one", "", "",
                  f"{times:.2f} times")
        yield from _on_spark(4000 // part, rounds_each, rounds, alone)

        few = rounds_of(LEAST)
        uneven = made("sweep", rounds=few, uneven=True)

        def ours() -> float:
            return _run(uneven, UNEVEN) - _run(uneven, FEW) + sum(_cost(few, number) for number in range(FEW)) / 2

        yield _beside(f"{UNEVEN} items of 0.1 to 60 ms in turn: processes | Pool.imap", 1.1,
                      *in_turn(rounds_each, ours, partial(_by_pool, few)))

        parameters: Any
        for what, name, count, most, parameters in (
            ("items of 100 us, in order | any_order", "sweep", 20_000, 1.05, {"rounds": rounds_of(1e-4)}),
            ("integers, runs stay whole, in order | any_order", "integers", 4_000_000, 1.3, {}),
            ("pairs of integers, put back, in order | any_order", "put_back", 1_000_000, 2, {}),
            ("lines of ten words, counted by word in order | any_order", "words", 200_000, 1.2, {}),
        ):
            ordered, any_order = made(name, **parameters), made(name, **parameters, any_order=True)
            yield _beside(f"{count // part:,} {what}, CPU of all processes", most,
                          *_beyond_few(rounds_each, count // part, partial(_cpu, ordered), partial(_cpu, any_order)))

        held, other = (int(_said(made("lame", any_order=each), 20_000 // part).split()[-1]) for each in (False, True))
        yield Row("memory of a fold behind two, one of which takes 100 times as long for an item of 64 KiB, in order | "
                  "any_order", f"{held / 1024:.0f} MiB", f"{other / 1024:.0f} MiB")


#: Takes so many items, and gives the seconds.
Runs = Callable[[int], float]


def _sweep(target: str, items: int, rounds: int, ours: Runs, alone: Runs) -> Row:
    """Two cores beside one."""
    two, one = _beyond_few(rounds, items, ours, alone)
    times = middle_ratio(one, two)
    return Row(f"{items:,} items of {median(one) / items * 1e3:.2f} ms, a fold in order: {target} | sequential",
               f"{median(two):.2f} s", f"{median(one):.2f} s",
               **at_least(times, 1.8, f"{times:.2f} times", ">= 1.8 times"))


def _on_spark(items: int, repeats: int, rounds: int, alone: Runs) -> Iterator[Row]:
    """The same in a session that is warm."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        yield Row("Spark", "", "does not run here: no pyspark")
        return
    with spark.session(), program("order.py:sweep", "spark-rdd", rounds=rounds) as names:

        def ours(count: int) -> float:
            return seconds(run_compiled, names, names["spark_rdd"], {"source": [{"count": count}]})

        ours(FEW)
        yield _sweep("spark-rdd", items, repeats, ours, alone)


def _beside(what: str, most: float, ours: list[float], other: list[float]) -> Row:
    return Row(what, f"{median(ours):.2f} s", f"{median(other):.2f} s", **at_most(middle_ratio(ours, other), most))


def _made(folder: str, name: str, target: str = "processes", **parameters: object) -> Path:
    output = Path(folder, f"{name}-{target}-{len(os.listdir(folder))}")
    return d4p_compile.compile(f"{WORKFLOWS / 'order.py'}:{name}", target, output=output, parameters=parameters).script


def _beyond_few(rounds: int, items: int, *runs: Runs) -> list[list[float]]:
    """The seconds that items take each in every round, beyond a few."""
    return in_turn(rounds, *(partial(lambda run: run(items) - run(FEW), run) for run in runs))


def _two_by_hand(items: int, rounds: int) -> float:
    """The same items in two processes that tell each other nothing."""
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_half, args=(start, items, rounds)) for start in (0, 1)]

    def run() -> None:
        for process in both:
            process.start()
        for process in both:
            process.join()

    return seconds(run)


def _half(start: int, items: int, rounds: int) -> None:
    for number in range(start, items, 2):
        work(number, rounds)


def _run(script: Path, items: int) -> float:
    return seconds(_said, script, items)


def _cpu(script: Path, items: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _said(script, items)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _said(script: Path, items: int) -> str:
    """The line of a program's answer."""
    command, environment = [sys.executable, str(script), "-d", json.dumps({"source": [{"count": items}]})], {}
    if "mpi" in script.parent.name:
        command[:0] = [*_launcher(), "-n", "2"]
        environment = mpi_here.as_root() if os.geteuid() == 0 else {}
    environment = {**os.environ, **environment}
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout
    answers = [line for line in out.splitlines() if line.startswith("answer ")]
    if len(answers) != 1:
        raise RuntimeError(f"one line with the answer was wanted, and it said: {out}")
    return answers[0]


def _launcher() -> list[str]:
    library = mpi_here.library()
    return [] if isinstance(library, str) else [mpi_here.mpiexec(library) or "mpiexec"]


def _cost(rounds: int, number: int) -> float:
    return seconds(work, number, rounds * _times_of(number))


def _times_of(number: int) -> int:
    return 1 + number * 7919 % 600


def _uneven(rounds: int, number: int) -> int:
    return work(number, rounds * _times_of(number))


def _by_pool(rounds: int) -> float:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        list(pool.imap(abs, range(4)))  # it has started
        return seconds(lambda: sum(pool.imap(partial(_uneven, rounds), range(UNEVEN), chunksize=1)))
