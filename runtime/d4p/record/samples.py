"""Figures over time: a sample a second at first, and half as many each time there are too many."""

from __future__ import annotations

from typing import Any

#: Samples that are kept at most, and instances' figures in all of them.
MOST, VALUES = 240, 40_000


class Samples:
    """What the instances had done at some moments, in order: {"at": seconds, "instances": [...]}."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []
        self.every = 1.0

    def due(self, seconds: float) -> bool:
        """Whether it is time for another, so many seconds after the run began."""
        return not self.all or seconds - self.all[-1]["at"] >= self.every

    def add(self, seconds: float, instances: list[Any]) -> None:
        """Add one: values of each instance."""
        self.all.append({"at": round(seconds, 3), "instances": instances})
        while len(self.all) > 1 and (len(self.all) > MOST or len(self.all) * len(instances) > VALUES):
            self.all = self.all[1::2]
            self.every *= 2
