"""What is seen of PEs that work in a process beside their instance's: figures that go with its answers."""

from __future__ import annotations

import heapq
from typing import Any

from d4p.stage.figures import together
from d4p.stage.inhand import MOST

#: Of a stage's figures, those that only the process can tell that has its PEs.
_ITS = ("cpu", "slowest", "profile", "within")


def seen(report: dict[str, Any]) -> dict[str, Any]:
    """Of a report what goes with an answer."""
    return {name: report["figures"][name] for name in _ITS}


class Seen:
    """The figures of all processes of an instance, one after the other."""

    def __init__(self) -> None:
        self._before: dict[str, Any] = {"cpu": 0.0, "slowest": [], "profile": {}, "within": {}}
        self._now = self._before

    @property
    def cpu(self) -> float | None:
        """CPU seconds; None where the system doesn't tell."""
        return self._now["cpu"]

    def figures(self) -> dict[str, Any]:
        """All but CPU seconds: `slowest` (seconds, PE, number of the item), the longest first; `within` and `profile`,
        by PE."""
        return {name: value for name, value in self._now.items() if name != "cpu"}

    def now(self, figures: dict[str, Any]) -> None:
        """The process that works says what it has seen so far."""
        before = self._before
        self._now = {
            "cpu": together((before["cpu"], figures["cpu"])),
            "slowest": heapq.nlargest(MOST, [*before["slowest"], *figures["slowest"]]),
            "within": {pe: before["within"].get(pe, 0.0) + figures["within"].get(pe, 0.0)
                       for pe in {**before["within"], **figures["within"]}},
            "profile": {pe: [mine + its for mine, its in zip(before["profile"].get(pe, (0.0, 0)), found, strict=True)]
                        for pe, found in figures["profile"].items()},
        }  # fmt: skip

    def lost(self) -> None:
        """That process is no more."""
        self._before = self._now
