"""At which points of a run a worker is killed."""

from __future__ import annotations

import itertools
import random
from dataclasses import asdict, dataclass
from typing import Any

#: The moments of an instance's life beside its items.
OTHERS = ("postprocess", "rename", "preprocess", "finished")


@dataclass(frozen=True)
class Point:
    """One instance of a stage is killed at a moment, or (None) the first that comes to it; at `item`, once it has
    processed so many."""

    stage: int
    instance: int | None
    moment: str
    item: int | None = None

    def __str__(self) -> str:
        when = f"item {self.item}" if self.moment == "item" else self.moment
        return f"stage {self.stage}, instance {self.instance}, {when}"

    def wanted(self, **more: Any) -> dict[str, Any]:
        """For D4P_CHAOS."""
        return asdict(self) | more


def points(lives: list[dict[str, Any]], count: int, seed: str) -> list[Point]:
    """`count` points in the lives of instances (what killing.py counted). Half of them are items, from the first to the
    last that some instance has; the others take turns among the other moments, the first by the seed. Who is killed is
    drawn by the seed."""
    rng = random.Random(seed)
    lives = sorted(lives, key=lambda life: (life["stage"], life["instance"]))
    busy = [life for life in lives if life["items"]]
    writers = [life for life in lives if life["renames"]]
    found, items = [], (count + 1) // 2
    for number in range(items):
        life = rng.choice(busy)
        share = number / (items - 1) if items > 1 else rng.random()
        found.append(Point(life["stage"], life["instance"], "item", 1 + round(share * (life["items"] - 1))))
    first = rng.randrange(len(OTHERS))
    for moment in itertools.islice(itertools.cycle(OTHERS), first, first + count - items):
        life = rng.choice(writers if moment == "rename" and writers else lives)
        if moment == "rename" and not writers:
            moment = "finished"
        found.append(Point(life["stage"], life["instance"], moment))
    return found
