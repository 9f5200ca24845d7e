"""The same work on other systems: a pipeline of four PEs, of small items and of arrays, and a word count."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
APART = "each PE apart"
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
            items = ITEMS[form][kind] // (4 if quick else 1)  # fewer are done before it can be told
            few, all_items = (text(FEW), text(items)) if kind == "words" else (str(FEW), str(items))
            return Given(kind, items, few, all_items, expected(kind, items, all_items))

        for kind, what in SAID.items():
            one, apart, split = (given(form, kind) for form in ("one source", "each PE apart", "in splits"))
            ours = {
                WRITES: _tried(graphs.ours, "processes", kind, one, folder),
                APART: _tried(graphs.ours, "processes", f"{kind}_apart", apart, folder),
                OWN: _tried(graphs.ours_in_splits, "processes", one, folder, 1),
                SPLIT: _tried(graphs.ours_in_splits, "processes", split, folder, 2),
            }
            for name, beside in (WRITES, APART), (OWN, WRITES), (SPLIT, OWN):
                yield _row(what, name, ours[name], beside, ours[beside])
            for other in _others():
                theirs = _tried(other.run, given(other.form, kind), folder)
                yield _row(what, other.like, ours[other.like], other.name, theirs, ahead=True)
                if other.like == OWN:
                    yield _row(what, WRITES, ours[WRITES], other.name, theirs)


def _tried(run: Callable[..., Measured], *arguments: object) -> Measured | str:
    """What comes of it, or why nothing does."""
    try:
        return run(*arguments)
    except (Failed, NotInstalled) as error:
        return f"{error}"[:200]


def _row(what: str, ours: str, mine: Measured | str, name: str, theirs: Measured | str, ahead: bool = False) -> Row:
    """One of ours beside another, which it is to be `ahead` of."""
    if isinstance(mine, str) or isinstance(theirs, str):
        return Row(f"{what}: {ours} | {name}", str(mine), str(theirs))
    ratio, label = mine.speed / theirs.speed, name if theirs.name == mine.name else theirs.name
    row = Row(f"{what}: {ours} | {label}", str(mine), str(theirs), f"{ratio:.2f} times")
    return replace(row, **at_least(ratio, 1, row.ratio, "> 1 times")) if ahead else row


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
