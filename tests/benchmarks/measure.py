"""Side by side: alternate what is compared, so that a busy machine is busy for both, and take the fastest of each."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratio` is None where nothing ran; `wanted` is empty where nothing was promised."""

    what: str
    ours: str
    other: str = ""
    ratio: str = ""
    wanted: str = ""
    met: bool | None = None


def seconds(call: Callable[..., object], *arguments: object) -> float:
    """How long one call takes, with what earlier ones left behind cleared away."""
    gc.collect()
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def alternating(repeats: int, *calls: Callable[[], float]) -> list[float]:
    """Each call gives what it measured, in seconds; the least of each over all rounds."""
    taken = [[call() for call in calls] for _ in range(repeats)]
    return [min(column) for column in zip(*taken, strict=True)]


def in_turn(rounds: int, *calls: Callable[[], float]) -> list[list[float]]:
    """What each call measured in every round, the first of which is left out. Every second round begins with the last
    call, so that none always follows the same one."""
    taken = [[call() for call in (calls[::-1] if number % 2 else calls)] for number in range(rounds + 1)]
    return [list(column) for column in zip(*(each[::-1] if number % 2 else each
                                             for number, each in enumerate(taken) if number), strict=True)]


@dataclass(frozen=True)
class Command:
    """A program to be run: its words, what its environment has besides, and the folder that it works in."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None


def at_once(rounds: int, *commands: Command, width: int = 1) -> list[list[float]]:
    """The seconds of CPU that each program takes in every round, with all processes that it waits for.

    In a round all run at the same time on the same core, or on so many, which go round them every few milliseconds.
    So they have the same machine, whatever else it does meanwhile, and ratios of one round are known to half a
    hundredth, where those of programs that take turns are off by ten. Where `setarch` can have it so, all of a round
    have their memory at the same addresses, and their texts the same hashes, without which the same program differs
    more from itself. What a program does by the clock, and not for an item, it does so many times as often as if it
    were alone. Raises CalledProcessError.
    """
    still = ["setarch", "-R"] if shutil.which("setarch") else []
    taken: list[list[float]] = [[] for _ in commands]
    cores = sorted(os.sched_getaffinity(0))
    for number in range(rounds):
        mine = {cores[(number + each) % len(cores)] for each in range(width)}
        begun = []
        for at in range(len(commands)):  # none is the first each time
            which = (at + number) % len(commands)
            command = commands[which]
            begun.append((which, subprocess.Popen(
                [*still, *command.words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                cwd=command.folder, env={**os.environ, "PYTHONHASHSEED": str(number), **command.environment},
                preexec_fn=partial(os.sched_setaffinity, 0, mine))))  # fmt: skip
        for which, process in begun:
            assert process.stderr is not None
            with process.stderr:
                said = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, commands[which].words, stderr=said)
            taken[which].append(used.ru_utime + used.ru_stime)
    return taken


def middle_ratio(ours: list[float], other: list[float]) -> float:
    """The median of the ratios of one round: for differences of a hundredth, since a machine that others use may be
    twice as fast in one minute as in another, which the least of all rounds would take for a difference."""
    return median(mine / its for mine, its in zip(ours, other, strict=True))


def at_most(ratio: float, most: float) -> dict:
    """The last columns of a row for "ours takes at most so many times as long"."""
    return {"ratio": f"{ratio:.2f}", "wanted": f"<= {most:g}", "met": ratio <= most}


def at_least(value: float, least: float, shown: str, wanted: str) -> dict:
    """The last columns of a row for a speed."""
    return {"ratio": shown, "wanted": wanted, "met": value >= least}


def straight(sizes: list[int], taken: list[float]) -> tuple[float, float, float]:
    """The straight line `start + slope * size` nearest to what was taken, and how far from it the worst is, as a share
    of what it took."""
    import numpy as np

    slope, start = np.polyfit(sizes, taken, 1)
    return start, slope, max(abs(start + slope * size - t) / t for size, t in zip(sizes, taken, strict=True))
