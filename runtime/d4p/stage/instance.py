"""One instance of a stage at work, from preprocess to postprocess and the end, and what is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from d4p.host import forks
from d4p.items.packing import unpack
from d4p.places.unplaced import ITEMS, POSTPROCESS, PREPROCESS
from d4p.stage.inhand import Slowest
from d4p.stage.wiring import Wiring


class Stage(Wiring):
    """What an engine works with: a `Wiring` that it runs from `preprocess` to `finish`."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        forks.own()
        self.given: dict[str, int] = {}
        self.pieces: dict[str, list[int]] = {}
        self.ended = False
        self.slowest = Slowest()
        self.depth: Callable[[], int] = int  # bytes that wait for it; the engine's
        self.profile: Callable[[], dict[str, Any]] = dict  # of its PEs' calls, where they are timed
        self._again = ""

    def report(self) -> dict[str, Any]:
        """Items received by each PE (and written at ports that nobody else counts), those that PEs are known to
        receive, pieces that readers have read and those there are, items and bytes sent on each edge, and to each
        instance of its consumer, what was kept, or why that can't be, and where the time went. Another thread may ask
        for it, and while the stage is still being made, too."""
        return {
            "stage": self.number,
            "instance": self.index,
            "received": self.counts(),
            "expected": self._expected(),
            "pieces": {reader: tuple(pieces) for reader, pieces in list(self.pieces.items())},
            "ended": self.ended,
            "sent": {edge: count() for edge, count in list(self._sent.items())},
            "moved": {edge: lanes.moved for edge, lanes in list(self._moved.items())},
            "results": dict(self._results),
            "again": self._again,
            "failures": {each.name: each.failures.so_far() for each in [*self._on_error.values(), *self._reading]},
            "lanes": {edge: found for edge, lanes in list(self._moved.items())
                      if (found := lanes.by_consumer(self.ended))},
            "figures": {**self.clock.report(), "waits": self.depth(), "slowest": self.slowest.report(),
                        "profile": self.profile(),
                        "within": {pe: round(seconds, 3) for pe, seconds in list(self.slowest.within.items())}},
            **self._outputs.report(),
        }

    def _expected(self) -> dict[str, int]:
        """Items that roots are given, and that PEs will have received of those that make pairs of all that has come."""
        found: Counter[str] = Counter(self.given)
        for name, pe in zip(self.names, self.pes, strict=False):  # the PEs are taken one by one
            if hasattr(pe, "expected") and getattr(pe, "in_turns", False):
                for source, _, dest, _ in self._workflow.edges():
                    if source == name:
                        found[dest] += cast(Any, pe).expected()
        return dict(found)

    def kept(self, cyclic: bool = False) -> bool:
        """Whether all that this instance writes is whole from an earlier run, so that it needs no running: to be asked
        before `preprocess`. An instance that sends something to others can't be left out, nor one that takes
        from them what may be something else in every run, nor one in a cycle."""
        if never := self._never_kept(cyclic):
            if self._outputs.asked:
                self._again = f"stage {self.number} ({' > '.join(self.names)}): {never}"
            return False
        if not self._outputs.are_kept(self.pes):
            return False
        received, self._results = self._outputs.kept_counts()
        self.counts = lambda: received
        self.ended = True
        return True

    def _never_kept(self, cyclic: bool) -> str:
        """Why this instance is run again whatever an earlier run wrote; "" if it needn't."""
        if self._sent:
            return f"others need again what it sends them ({', '.join(self._sent)})"
        if any(isinstance(entry, int) for entry in self.entries):
            if cyclic:
                return "the workflow has a cycle, and what comes of that may be something else in each run"
            if not self._repeatable:
                return "what others send it may come in another order, or to another instance, in each run"
        if policed := ", ".join(name for name in self.names if name in self._workflow.policies):
            return f"which items {policed} failed at is known of this run alone"
        return self._outputs.never_kept(self.pes)

    def preprocess(self) -> None:
        """Run every PE's `preprocess`, consumers first, so that what one writes there finds the next one ready."""
        for name in reversed(self.names):
            self.preprocess_pe(name)

    def preprocess_pe(self, name: str) -> None:
        self._begin_preprocess(name)
        before = self.clock.enter("preprocess")
        with self._writing_at_once(name):
            self._guard(self._pe(name).preprocess, at=(name, "preprocess"))
        self.clock.enter(before)
        if name == self.names[0]:  # the last: one may have put something else in the place of what is written out
            self._same_as_written()

    def _begin_preprocess(self, name: str) -> None:
        if self.marks:
            self.passing.own((PREPROCESS - self._workflow.postprocess_order.index(name), self.index))

    def merging(self, producers: dict[int, int], folder: str, unpacked: Callable[[Any], list[Any]] = unpack) -> None:
        """Take what comes on some channels in the order of the sequential run; `producers` are how many instances send
        on each, and what must wait for much else lies in a folder where that is much. `unpacked` makes items of a batch
        that came."""
        if not producers:
            return
        from d4p.places.merge import merge_of  # here, since a program of one stage has nothing to merge
        from d4p.places.passing import Passing

        self.passing = Passing(self.marks, merge_of(producers, folder, unpacked), self._step, self._last(self.names[0]))

    @property
    def tells_places(self) -> bool:
        """Whether it is one of several instances whose items are put in order further on."""
        return self.instances > 1 and bool(self.marks)

    @property
    def reads_in_turn(self) -> bool:
        """Whether splits that follow one another go to one instance after the other, so that what is awaited further on
        is read first."""
        return self.tells_places and not self.in_blocks

    def begin_split(self, number: int) -> None:
        """What is written from now on comes of a reader's split."""
        if self.tells_places:
            self.passing.own((ITEMS, number))

    def fed(self, root: str, items: int | None = None, pieces: int | None = None) -> Callable[[], None]:
        """Note how many items a root is given, or how many pieces a reader's input has; gives the function that notes
        that one piece is read."""
        if items is not None:
            self.given[root] = items
        if pieces is None:
            return lambda: None
        noted = self.pieces[root] = [0, pieces]

        def read() -> None:
            noted[0] += 1

        return read

    def feed(self, entry: int | str, items: Iterable[Any]) -> None:
        """Hand items to a root or to the consumer of a channel. Raises PeFailed naming the PE at fault."""
        before = self.clock.enter("working")
        self._guard(self.entries[entry], items)
        self.clock.enter(before)

    def taker(self, entry: int | str) -> Callable[[Iterable[Any]], None]:
        """What hands items over in the same way, where so few come at a time that to look at the clock would cost more
        than to take them."""
        return partial(self._guard, self.entries[entry])

    def take_in(self, name: str, count: int, values: tuple) -> None:
        """Take what the engine made of `count` items for an aggregate PE into its state."""
        self._guard(cast(Any, self._pe(name))._d4p_take_in, count, values)
        self._taken_in[name] += count

    def postprocess(self) -> None:
        """Run every PE's `postprocess` in topological order; what one writes has gone on before the next."""
        for name in self.names:
            self.postprocess_pe(name)

    def postprocess_pe(self, name: str) -> None:
        if name in self._limits:
            self._limits[name].in_process = False
        self._begin_postprocess(name)
        before = self.clock.enter("postprocess")
        with self._writing_at_once(name):
            self._guard(self._pe(name).postprocess, at=(name, "postprocess"))
        self.clock.enter(before)

    def _begin_postprocess(self, name: str) -> None:
        if self.marks:
            self.passing.own(self._last(name))

    def _last(self, name: str) -> tuple[int, int]:
        """The place of what a PE writes in `postprocess`."""
        return POSTPROCESS + self._workflow.postprocess_order.index(name), self.index

    @contextmanager
    def _writing_at_once(self, name: str) -> Iterator[None]:
        """What the PE writes meanwhile is of no item, and waits for none."""
        on_error = self._on_error.get(id(self._pe(name)))
        if on_error:
            on_error.writes.at_once(True)
        yield
        if on_error:
            on_error.writes.at_once(False)

    def finish(self) -> None:
        """Called after the last `postprocess`: what the instance wrote is complete. Raises RunFailed."""
        self.end_isolated()
        before = self.clock.enter("committing")
        self._outputs.finish()
        self.clock.enter(before)
        self.ended = True
