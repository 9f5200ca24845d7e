"""What stands around a PE's `process` where a policy says what becomes of items for which it raises.

What the PE writes for an item waits until the PE is done with it, and then goes on; where the PE fails it doesn't
count. So what goes wrong further on isn't taken for a failure of this PE.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from d4p.errors import ControlFlow, D4pError
from d4p.graph.base import ConsumerPE, IterativePE
from d4p.graph.policies import Policy, state_copied
from d4p.items.packing import ATOMS, own
from d4p.items.put_back import State
from d4p.stage.limit import Limit
from d4p.stage.policed import Policed
from d4p.stage.writes import Writes

_NOTHING = object()


class OnError:
    """One instance of a PE that has a policy.

    Args:
        pe: the instance, whose methods are replaced.
        name: its name in the plan.
        policy: what to do.
        policed: does it.
        count: gives how many items have come so far, over all ports, with the one or the batch in hand.
    """

    def __init__(self, pe: Any, name: str, policy: Policy, policed: Policed, count: Callable[[], int]) -> None:
        self.pe, self.name = pe, name
        self.writes = Writes()
        self._policed = policed
        self.failures = self._policed.failures
        self._state = State(pe, name, names) if (names := state_copied(policy)) else None
        self._before: Any = None  # the state before the item in hand
        self._count = count
        self.limit: Limit | None = None  # of a root that may write no more than that
        self._inner = pe._process
        self._in_loop = False  # whether a generated loop catches what `_process` raises
        self._by_port = type(pe).process not in (IterativePE.process, ConsumerPE.process)
        pe.process = self._around(pe.process, True)
        pe._process = self._around(pe._process, self._by_port)
        if hasattr(pe, "process_batch"):
            self._batch = pe.process_batch
            pe.process_batch = self._process_batch

    def leave_to_loop(self, copied: bool) -> None:
        """A generated loop catches what `_process` raises, takes what the PE has written then, and where `copied` keeps
        the item as it came: nothing need stand around `_process`, if that is all that the policy asks for."""
        if (copied or not self._copies) and self._state is None:
            self._in_loop = True
            self.writes.leave_to_loop()
            del self.pe.process, self.pe._process

    def failed(self, item: Any, error: Exception, root: bool) -> Any:
        """What the PE returns for an item in another try, or None, where a loop has caught what it raised at first; a
        `root` gets its items by port. Raises what is to fail the run."""
        if not self._in_loop:  # it was taken care of, and is to fail the run
            raise error
        if (loop := error.__traceback__) is not None:
            error.__traceback__ = loop.tb_next  # what is told begins where the PE does
        port, alone = self._named(item, root or self._by_port)
        return self._again(self._inner, item, error, port, alone, self._count())

    @property
    def _copies(self) -> bool:
        """Whether an item must be kept as it came: for another try, or to be set aside."""
        return self._policed.tries > 0 or self._policed.sets_aside

    def _around(self, process: Callable, ports: bool) -> Callable:
        """`process` for one item, which it gets as {port: item} where `ports` is true."""
        writes, copies, state = self.writes, self._copies, self._state

        @functools.wraps(process)
        def guarded(item: Any = _NOTHING) -> Any:
            if writes.waits:  # the one calls the other
                return process() if item is _NOTHING else process(item)
            if state is not None:
                self._before = state.taken()
            writes.waits = True
            try:
                result = process(item if not copies or type(item) in ATOMS else own(item))
            except Exception as error:
                port, alone = self._named(item, ports)
                result = self._again(process, item, error, port, alone, self._count())
            except ControlFlow:  # the last item that is wanted has been written
                writes.go_on()
                raise
            finally:
                writes.waits = False
            while writes:
                writes.hand(writes.popleft())
            return result

        return guarded

    def _again(self, process: Callable, given: Any, error: Exception, port: str | None, item: Any, number: int) -> Any:
        """What a PE returns for an item that it has failed at once: of another try, or None. `given` is what it gets,
        and `item` the item alone, with its number."""
        writes, tries = self.writes, 0
        while True:
            self._drop()
            if isinstance(error, D4pError):
                raise error  # what the engine says, and no failure of this item
            if not self._policed.tries_again(error, tries):
                self._policed.failed(port, item, number, error, tries + 1)
                return None
            tries += 1
            try:
                result = process(own(given))
            except Exception as failed:
                error = failed
                continue
            except ControlFlow:
                writes.go_on()
                raise
            writes.go_on()
            return result

    def _named(self, inputs: Any, ports: bool) -> tuple[str | None, Any]:
        """The port and the item, of {port: item} where `ports` is true; what a root gets may be of no port, or of
        several."""
        if not ports:
            return getattr(self.pe, "INPUT_NAME", "input"), inputs
        if isinstance(inputs, dict) and len(inputs) == 1 and inputs.keys() <= self.pe.inputconnections.keys():
            return next(iter(inputs.items()))
        return None, inputs

    def _drop(self) -> None:
        if self._state is not None:
            self._state.put_back(self._before)
        dropped = self.writes.drop()
        if self.limit is not None:
            self.limit.left += dropped

    def _process_batch(self, inputs: dict[str, Any]) -> Iterator[Any]:
        """What a PE gives for a batch, which is halved until what fails is one item."""
        given = self._of_parts(*next(iter(inputs.items())))
        if self.pe.outputconnections:
            return given
        return iter(list(given))  # nobody asks for what a PE without outputs gives

    def _of_parts(self, port: str, batch: Any) -> Iterator[Any]:
        waiting = [(0, len(batch))]
        while waiting:
            start, end = waiting.pop()
            part = {port: batch[start:end] if end - start < len(batch) else batch}
            try:
                given = self._once(part)
            except Exception as error:
                if end - start > 1 and not isinstance(error, D4pError):
                    middle = (start + end) // 2
                    waiting += [(middle, end), (start, middle)]
                    self._drop()
                    continue
                given = self._again(self._once, part, error, port, batch[start],
                                    self._count() - len(batch) + end)
            else:
                self.writes.go_on()
            yield from given or ()

    def _once(self, part: dict[str, Any]) -> list[Any]:
        """What a PE gives for a batch, one after the other."""
        if self._state is not None:
            self._before = self._state.taken()
        self.writes.waits = True
        try:
            found = self._batch(part)
            several = isinstance(found, Iterable) and not isinstance(found, (dict, Sequence))
            return list(found) if several else [found]
        finally:
            self.writes.waits = self.writes.by_loop
