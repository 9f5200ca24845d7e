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
from typing import Any

import d4p_compile
from d4p_compile.targets import mpi_here

from . import spark
from .compiled import WORKFLOWS, program
from .compiled import run as run_compiled
from .cores import rounds_of
from .measure import Row, alternating, at_least, at_most, seconds
from .workflows.cores import work

FEW = 10
#: Of 200 items that take 0.1 to 60 ms: 600 multiples of the least.
UNEVEN, LEAST = 200, 1e-4


def rows(quick: bool) -> Iterator[Row]:
    part, repeats = (4, 1) if quick else (1, 3)
    rounds = rounds_of(1e-3)
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        made = partial(_made, folder)
        alone = partial(_run, made("sweep", "sequential", rounds=rounds))
        for target in ("processes", "mpi"):
            if target == "mpi" and isinstance(missing := mpi_here.library(), str):
                yield Row("mpi", "", f"does not run here: {missing}")
                continue
            yield _sweep(target, 4000 // part, repeats, partial(_run, made("sweep", target, rounds=rounds)), alone)
        yield from _on_spark(4000 // part, repeats, rounds, alone)

        few = rounds_of(LEAST)
        uneven = made("sweep", rounds=few, uneven=True)
        ours, ours_few, pool = alternating(repeats, partial(_run, uneven, UNEVEN), partial(_run, uneven, FEW),
                                           partial(_by_pool, few))
        ours -= ours_few - sum(_cost(few, number) for number in range(FEW)) / 2
        yield _beside(f"{UNEVEN} items of 0.1 to 60 ms in turn: processes | Pool.imap", ours, pool, 1.1)

        parameters: Any
        for what, name, count, most, parameters in (
            ("items of 100 us, in order | any_order", "sweep", 20_000, 1.05, {"rounds": rounds_of(1e-4)}),
            ("integers, runs stay whole, in order | any_order", "integers", 4_000_000, 1.3, {}),
            ("pairs of integers, put back, in order | any_order", "put_back", 1_000_000, 2, {}),
            ("lines of ten words, counted by word in order | any_order", "words", 200_000, 1.2, {}),
        ):
            ordered, any_order = made(name, **parameters), made(name, **parameters, any_order=True)
            ours, other = _times(repeats, count // part, ordered, any_order, run=_cpu)
            yield _beside(f"{count // part:,} {what}, CPU of all processes", ours, other, most)

        ours, other = (int(_said(made("lame", any_order=each), 20_000 // part).split()[-1]) for each in (False, True))
        yield Row("memory of a fold behind two, one of which takes 100 times as long for an item of 64 KiB, in order | "
                  "any_order", f"{ours / 1024:.0f} MiB", f"{other / 1024:.0f} MiB")


#: Takes so many items, and gives the seconds.
Runs = Callable[[int], float]


def _sweep(target: str, items: int, repeats: int, ours: Runs, alone: Runs) -> Row:
    """Two cores beside one."""
    two, one = _beyond_few(repeats, items, ours, alone)
    return Row(f"{items:,} items of {one / items * 1e3:.2f} ms, a fold in order: {target} | sequential",
               f"{two:.2f} s", f"{one:.2f} s",
               **at_least(one / two, 1.8, f"{one / two:.2f} times", ">= 1.8 times"))


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


def _beside(what: str, ours: float, other: float, most: float) -> Row:
    return Row(what, f"{ours:.2f} s", f"{other:.2f} s", **at_most(ours / other, most))


def _made(folder: str, name: str, target: str = "processes", **parameters: object) -> Path:
    output = Path(folder, f"{name}-{target}-{len(os.listdir(folder))}")
    return d4p_compile.compile(f"{WORKFLOWS / 'order.py'}:{name}", target, output=output, parameters=parameters).script


def _times(repeats: int, items: int, *scripts: Path, run: Callable[[Path, int], float] | None = None) -> list[float]:
    """The seconds of programs."""
    return _beyond_few(repeats, items, *(partial(run or _run, script) for script in scripts))


def _beyond_few(repeats: int, items: int, *runs: Runs) -> list[float]:
    """The seconds that items take each, beyond a few."""
    calls: list[Callable[[], float]] = [partial(run, count) for run in runs for count in (items, FEW)]
    taken = alternating(repeats, *calls)
    return [all_items - few for all_items, few in zip(taken[::2], taken[1::2], strict=True)]


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
