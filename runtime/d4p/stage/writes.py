"""What a PE that has a policy writes for an item: it waits until the PE is done with that."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from d4p.host import scratch
from d4p.items.size import roughly
from d4p.places.held import Held, Kept

Put = Callable[[Any], None]
Write = Callable[[str, Any], None]
#: Of so many bytes that a PE has written for one item the first part is put where there is room for more.
_MUCH = 1 << 20
_NOBODY = object()


class Writes(deque):
    """What a PE has written for the item in hand, in order: in memory, and where that is much, on disk. Generated loops
    take it from here one by one, by a deque's own methods: a call less for each item.

    What the only port gets lies here as it is, what one of several gets with the number of the port. There is something
    to take as long as this isn't empty.

    Attributes:
        hand: hands over what was taken.
        waits: whether the PE is at work on an item, so that what comes to its ports waits; else that goes on at once,
            as what it returns does.
        by_loop: whether a loop takes what waits; then `waits` is so from one item to the next.
    """

    __slots__ = ("_bytes", "_expect", "_held", "_kept", "_page", "_puts", "by_loop", "hand", "waits")

    def __init__(self) -> None:
        super().__init__()
        self.hand: Put = self._to_port
        self._puts: tuple[Put, ...] = ()
        self._bytes = 0  # of what lies here, but for the first: of a PE that writes once for an item, none is measured
        self._held: Held | None = None
        self._kept: deque[tuple[Kept, int]] = deque()  # what lies on disk, and how many items that is
        self._page: deque[Any] = deque()  # the first of those, read again
        self.waits = self.by_loop = False
        self._expect: Callable[[bool], None] = lambda waits: None

    def leave_to_loop(self) -> None:
        """A loop takes what waits, after each item."""
        self.waits = self.by_loop = True

    def at_once(self, wanted: bool) -> None:
        """Whether what the PE writes from now on is of no item, and goes on at once."""
        if wanted:
            self.go_on()
        self.waits = self.by_loop and not wanted
        self._expect(not wanted)

    def hold(self, ports: dict[str, Put]) -> dict[str, Put]:
        """The functions to call with an item in the place of those of the PE's ports."""
        self._puts = tuple(ports.values())
        self.hand = self._puts[0] if len(ports) == 1 else self._to_port
        return {port: self._holding(number) for number, port in enumerate(ports)}

    def _holding(self, number: int) -> Put:
        put, alone = self._puts[number], len(self._puts) == 1

        def held(item: Any) -> None:
            if self.waits:
                self._add(item if alone else (number, item), item)
            else:
                put(item)

        return held

    def writer(self, held: Put) -> Callable[..., Write]:
        """As `d4p.stage.outlet.Outlet.writer`, of the only port, whose items wait by `held`."""
        append = self.append

        def made(port: str, other: Write, failed: Callable[[BaseException], BaseException], failures: tuple) -> Write:
            expected: Any = port

            def write(name: str, item: Any) -> None:
                if name is expected and not self:  # nearly always
                    append(item)
                    return
                if name != port:
                    other(name, item)
                    return
                try:
                    held(item)
                except failures as error:
                    raise failed(error) from None

            def expect(waits: bool) -> None:
                nonlocal expected
                expected = port if waits else _NOBODY

            self._expect = expect
            return write

        return made

    def _add(self, entry: Any, item: Any) -> None:
        if self:
            if len(self) == 1 and not self._kept:  # of another item than what was measured before
                self._bytes = 0
            self._bytes += roughly(item)
            if self._bytes > _MUCH:
                self._keep()
        self.append(entry)

    def _keep(self) -> None:
        if self._held is None:
            self._held = Held(scratch.folder() or tempfile.gettempdir(), _MUCH)
        self._kept.append((self._held.put(list(self)), len(self)))
        self.clear()
        self._bytes = 0
        cast(Any, self).__class__ = _BehindKept  # and no test for each item that is taken

    def go_on(self) -> None:
        """Hand over what waits."""
        while self:
            self.hand(self.popleft())

    def _to_port(self, entry: tuple[int, Any]) -> None:
        self._puts[entry[0]](entry[1])

    def drop(self) -> int:
        """Forget what waits; gives how many items that were."""
        count = len(self) + len(self._page) + sum(count for _, count in self._kept)
        for kept, _ in self._kept:
            assert self._held is not None
            self._held.get(kept)
        for each in (self, self._page, self._kept):
            each.clear()
        cast(Any, self).__class__ = Writes
        return count


class _BehindKept(Writes):
    """The same while something lies on disk: that was written first."""

    __slots__ = ()

    def popleft(self) -> Any:
        if not self._page and self._kept:
            assert self._held is not None
            self._page.extend(self._held.get(self._kept.popleft()[0]))
        if self._page:
            return self._page.popleft()
        cast(Any, self).__class__ = Writes
        return deque.popleft(self)
