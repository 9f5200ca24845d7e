"""The same work on other systems: a pipeline of four PEs, of small items and of arrays, and a word count."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from ..measure import Row, at_least
from ..words import write_text
from . import dispel4py_graphs, scripts
from .environments import NotInstalled
from .running import Failed, Given, Measured
from .work import expected

SAID = {"numbers": "4 PEs, integers", "arrays": "4 PEs, arrays of 64 KiB", "words": "word count"}
FEW = 10
#: How many items of each kind: for ours, and for others as many as they do in some seconds.
OURS = {"numbers": 4_000_000, "arrays": 40_000, "words": 10_000_000}
APART = {"numbers": 2_000_000, "arrays": 20_000, "words": 4_000_000}
THEIRS = {
    "multi": {"numbers": 200_000, "arrays": 10_000, "words": 400_000},
    "mpi": {"numbers": 200_000, "arrays": 10_000, "words": 400_000},
    "Apache Beam": {"numbers": 500_000, "arrays": 10_000, "words": 1_000_000},
    "Bytewax": {"numbers": 1_000_000, "arrays": 20_000, "words": 1_000_000},
    "Dask bag": {"numbers": 4_000_000, "arrays": 20_000, "words": 10_000_000},
    "Ray Data": {"numbers": 4_000_000, "arrays": 20_000, "words": 10_000_000},
}
Run = Callable[[Given, Path], Measured]


def rows(quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as made:
        folder = Path(made)
        given = cache(partial(_given, folder))

        def share(items: int) -> int:
            return items // 10 if quick else items

        for kind, what in SAID.items():
            best = dispel4py_graphs.ours("processes", False, given(kind, share(OURS[kind])), folder)
            apart = dispel4py_graphs.ours("processes", True, given(kind, share(APART[kind])), folder)
            yield Row(f"{what}: as planned | each PE apart", str(best), str(apart), f"{best.speed / apart.speed:.1f}")
            for name, system, run in _others():
                try:
                    yield _row(what, best, apart, run(given(kind, share(THEIRS[system][kind])), folder))
                except (Failed, NotInstalled) as error:
                    yield Row(f"{what}: {name}", f"{best.speed:,.0f} items/s", f"{error}"[:200])


def _others() -> Iterator[tuple[str, str, Run]]:
    for mapping in "multi", "mpi":
        yield f"dispel4py, {mapping}", mapping, partial(dispel4py_graphs.theirs, mapping)
    for system, (_, _, variants) in scripts.SCRIPTS.items():
        for variant in variants:
            yield f"{system}, {variant}", system, partial(scripts.run, system, variant)


def _row(what: str, best: Measured, apart: Measured, other: Measured) -> Row:
    ratio, of_apart = best.speed / other.speed, apart.speed / other.speed
    return Row(f"{what}: {other.name}", f"{best.speed:,.0f} items/s", str(other),
               **at_least(ratio, 1, f"{ratio:.1f} times, apart {of_apart:.1f}", "> 1 times"))


def _given(folder: Path, kind: str, items: int) -> Given:
    """The work; the text of a word count is written the first time."""
    if kind != "words":
        return Given(kind, items, str(FEW), str(items), expected(kind, items))
    texts = {count: folder / f"{count}.txt" for count in (FEW, items)}
    for count, text in texts.items():
        if not text.exists():
            write_text(text, count)
    return Given(kind, items, str(texts[FEW]), str(texts[items]), expected(kind, items, str(texts[items])))
