"""When a run with cycles is at rest, and what comes then.

In a cycle nobody can wait for the end of what feeds him. So each instance counts the parcels it has sent and those it
has received, and reports both whenever it has nothing to do. The run is at rest when all have reported the same twice,
the second time after the last had reported the first, and as much was received as was sent: then nothing was on its way
in between (F. Mattern, "Algorithms for distributed termination detection", Distributed Computing 2, 1987: the
four-counter method). At rest the PEs' instances run `postprocess`, one at a time, and what one writes comes to rest
before the next.

The coordinator knows nothing of how an engine's messages travel: they may overtake one another, but not those between
it and one instance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

ASK, POSTPROCESS, END = "ask", "postprocess", "end"


class Command(NamedTuple):
    """What an instance is to do: `ask` (report what it has counted), `postprocess` (of one PE), or `end`.

    Commands of a run are numbered from 1; an instance says with what it reports which one it has followed last.
    """

    number: int
    what: str
    pe: str = ""


class StatusReport(NamedTuple):
    """What an instance reports when it has nothing to do and holds nothing back: the number of the last command that it
    has followed (0 before the first), and how many parcels it has sent and received so far."""

    number: int
    sent: int
    received: int


class Tally:
    """What one instance has followed, counted and reported."""

    def __init__(self) -> None:
        self.number = self.received = 0
        self._last: StatusReport | None = None

    @property
    def owes(self) -> bool:
        """Whether it has reported nothing yet of the last command that it has followed."""
        return self._last is None or self._last.number < self.number

    def news(self, sent: int) -> StatusReport | None:
        """What to report, with the number of parcels sent so far; None where all of it has been reported."""
        report = StatusReport(self.number, sent, self.received)
        if report == self._last:
            return None
        self._last = report
        return report


class Coordinator:
    """Finds out when a run is at rest, lets the instances run `postprocess` one after another, and ends the run.

    Args:
        pes: the PEs of each instance, by what names it, in order.
        order: the PEs in the order in which they run `postprocess`, each with all its instances.
    """

    def __init__(self, pes: Mapping[Any, Collection[str]], order: Iterable[str]) -> None:
        self._instances = list(pes)
        self._left = deque((i, pe) for pe in order for i in self._instances if pe in pes[i])
        self._reports: dict[Any, StatusReport] = {}
        self._due = dict.fromkeys(self._instances, 0)  # the last command of each
        self._number = 0
        self._before: dict[Any, tuple[int, ...]] = {}  # what all had counted when they were asked last
        self.ended = False

    def take(self, instance: Any, report: StatusReport) -> list[tuple[Any, Command]]:
        """What to command whom, as an instance has reported this: at most one command each, until it is followed."""
        self._reports[instance] = report
        if self.ended or any(i not in self._reports or self._reports[i].number < due for i, due in self._due.items()):
            return []
        if sum(t.sent for t in self._reports.values()) != sum(t.received for t in self._reports.values()):
            return []  # something is on its way to somebody, who will report again
        counted = {i: t[1:] for i, t in self._reports.items()}
        if counted != self._before:
            self._before = counted
            return self._commands(self._instances, ASK)
        if self._left:
            instance, pe = self._left.popleft()
            return self._commands([instance], POSTPROCESS, pe)
        self.ended = True
        return self._commands(self._instances, END)

    def _commands(self, to: list[Any], what: str, pe: str = "") -> list[tuple[Any, Command]]:
        self._number += 1
        self._due.update(dict.fromkeys(to, self._number))
        return [(instance, Command(self._number, what, pe)) for instance in to]
