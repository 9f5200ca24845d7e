"""One run of a system: the command, its answer checked, and the seconds that its items took."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Seconds after which a system is given up.
PATIENCE = 120.0


class Failed(Exception):
    """A system that did not give the answer."""


@dataclass(frozen=True)
class Given:
    """The work of one kind: how many items; what they are, as a number or a file, and so a few of them, which are what
    is taken off; and the right answer."""

    kind: str
    items: int
    few: str
    all: str
    answer: list[int]


@dataclass(frozen=True)
class Measured:
    """What came of it: `start` is what the same takes the first time with few items; that is not in `seconds`."""

    name: str
    items: int
    seconds: float
    start: float

    @property
    def speed(self) -> float:
        """Items a second."""
        return self.items / self.seconds

    def __str__(self) -> str:
        return f"{self.speed:,.0f} items/s ({self.items:,} in {self.seconds:.1f} s, start {self.start:.1f} s)"


def said(command: list[str], cwd: Path, environment: Mapping[str, str] = {}) -> tuple[str, float]:  # noqa: B006
    """What a command prints, and its seconds. Raises Failed."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, errors = process.communicate(timeout=PATIENCE)
        taken = time.perf_counter() - begun
    except subprocess.TimeoutExpired:
        raise Failed(f"no answer within {PATIENCE:.0f} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with what it started and left
        process.wait()
    if process.returncode:
        lines = errors.strip().splitlines() or ["it said nothing"]
        raise Failed(f"exit status {process.returncode}: {lines[-1]}")
    return out, taken


def measured(name: str, given: Given, answer: list[int], start: float, few: float, all_items: float) -> Measured:
    """A measurement from the seconds of few items the first time, of few, and of all; if the answer is right. Raises
    Failed."""
    if answer != given.answer:
        raise Failed(f"a wrong answer: {answer} instead of {given.answer}")
    if all_items - few < few / 4:
        raise Failed(f"too short to tell: {all_items:.2f} s with all items, {few:.2f} s with few")
    return Measured(name, given.items, all_items - few, start)
