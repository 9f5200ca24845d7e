"""Two cores beside one, for work that takes a core about a millisecond an item."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import d4p_compile

from .compiled import WORKFLOWS
from .measure import Row, alternating, at_least, seconds
from .workflows.cores import work

ITEMS, FEW, WANTED = 4000, 10, 1.8


def rows(quick: bool) -> Iterator[Row]:
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        yield Row("cores", "", "it needs two cores, and a system that can keep a process on one")
        return
    items, cores = ITEMS // 4 if quick else ITEMS, sorted(os.sched_getaffinity(0))[:2]
    rounds = rounds_of(1e-3)
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        calls = []
        for count in 1, 2:
            bundle = d4p_compile.compile(f"{WORKFLOWS / 'cores.py'}:pipeline", "processes", output=f"{folder}/{count}",
                                         parameters={"rounds": rounds, "instances": count})
            calls += [partial(run, bundle.script, set(cores[:count]), some, rounds) for some in (items, FEW)]
        one, one_few, two, two_few = alternating(1 if quick else 2, *calls)
    one, two = one - one_few, two - two_few
    yield Row(f"{items:,} items of {one / items * 1e3:.2f} ms: 2 cores | 1 core", f"{two:.2f} s", f"{one:.2f} s",
              **at_least(one / two, WANTED, f"{one / two:.2f} times", f">= {WANTED} times"))


def rounds_of(wanted: float) -> int:
    """How many rounds of `work` take about so many seconds here."""
    tried = 20_000
    return max(1, round(tried * wanted / min(seconds(work, 1, tried) for _ in range(5))))


def run(script: Path, cores: set[int], items: int, rounds: int) -> float:
    """The seconds of a program that may use some cores; its answer is checked."""
    command = [sys.executable, str(script), "-d", json.dumps({"source": [{"count": items}]})]
    out: list[str] = []
    taken = seconds(lambda: out.append(subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    ).stdout))  # fmt: skip
    wanted = f"answer {items} " + (str(sum(work(number, rounds) for number in range(FEW))) if items == FEW else "")
    if wanted not in out[0]:
        raise RuntimeError(f"{wanted} was wanted, and it said: {out[0]}")
    return taken
