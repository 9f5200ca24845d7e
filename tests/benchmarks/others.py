"""The same work on other systems: a pipeline of four PEs, of small items and of arrays, and a word count."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from . import graphs, scripts
from .environments import NotInstalled
from .measure import Row, at_least
from .running import Failed, Given, Measured
from .systems.work import expected
from .words import write_text

SAID = {"numbers": "4 PEs, integers", "arrays": "4 PEs, arrays of 64 KiB", "words": "word count"}
FEW = 10
#: Our programs: the file that dispel4py runs, too; d4p's own PEs with one instance of each; and with two.
WRITES, OWN, SPLIT = "dispel4py's file", "own reader, one source", "own reader, in splits"
#: How many items of each kind: as many as are done in some seconds.
ITEMS = {
    "one source": {"numbers": 4_000_000, "arrays": 100_000, "words": 10_000_000},
    "each PE apart": {"numbers": 2_000_000, "arrays": 20_000, "words": 4_000_000},
    "in splits": {"numbers": 8_000_000, "arrays": 200_000, "words": 10_000_000},
    "multi": {"numbers": 200_000, "arrays": 10_000, "words": 400_000},
    "mpi": {"numbers": 100_000, "arrays": 10_000, "words": 200_000},
    "Apache Beam": {"numbers": 2_000_000, "arrays": 60_000, "words": 2_000_000},
    "Bytewax": {"numbers": 8_000_000, "arrays": 40_000, "words": 2_000_000},
    "Dask bag": {"numbers": 8_000_000, "arrays": 200_000, "words": 10_000_000},
    "Ray Data": {"numbers": 4_000_000, "arrays": 20_000, "words": 10_000_000},
}
Run = Callable[[Given, Path], Measured]


@dataclass(frozen=True)
class Other:
    """Another system: the name of its ITEMS, how it is run, and which program of ours is the like of it."""

    name: str
    form: str
    run: Run
    like: str


def rows(quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as made:
        folder = Path(made)
        text = cache(partial(_text, folder))

        def given(form: str, kind: str) -> Given:
            items = ITEMS[form][kind] // (10 if quick else 1)
            few, all_items = (text(FEW), text(items)) if kind == "words" else (str(FEW), str(items))
            return Given(kind, items, few, all_items, expected(kind, items, all_items))

        for kind, what in SAID.items():
            one = graphs.ours("processes", kind, given("one source", kind), folder)
            apart = graphs.ours("processes", f"{kind}_apart", given("each PE apart", kind), folder)
            own = graphs.ours_in_splits("processes", given("one source", kind), folder, instances=1)
            split = graphs.ours_in_splits("processes", given("in splits", kind), folder, instances=2)
            ours = {WRITES: one, OWN: own, SPLIT: split}
            yield Row(f"{what}: {WRITES} | each PE apart", str(one), str(apart), f"{one.speed / apart.speed:.1f}")
            yield Row(f"{what}: {OWN} | {WRITES}", str(own), str(one), f"{own.speed / one.speed:.1f}")
            yield Row(f"{what}: {SPLIT} | {OWN}", str(split), str(own), f"{split.speed / own.speed:.1f}")
            for other in _others():
                mine = ours[other.like]
                try:
                    theirs = other.run(given(other.form, kind), folder)
                except (Failed, NotInstalled) as error:
                    yield Row(f"{what}: {other.like} | {other.name}", f"{mine.speed:,.0f} items/s", f"{error}"[:200])
                    continue
                ratio = mine.speed / theirs.speed
                yield Row(f"{what}: {other.like} | {theirs.name}", f"{mine.speed:,.0f} items/s", str(theirs),
                          **at_least(ratio, 1, f"{ratio:.2f} times", "> 1 times"))
                if other.like == OWN:
                    yield Row(f"{what}: {WRITES} | {theirs.name}", f"{one.speed:,.0f} items/s", str(theirs),
                              f"{one.speed / theirs.speed:.2f} times")


def _others() -> Iterator[Other]:
    for mapping in "multi", "mpi":
        yield Other(f"dispel4py, {mapping}", mapping, partial(graphs.theirs, mapping), WRITES)
    for system in scripts.SYSTEMS:
        for variant in system.variants:
            run = partial(scripts.run, system, variant)
            yield Other(f"{system.name}, {variant.name}", system.name, run, SPLIT if variant.in_splits else OWN)


def _text(folder: Path, words: int) -> str:
    """A file with so many words."""
    path = folder / f"{words}.txt"
    write_text(path, words)
    return str(path)
