"""Files that are too many and too small."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares
from ..sizes import size
from .found import SHORT, Verdict, percent

#: So many files, of fewer bytes on average: to open one takes about as long as to read so much.
MANY, SMALL = 500, 64 << 10
#: Of the run that the stage of the reader takes.
READING = 0.4


def small_files(run: Run, shares: Shares) -> Iterator[Verdict]:
    """A reader that has many small files to open, and is at that for much of the run."""
    if shares.working < SHORT:
        return
    sizes: dict[str, list[int]] = defaultdict(list)
    for each in run.inputs:
        if isinstance(each.get("size"), int) and isinstance(each.get("pe"), str):
            sizes[each["pe"]].append(each["size"])
    for pe, found in sizes.items():
        stage, mean = shares.stage_of(pe), sum(found) / len(found)
        if stage is None or len(found) < MANY or mean > SMALL or stage.least(shares.width) < READING * shares.working:
            continue
        if stage.inside and stage.inside.get(pe, 0.0) < READING:
            continue
        yield Verdict(
            "small_files", f"{pe} reads {len(found):,} files of {size(mean)} on average, and its stage takes "
            f"{percent(stage.least(shares.width) / shares.working)} of the run: opening them takes longer than reading",
            stage.number, ("join them into fewer and larger files once (a Parquet file, a tar, one text)",), pe)
