"""An engine whose start is most of the run."""

from __future__ import annotations

from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares
from .found import SHORT, Verdict, command, said

#: Of a run: an engine that takes half of it to start is worth a word.
START = 0.5


def engine_start(run: Run, shares: Shares) -> Iterator[Verdict]:
    """An engine whose start, and what it needs for itself between stages, is most of the run."""
    own = shares.moving - shares.alive
    if shares.starting + own >= START * shares.seconds and shares.seconds >= SHORT:
        between = f", and what it does for itself {said(own)}" if own >= 0.1 * shares.seconds else ""
        yield Verdict(
            "engine_start", f"starting the engine took {said(shares.starting)} of {said(shares.seconds)}{between}; "
            f"items moved for {said(shares.alive)}", None,
            (f"for so few data an engine that starts sooner: {command(run, '--target processes')}",))  # fmt: skip
