"""What it costs to record a run: the CPU of whole programs with a record and without, and with --profile."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

import d4p_compile

from .measure import Row, at_most, in_turn, middle_ratio

WORKFLOW = Path(__file__).with_name("workflows") / "record.py"
BOOK = Path(__file__).resolve().parents[2] / "examples" / "wordcount" / "opticks.txt"
ROUNDS = 11
#: What is run, and on which targets: with how many items.
KINDS = {"words": 8, "integers": 3_000_000, "arrays": 40_000}
TARGETS = ("sequential", "processes")


def rows(quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="d4p-bench-record-") as folder:
        for kind, items in KINDS.items():
            for target in TARGETS:
                bundle = d4p_compile.compile(f"{WORKFLOW}:{kind}", target, 2, output=Path(folder) / f"{kind}-{target}",
                                             parameters=_parameters(kind, items // (10 if quick else 1)))
                none, recorded, profiled = in_turn(
                    3 if quick else ROUNDS, *(partial(cpu, bundle.script, folder, *words) for words in
                                              (["--no-record"], [], ["--profile"])))
                what, without = f"record, {kind}, {target}", f"none {median(none):.2f} s"
                yield Row(what, f"{median(recorded):.2f} s", without, **at_most(middle_ratio(recorded, none), 1.01))
                yield Row(f"{what}, --profile", f"{median(profiled):.2f} s", without,
                          **at_most(middle_ratio(profiled, none), 1.03))


def _parameters(kind: str, items: int) -> dict[str, object]:
    return {"items": items} | ({"path": str(BOOK)} if kind == "words" else {})


def cpu(script: Path, folder: str, *words: str) -> float:
    """Seconds of CPU that a program takes, with all its processes: a busy machine is felt less."""
    before = _children()
    subprocess.run([sys.executable, str(script), "-q", *words], check=True, stdout=subprocess.DEVNULL, timeout=600,
                   env={**os.environ, "D4P_RUNS": f"{folder}/runs"})  # fmt: skip
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
