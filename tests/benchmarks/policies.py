"""What a policy costs where nothing fails: the same stage with it and without."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from .compiled import program
from .hop import generated
from .measure import Row, alternating, at_most, seconds

ROUNDS = 40


def rows(quick: bool) -> Iterator[Row]:
    for hashes, items in ((0, 20_000), (1, 10_000), (10, 2_000)):
        for writes in (False, True):
            with ExitStack() as programs:
                feeds = []
                for on_error in (None, "skip", "retry:3,skip", "dead-letter:failed"):
                    names = programs.enter_context(
                        program("policies.py:hashing", "processes", 2, hashes=hashes, writes=writes, on_error=on_error))
                    feeds.append(generated(names)[1])
                gc.collect()
                none, skip, retry, aside = alternating(ROUNDS // (4 if quick else 1),
                                                *(partial(cpu, feed, range(items)) for feed in feeds))
            each, how = 1e9 / items, "written" if writes else "returned"
            what = f"policy, an item of {none * each / 1000:.1f} us that is {how}"
            yield Row(f"{what}, skip", f"{skip * each:.0f} ns", f"none {none * each:.0f} ns",
                      **(at_most(skip / none, 1.05) if hashes == 10 else {"ratio": f"{skip / none:.2f}"}))
            yield Row(f"{what}, dead-letter", f"{aside * each:.0f} ns", f"none {none * each:.0f} ns",
                      **(at_most(aside / none, 1.05) if hashes == 10 else {"ratio": f"{aside / none:.2f}"}))
            yield Row(f"{what}, retry", f"{retry * each:.0f} ns", f"none {none * each:.0f} ns",
                      ratio=f"{retry / none:.2f}")


    with program("policies.py:hashing", "processes", 2, hashes=0, writes=False, on_error=None, isolate=True) as names:
        stage, feed = generated(names)
        feed(range(10))
        items = 200 if quick else 2_000
        (taken,) = alternating(3, partial(seconds, feed, range(items)))
        stage.postprocess()
        stage.finish()
    yield Row("isolated, there and back", f"{taken / items * 1e6:.0f} us an item")


def cpu(feed: Callable[[range], None], items: range) -> float:
    """Seconds of CPU: a busy machine is felt less."""
    start = time.process_time()
    feed(items)
    return time.process_time() - start
